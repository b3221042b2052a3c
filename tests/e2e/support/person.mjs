// What a person does on the page, by what stands on it.
import { until } from './until.mjs';

export const OWNER = {
  name: 'Amel Trabelsi',
  email: 'amel@plant.example',
  password: 'Night-shift-2026',
};

const field = (page, label) => page.getByLabel(label, { exact: true });

/** Fills both steps of the set-up and sends them; ends on the form for the first meter. */
export async function setUp(page, token) {
  await page.goto('/');
  await page.getByRole('heading', { name: 'Set up this appliance' }).waitFor();
  await field(page, 'One-time token').fill(token);
  await field(page, 'Site name').fill('Sfax works');
  await page.getByRole('button', { name: 'Next' }).click();
  await field(page, 'Name').fill(OWNER.name);
  await field(page, 'E-mail').fill(OWNER.email);
  await field(page, 'Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Finish the set-up' }).click();
  await page.getByRole('heading', { name: 'Add equipment' }).waitFor();
}

/** The same by a script, for journeys that are about something else. */
export async function setUpByScript(appliance) {
  const token = await appliance.console(/Set-up token: (\S+)/);
  const { name, email, password } = OWNER;
  const site = { name: 'Sfax works', time_zone: 'Africa/Tunis', currency: 'TND' };
  const body = { token, site, administrator: { name, email, password } };
  await appliance.ask('POST', '/setup', { body });
}

/** An access token for questions apart from the page. */
export async function signInByScript(appliance, { email, password } = OWNER) {
  const session = await appliance.ask('POST', '/auth/login', { body: { email, password } });
  return session.token;
}

/** The login that the demo prints. */
export async function demoLogin(appliance) {
  return {
    email: await appliance.console(/E-mail:\s+(\S+)/),
    password: await appliance.console(/Password:\s+(\S+)/),
  };
}

/** Fills the login form and sends it. */
export async function signIn(page, { email, password } = OWNER) {
  await field(page, 'E-mail or user name').fill(email);
  await field(page, 'Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Opens the page and signs in; ends on the dashboard. */
export async function arrive(page, who) {
  await page.goto('/');
  await signIn(page, who);
  await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
}

/** Chooses from a list that is searched by typing. */
export async function choose(page, label, words) {
  await page.getByRole('combobox', { name: label, exact: true }).fill(words);
  await page.getByRole('option').filter({ hasText: words }).first().click();
}

/** Fills the equipment form for an SDM630 at this port. */
export async function describeMeter(page, { name, port, everyMs = 500 }) {
  await field(page, 'Name').fill(name);
  await field(page, 'Type').fill('Energy meter');
  await field(page, 'Model').fill('SDM630');
  await field(page, 'Installed on').fill('2024-05-01');
  await field(page, 'IP address or host name').fill('127.0.0.1');
  // The search for devices above asks for a port, too.
  await page.locator('input[name="port"]').fill(String(port));
  await field(page, 'Unit ID').fill('1');
  await field(page, 'Read every').fill(String(everyMs));
  await field(page, 'Give up after').fill('400');
  await choose(page, 'Device type', 'SDM630');
}

/** Adds a meter from wherever the person is, and ends on its page. */
export async function addMeter(page, meter) {
  await page.goto('/equipment/new');
  await describeMeter(page, meter);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: meter.name, exact: true }).waitFor();
}

/** A reading as it is drawn: its number, and whether its ink says that it holds. */
export async function readingIn(place) {
  const reading = place.locator('.reading').first();
  if ((await reading.count()) === 0) return null;
  const tones = /reading--(\w+)/.exec((await reading.getAttribute('class')) ?? '');
  const text = await reading.locator('.reading__value').innerText();
  return { number: Number(text.replaceAll(',', '')), tone: tones?.[1] };
}

/** The row of a live value on the page of a piece of equipment. */
export const liveRow = (page, metric) =>
  page
    .getByRole('table', { name: 'Live values' })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: metric, exact: true }) });

/** Waits until the page draws this number as a good one. */
export function shows(place, number) {
  return until(`the page shows ${number}`, async () => {
    const reading = await readingIn(place);
    return reading?.tone === 'good' && reading.number === number;
  });
}

/** The banner that says the connection is lost. */
export const banner = (page) => page.locator('[data-test="connection-banner"]');

import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { describeMeter, liveRow, readingIn, setUp, shows } from '../support/person.mjs';
import { until } from '../support/until.mjs';

journey('first run: from the token on the console to a live value', async (stage) => {
  const meter = await stage.meter({ powerKw: 12.5 });
  const appliance = await stage.appliance();
  const page = await stage.browser.open(appliance);
  await setUp(page, await appliance.console(/Set-up token: (\S+)/));

  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  await page.getByText('No equipment yet').waitFor();
  await stage.browser.picture(page, 'first-run-empty-dashboard');
  await page.getByRole('link', { name: 'Add a meter' }).click();

  await describeMeter(page, { name: 'Main feeder', port: meter.port });
  await page.getByRole('button', { name: 'Test read' }).click();
  await page.getByText(/Answered with \d+ values/).waitFor();
  const tried = page.getByRole('table', { name: 'Test read' }).getByRole('row');
  const power = tried.filter({ has: page.getByRole('rowheader', { name: 'Power', exact: true }) });
  assert.match(await power.innerText(), /12\.5\skW/);
  await stage.browser.picture(page, 'first-run-form');
  await page.getByRole('button', { name: 'Save' }).click();

  await page.getByRole('heading', { name: 'Main feeder' }).waitFor();
  await shows(liveRow(page, 'Power'), 12.5);
  const truth = await meter.values();
  await shows(liveRow(page, 'Voltage L2'), truth.voltage_l2_v);
  await shows(liveRow(page, 'Frequency'), truth.frequency_hz);
  await stage.browser.picture(page, 'first-run-detail');

  await meter.set({ power_kw: 47.3 });
  await shows(liveRow(page, 'Power'), 47.3);

  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  await shows(page.getByRole('region', { name: 'Power now' }), 47.3);
  const tile = page.getByRole('link', { name: /Main feeder.*kW.*Online/s });
  await shows(tile, 47.3);
  await tile.getByText('Online').waitFor();
  await stage.browser.picture(page, 'first-run-dashboard');

  // The counter of the meter moves, and the page follows it.
  await meter.set({ power_kw: 3600 });
  await tile.click();
  const energy = liveRow(page, 'Energy');
  const before = await until('energy is shown', () => readingIn(energy));
  await until('the energy rises', async () => (await readingIn(energy)).number > before.number);
});

journey('first run: the link of the console carries the token', async (stage) => {
  const appliance = await stage.appliance();
  const page = await stage.browser.open(appliance);
  const link = await appliance.console(/Open (http:\S+)/);
  await page.goto(link);
  const token = page.getByLabel('One-time token', { exact: true });
  await token.waitFor();
  assert.equal(await token.inputValue(), await appliance.console(/Set-up token: (\S+)/));
  assert.equal(new URL(page.url()).hash, '', 'the token is gone from the address bar');

  // A wrong token is refused in words, and nothing is set up.
  await token.fill('AAAA-AAAA-AAAA-AAAA');
  await page.getByLabel('Site name', { exact: true }).fill('Sfax works');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Amel');
  await page.getByLabel('E-mail', { exact: true }).fill('amel@plant.example');
  await page.getByLabel('Password', { exact: true }).fill('Night-shift-2026');
  await page.getByRole('button', { name: 'Finish the set-up' }).click();
  await page.getByRole('alert').first().waitFor();
  assert.equal((await appliance.ask('GET', '/setup')).required, true);
  await token.waitFor();
  await stage.browser.picture(page, 'setup-wrong-token');

  // Who is called away finds what he wrote, but no secret.
  await page.reload();
  const name = page.getByLabel('Site name', { exact: true });
  await until('the site is there again', async () => (await name.inputValue()) === 'Sfax works');
  await token.fill('AAAA-AAAA-AAAA-AAAA');
  await page.getByRole('button', { name: 'Next' }).click();
  assert.equal(await page.getByLabel('E-mail', { exact: true }).inputValue(), 'amel@plant.example');
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
});

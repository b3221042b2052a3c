// Login, the equipment form, and an alert to its acknowledgement without a mouse; what was opened gives
// the focus back where it was.
import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { liveRow, OWNER, setUpByScript, shows, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** More steps than any screen has; a focus that is trapped never gets further. */
const STEPS_MAX = 120;

/** What has the focus: its name as a person sees it, and whether a frame around it shows that. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const label = element.labels?.[0]?.innerText ?? element.getAttribute('aria-label');
    const name = (label ?? element.innerText).replace(/\s+/g, ' ').trim();
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const framed = outlineStyle !== 'none' && outlineWidth !== '0px';
    return { name, visible: framed || boxShadow !== 'none', tag: element.tagName };
  });

const is = (name, now) => (name instanceof RegExp ? name.test(now?.name ?? '') : now?.name === name);

/** Presses Tab until what is called `name` has the focus. */
async function tabTo(page, name) {
  const passed = [];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (is(name, now)) {
      assert.ok(now.visible, `the focus on "${name}" can be seen`);
      return;
    }
    passed.push(now?.name);
  }
  assert.fail(`Tab never reaches "${name}"; it passed ${passed.join(', ')}`);
}

async function type(page, name, text) {
  await tabTo(page, name);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(text);
}

journey('keyboard only: login, a new meter, its live value', async (stage) => {
  const meter = await stage.meter({ powerKw: 6.5 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await page.goto('/');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  // The first field has the focus already.
  assert.equal((await focused(page))?.name, 'E-mail or user name');
  await page.keyboard.type(OWNER.email);
  await type(page, 'Password', OWNER.password);
  await page.keyboard.press('Enter');

  await page.getByText('No equipment yet').waitFor();
  await tabTo(page, 'Add a meter');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Add equipment' }).waitFor();
  await type(page, 'Name', 'By hand');
  await type(page, 'Type', 'Energy meter');
  await type(page, 'Model', 'SDM630');
  await type(page, 'IP address or host name', '127.0.0.1');
  await type(page, 'Port', String(meter.port));
  await type(page, 'Unit ID', '1');
  await type(page, 'Read every', '500');
  await type(page, 'Device type', 'SDM630');
  await page.getByRole('option').filter({ hasText: 'SDM630' }).first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Test read');
  await page.keyboard.press('Enter');
  await page.getByText(/Answered with \d+ values/).waitFor();
  await tabTo(page, 'Save');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'By hand' }).waitFor();
  await shows(liveRow(page, 'Power'), 6.5);
});

/** A machine that draws more than its rule allows, made by a script. */
async function alarmed(stage, appliance) {
  const token = await signInByScript(appliance);
  const ask = (path, body) => appliance.ask('POST', path, { token, body });
  const { port } = await stage.meter({ powerKw: 80 });
  const press = await ask('/equipment', {
    name: 'Press 4',
    type: 'Press',
    model: 'SDM630',
    install_date: '2024-05-01',
    modbus: {
      host: '127.0.0.1',
      port,
      unit_id: 1,
      profile: 'eastron-sdm630',
      poll_interval_ms: 500,
    },
  });
  const rule = { equipment_id: press.id, level: 'High', metric: 'power' };
  await ask('/alert-rules', { ...rule, operator: '>', threshold: 50 });
  await until('the alert is on', async () => {
    const { items } = await appliance.ask('GET', '/alerts?search=Power', { token });
    return items.length > 0;
  });
}

journey('keyboard only: an alert is found, acknowledged and left; menus give the focus back', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  await alarmed(stage, appliance);
  const page = await stage.browser.open(appliance);
  await page.goto('/');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.keyboard.type(OWNER.email);
  await type(page, 'Password', OWNER.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();

  // The first thing that Tab reaches leads past the menu.
  await page.reload();
  await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal((await focused(page))?.name, 'Skip to the content');
  await page.keyboard.press('Enter');
  await until('the focus is in the content', () =>
    page.evaluate(() => document.activeElement?.id === 'main'),
  );

  // A menu opens, is walked through and shut; who shut it is where he was.
  await page.reload();
  await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
  await tabTo(page, 'Administration');
  await page.keyboard.press('Enter');
  await until('a room of the menu has the focus', async () =>
    page.evaluate(() => document.activeElement?.getAttribute('role') === 'menuitem'),
  );
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await until('the focus is back', async () => (await focused(page))?.name === 'Administration');
  assert.ok((await focused(page)).visible, 'and can be seen');

  await page.goto('/alerts');
  const row = page.getByRole('row').filter({ hasText: 'Press 4' });
  await row.getByText('Waits for somebody').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  // Tab goes round in the dialog and never out of it; Escape does nothing but leave.
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab');
    const inside = await dialog.evaluate((element) => element.contains(document.activeElement));
    assert.ok(inside, `the focus is in the dialog after ${step + 1} steps`);
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('Waits for somebody').waitFor();
  await page.keyboard.press('a');
  await dialog.waitFor();
  await type(page, /^Note/, 'The fitter is on his way.');
  await tabTo(page, /^Acknowledge/);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('Acknowledged, still there').waitFor();
});

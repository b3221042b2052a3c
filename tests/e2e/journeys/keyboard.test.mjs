// Login and the equipment form without a mouse.
import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { liveRow, OWNER, setUpByScript, shows } from '../support/person.mjs';

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

/** Presses Tab until what is called `name` has the focus. */
async function tabTo(page, name) {
  const passed = [];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now?.name === name) {
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

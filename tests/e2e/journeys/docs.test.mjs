// The documentation of the API: found from the page, in its colours by day and by night, one question
// read, and back. The document is a megabyte that a library unfolds: its steps wait long on a busy
// machine, and no step has a time to keep.
import assert from 'node:assert/strict';
import { accessibilityFaults, PHONE, WALL } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, setUpByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** How long one step may take, and all of them. */
const STEP_MS = 180_000;
const TIMEOUT_MS = 900_000;

/** The colour that lies under everything: the body's, or that of what is behind it. */
const ground = (page) =>
  page.evaluate(() => {
    const colours = [document.body, document.documentElement].map(
      (element) => getComputedStyle(element).backgroundColor,
    );
    return colours.find((colour) => !/, 0\)$/.test(colour));
  });
const letters = (page) => page.evaluate(() => getComputedStyle(document.body).fontFamily);
const sideways = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
/** The rooms of the API, each shut. */
const rooms = (page) => page.locator('.opblock-tag');

/** What the console says against the page, such as a breach of its policy. */
function complaints(page) {
  const said = [];
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  return said;
}

async function read(stage, appliance, [name, viewport, colorScheme]) {
  const page = await stage.browser.open(appliance, { viewport, colorScheme });
  page.setDefaultTimeout(STEP_MS);
  await arrive(page);
  await page.goto('/tokens');
  const house = { ground: await ground(page), letters: await letters(page) };
  const said = complaints(page);
  await page.getByRole('link', { name: 'API documentation' }).click();
  await rooms(page).nth(10).waitFor();
  assert.equal(new URL(page.url()).pathname, '/docs/');
  assert.deepEqual({ ground: await ground(page), letters: await letters(page) }, house);
  assert.equal(await sideways(page), 0, 'nothing stands out at the side');
  // As it opens, with its head, its search and its list of rooms.
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, `docs-${name}`);

  // One question, opened: what it answers is there. Inside of it the library sets a button into a
  // button, a box that scrolls without being reached by keys, and one colour of code too pale: faults
  // that axe-core names, and that no sheet of ours can mend. They are not looked for again.
  await rooms(page).first().locator('button').first().click();
  const question = page.locator('.opblock').first();
  await question.locator('.opblock-summary-control').click();
  await question.locator('.responses-table').waitFor();
  assert.match(await question.locator('.responses-table').innerText(), /\b200\b|\b201\b/);
  assert.equal(await sideways(page), 0);
  await stage.browser.picture(page, `docs-${name}-open`);

  // Who changes the light of the room changes it here, too.
  const other = colorScheme === 'dark' ? 'light' : 'dark';
  await page.emulateMedia({ colorScheme: other });
  await until('the other light', async () => (await ground(page)) !== house.ground);
  const changed = await ground(page);

  await page.getByRole('link', { name: 'Back to Indusmind' }).click();
  await page.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
  assert.equal(await ground(page), changed, 'the page has the same colour in that light');
  assert.deepEqual(said, [], 'the console has nothing to say');
  await page.context().close();
}

journey(
  'the documentation of the API looks like the page, and leads back',
  async (stage) => {
    const appliance = await stage.appliance();
    await setUpByScript(appliance);
    for (const look of [
      ['laptop', WALL, 'light'],
      ['phone', PHONE, 'dark'],
    ])
      await read(stage, appliance, look);
  },
  { timeout: TIMEOUT_MS },
);

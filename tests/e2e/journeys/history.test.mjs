// The history: two series, a closer look, a comparison, the table, a file; by keys alone; in Arabic.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { accessibilityFaults, PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, choose, demoLogin } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const FIGURES = 'Figures of the period';

/** The demo writes the hours before its start: yesterday has something to show. */
const STEP_MS = 120_000;

async function open(stage, options) {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const page = await stage.browser.open(appliance, options);
  // A demo of its first minutes seals its past: on a busy machine its answers take their time.
  page.setDefaultTimeout(STEP_MS);
  await arrive(page, login);
  return page;
}

const figures = (page) => page.getByRole('table', { name: FIGURES }).locator('tbody tr');
const query = (page) => new URL(page.url()).searchParams;
const zoomOf = (page) => query(page).get('zoom')?.split('-').map(Number) ?? null;
const period = (page) => page.locator('.trend-range__said').innerText();
const view = (page, name) =>
  page.getByRole('group', { name: 'View' }).getByRole('button', { name, exact: true });

/** The view that is meant is there, and nothing is on its way. */
const settled = (page) => page.locator('.trend__main[aria-busy="false"]').waitFor();

journey('history: two series, zoom, comparison, table, files', async (stage) => {
  const page = await open(stage);
  await page.goto('/history');
  await figures(page).filter({ hasText: 'Whole site' }).first().waitFor();
  await choose(page, 'Add a series', 'Oven line A · Power');
  await figures(page).filter({ hasText: 'Oven line A' }).first().waitFor();
  assert.equal(await figures(page).count(), 2);
  assert.equal(query(page).getAll('s').length, 2, 'what is chosen stands in the address');
  await settled(page);

  // A span drawn with the mouse is looked at closer; the way back leads out again.
  const plot = page.locator('.u-over');
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.1, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60, { steps: 8 });
  await page.mouse.up();
  const [from, to] = await until('the address has the closer look', () => zoomOf(page));
  assert.ok(Math.abs((to - from) / 86_400_000 - 0.2) < 0.02, `a fifth of a day: ${to - from} ms`);
  await settled(page);
  await stage.browser.picture(page, 'history-zoom');
  await page.goBack();
  await until('the whole day again', () => zoomOf(page) === null);

  // Yesterday beside today.
  await page.getByLabel('Compare with').selectOption('previous');
  await until(
    'a line for each day of each series',
    async () => (await figures(page).count()) === 4,
  );
  await stage.browser.picture(page, 'history-compare');
  const shared = page.url();

  // The same figures as a table, and as the file of it.
  await page.getByLabel('Compare with').selectOption('none');
  await view(page, 'Table').click();
  const table = page.getByRole('table', { name: 'Values' });
  await table.locator('tbody tr').first().waitFor();
  await settled(page);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save what is seen as CSV' }).click();
  const file = await coming;
  assert.match(file.suggestedFilename(), /^history_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/);
  const text = (await readFile(await file.path(), 'utf8')).replace('\ufeff', '');
  const rows = text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));
  assert.equal(rows[0][1], 'Whole site · Power (kW)');
  assert.equal(rows[0][5], 'Oven line A · Power (kW)');
  assert.equal(rows.length - 1, await table.locator('tbody tr').count(), 'a row for each row');
  const measured = rows.slice(1).filter((row) => Number(row[5]) > 0);
  assert.ok(measured.length > 0, text.slice(0, 500));
  const shown = await table
    .locator('tbody tr')
    .nth(rows.indexOf(measured[0]) - 1)
    .locator('td')
    .nth(1)
    .innerText();
  assert.ok(
    Math.abs(Number.parseFloat(shown) - Number(measured[0][5])) < 0.6,
    `${shown} ${measured[0]}`,
  );

  // A workbook comes from the appliance.
  const workbook = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save what is seen as Excel' }).click();
  const bytes = await readFile(await (await workbook).path());
  assert.equal(bytes.subarray(0, 2).toString('latin1'), 'PK');

  // The other views, each with something in it.
  for (const name of ['Columns', 'Heat map', 'Duration']) {
    await view(page, name).click();
    await settled(page);
    await page.locator('.trend__main canvas').first().waitFor();
    await stage.browser.picture(page, `history-${name.toLowerCase().replace(' ', '-')}`);
  }
  const picture = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the picture as PNG' }).click();
  const png = await readFile(await (await picture).path());
  assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');

  // A link shows another person the same.
  await page.goto(shared);
  await until('what the link shows', async () => (await figures(page).count()) === 4);
  // Who comes back finds what he left.
  await page.goto('/history');
  await until('the view that was left', async () => (await figures(page).count()) === 4);
});

journey('history by keys alone, day after day, and in Arabic', async (stage) => {
  const page = await open(stage);
  await page.goto('/history');
  await figures(page).first().waitFor();
  await settled(page);
  const chart = page.getByRole('application');
  await chart.focus();
  const said = page.locator('.chart [aria-live]');
  await page.keyboard.press('Home');
  const first = await until('the first value is read out', () => said.innerText());
  await page.keyboard.press('PageDown');
  await until('another value is read out', async () => (await said.innerText()) !== first);
  await page.keyboard.press('+');
  const near = await until('the keys zoom', () => zoomOf(page));
  await page.keyboard.press('Shift+ArrowRight');
  await until('the keys move', () => zoomOf(page)?.[0] > near[0]);
  await page.keyboard.press('0');
  await until('the whole period', () => zoomOf(page) === null);

  // A day earlier and back, with the buttons.
  const today = await period(page);
  await page.getByRole('button', { name: 'Earlier' }).press('Enter');
  await until('yesterday', () => query(page).get('range') === 'yesterday');
  assert.notEqual(await period(page), today);
  await page.getByRole('button', { name: 'Later' }).press('Enter');
  await until('today', () => query(page).get('range') === 'today');

  // An own period that ends before it begins is refused with a sentence.
  await page.getByRole('button', { name: 'Own period' }).press('Enter');
  await page.getByLabel('From', { exact: true }).fill('2026-11-20T10:00');
  await page.getByLabel('To', { exact: true }).fill('2026-11-20T08:00');
  await page.getByRole('button', { name: 'Show', exact: true }).press('Enter');
  await page.getByRole('alert').filter({ hasText: 'an end after it' }).waitFor();
  await page.getByLabel('To', { exact: true }).fill('2026-11-20T12:00');
  await page.getByRole('button', { name: 'Show', exact: true }).press('Enter');
  await until('the own period', () => query(page).get('range')?.includes('..'));
  await page.goto('/history?range=today');
  await settled(page);

  const faults = [];
  for (const name of ['curve', 'columns', 'heat', 'duration', 'table'])
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`/history?view=${name}&compare=previous`);
      await figures(page).first().waitFor();
      await settled(page);
      for (const fault of await accessibilityFaults(page))
        faults.push(`${name} ${colorScheme}: ${fault}`);
    }
  assert.deepEqual(faults, []);

  for (const [look, viewport] of [
    ['arabic', { width: 1440, height: 900 }],
    ['arabic-phone', PHONE],
  ]) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => localStorage.setItem('retv4_language', 'ar'));
    await page.goto('/history?range=today&compare=previous');
    await page.getByRole('heading', { name: 'السجل' }).waitFor();
    await page.locator('.trend-figures tbody tr').first().waitFor();
    await settled(page);
    // Time runs from left to right in every language.
    assert.equal(await chart.evaluate((node) => getComputedStyle(node).direction), 'ltr');
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(sideways, 0, `${look} is wider than the screen`);
    assert.deepEqual(await accessibilityFaults(page), []);
    await stage.browser.picture(page, `history-${look}`);
  }
});

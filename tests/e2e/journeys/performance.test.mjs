// Energy performance: what stands there, an indicator defined step by step, production, the plan.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const DAY_MS = 24 * 3_600_000;
/** A day on the calendar of a site in Tunis, which is an hour ahead all year. */
const day = (at) => new Date(at + 3_600_000).toISOString().slice(0, 10);

journey('an indicator is defined, modelled and judged', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const page = await stage.browser.open(appliance);
  await arrive(page, login);
  await page.goto('/performance');

  // The presses of the demo drift: the list says so, and the indicator says since when.
  const presses = page.getByRole('row').filter({ hasText: 'Presses by parts' });
  await presses.getByText('Uses more than expected').waitFor();
  await presses.getByRole('link').click();
  await page.getByText(/more is used than the baseline expects/).waitFor();
  await page.getByRole('img', { name: /Running sum of measured minus expected/ }).waitFor();
  await page.getByText('The drivers explain most of the ups and downs').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'performance-indicator');

  // Step by step, with what is missing said at its place.
  await page.goto('/performance');
  await page.getByRole('link', { name: 'Define an indicator' }).click();
  const next = page.getByRole('button', { name: 'Next' });
  await next.click();
  await page.getByText('A name is needed.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Offices by parts');
  await next.click();
  await next.click();
  await page.getByText('Choose at least one meter.').waitFor();
  const added = page.getByRole('group', { name: 'Meters' });
  for (const name of ['Offices and lighting', 'Main compressor']) await added.getByLabel(name).check();
  // A meter that is taken off cannot be added up as well.
  await page.getByText('Take meters off').click();
  const less = page.getByRole('group', { name: 'Taken off' });
  await less.getByLabel('Offices and lighting').check();
  await next.click();
  await page.getByText('A meter counts once').waitFor();
  await less.getByLabel('Offices and lighting').uncheck();
  await less.getByLabel('Compressor 2').check();
  await next.click();
  await page.getByLabel('Short name').fill('Parts made');
  await page.getByLabel('Product').fill('Caps');
  await next.click();
  await page.getByText('A short name of a-z, 0-9 and _, such as parts.').waitFor();
  await page.getByLabel('Short name').fill('parts');
  await next.click();
  await page.getByRole('button', { name: 'Save the indicator' }).click();
  await page.getByText('This indicator has no baseline yet').waitFor();

  // A baseline is looked at before it is kept.
  const today = Date.now();
  await page.getByRole('button', { name: 'Make a new version' }).click();
  await page.getByLabel('From', { exact: true }).fill(day(today - 25 * DAY_MS));
  await page.getByLabel('Until before').fill(day(today - 4 * DAY_MS));
  await page.getByRole('button', { name: 'Compute and look' }).click();
  await page.getByText(/21 periods, R²/).waitFor();
  await page.getByRole('button', { name: 'Keep as the next version' }).click();
  await page.getByRole('row').filter({ hasText: 'Version 1' }).waitFor();
  const { items } = await appliance.ask('GET', '/energy/enpi?page_size=100', { token });
  const made = items.find(({ name }) => name === 'Offices by parts');
  assert.equal(made?.baseline, 1);
  assert.deepEqual([made.equipment.length, made.less.length], [2, 1]);

  // Production by hand and from a file; a line that is refused is named, the others count.
  await page.goto('/performance/production');
  await page.getByRole('combobox', { name: 'Product' }).fill('Lids');
  await page.getByRole('button', { name: 'Enter', exact: true }).click();
  await page.getByText('A number is needed.').waitFor();
  await page.getByLabel('From', { exact: true }).fill(`${day(today - 2 * DAY_MS)}T06:00`);
  await page.getByLabel('Until', { exact: true }).fill(`${day(today - 2 * DAY_MS)}T14:00`);
  await page.getByLabel('Quantity').fill('1200');
  await page.getByRole('button', { name: 'Enter', exact: true }).click();
  await page.getByText('1 new, 0 changed').waitFor();
  const [one, two] = [day(today - 3 * DAY_MS), day(today - 2 * DAY_MS)];
  const table = `product,from,to,quantity\nLids,${one},${two},9000\nLids,${one},${two},-1\n`;
  const file = { name: 'lids.csv', mimeType: 'text/csv', buffer: Buffer.from(table) };
  await page.locator('input[type="file"]').setInputFiles(file);
  await page.getByText(/Line 3, quantity/).waitFor();
  await page.getByText('1 new, 0 changed, 0 known already, 1 refused').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  // The plan: an objective without its indicator is refused at the field.
  await page.goto('/performance/plan');
  await page.getByRole('button', { name: 'Add to the plan' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kind').selectOption({ label: 'Objective' });
  await dialog.getByLabel('Name').fill('Offices: 10 % less');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Say by which indicator.').waitFor();
  await dialog.getByLabel('Counted by').selectOption({ label: 'Offices by parts' });
  await dialog.getByLabel('Counts from').fill(day(today - 4 * DAY_MS));
  await dialog.getByLabel('Wanted saving').fill('10');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row').filter({ hasText: 'aims at 10% less' }).waitFor();

  // A factor for each hour of the day; what is no number is named by its place.
  await page.goto('/performance/carbon');
  await page.getByRole('button', { name: 'Enter a factor' }).click();
  await dialog.getByLabel('Name').fill('Grid by the hour');
  await dialog.getByLabel('Over time').selectOption({ label: 'For each hour of the day' });
  const numbers = dialog.getByLabel('kg CO₂e for each kWh');
  await numbers.fill('0.4 0.5 much');
  await dialog.getByLabel('Source').fill('The grid operator, 2025');
  await dialog.getByRole('button', { name: 'Enter', exact: true }).click();
  await dialog.getByText('Number 3 is no factor from 0 to 10: much').waitFor();
  await numbers.fill('0.4 0.5');
  await dialog.getByText('24 numbers are wanted, here are 2.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  const day24 = Array.from({ length: 24 }, (_, hour) => `0.${30 + hour}`).join('\n');
  const list = { name: 'grid.csv', mimeType: 'text/csv', buffer: Buffer.from(day24) };
  await dialog.locator('input[type="file"]').setInputFiles(list);
  await until('the file is read', async () => (await numbers.inputValue()) === day24);
  await dialog.getByRole('button', { name: 'Enter', exact: true }).click();
  await page.getByRole('row').filter({ hasText: 'Grid by the hour' }).getByText('by the hour').last().waitFor();
  const factors = await appliance.ask('GET', '/energy/carbon/factors', { token });
  const newest = factors.items.find(({ name }) => name === 'Grid by the hour');
  assert.deepEqual([newest.table.by, newest.table.kg_per_kwh.length], ['hour_of_day', 24]);

  // Shifts that are no hours are told at their field.
  await page.goto('/performance/idle');
  await page.getByLabel('Shifts begin at').fill('25:00');
  await page.getByText('Hours such as 06:00, in their order, six at most.').waitFor();

  for (const [path, words] of [
    ['/performance/carbon', 'Scope 2, location based'],
    ['/performance/idle', 'From 06:00'],
    ['/performance/voltage', 'Voltage, 95 % of the week'],
  ]) {
    await page.goto(path);
    await page.getByText(words).first().waitFor();
    await until(`${path} has no faults`, async () => {
      const faults = await accessibilityFaults(page);
      return faults.length === 0;
    });
  }
});

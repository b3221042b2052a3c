// A supplier's bill is typed in and held against the computed one: line by line, with slips.
import assert from 'node:assert/strict';
import { accessibilityFaults, PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** Twice this amount, on the minor units of its currency. */
const doubled = (amount) => (2 * Number(amount)).toFixed(amount.split('.')[1]?.length ?? 0);
/** A month of twelve meters is read for a bill. */
const PATIENCE = { timeout: 60_000 };

/** A tariff of the examples, in use since the start of last month; the bill of that month. */
async function billed(appliance, token) {
  const { items } = await appliance.ask('GET', '/energy/tariff-examples', { token });
  const { name, source, rules } = items[0];
  const version = { valid_from: '2020-01-01', source, rules };
  const body = { name, in_use: true, version };
  await appliance.ask('POST', '/energy/tariffs', { token, body });
  const now = new Date();
  const before = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 15));
  const month = before.toISOString().slice(0, 7);
  return { month, ...(await appliance.ask('GET', `/energy/bill?month=${month}`, { token })) };
}

journey('a bill of the supplier is checked line by line', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const bill = await billed(appliance, token);
  const energy = bill.lines.find(({ unit, amount }) => unit === 'kWh' && Number(amount) > 0);
  assert.ok(energy, JSON.stringify(bill.lines));

  const page = await stage.browser.open(appliance);
  await arrive(page, login);
  await page.goto('/energy/tariffs');
  const twin = page.getByRole('region', { name: "Check a supplier's bill" });
  const compare = twin.getByRole('button', { name: 'Compare' });
  await compare.waitFor();
  const line = (number) => twin.getByRole('group', { name: `Line ${number}`, exact: true });
  const result = twin.getByRole('table', { name: 'The bill beside the computed one' });

  // Nothing, a line without an amount, and what is no number are told where they stand.
  await compare.click();
  await twin.getByText('Type at least one line of the bill.').waitFor();
  await line(1).getByLabel('Line', { exact: true }).fill(energy.name);
  await compare.click();
  await line(1).getByText('This is needed.').waitFor();
  await line(1).getByLabel('Quantity').fill('much');
  await line(1).getByLabel('Amount').fill('12..5');
  await compare.click();
  await until(
    'two slips',
    async () => (await line(1).getByText('A number is needed, such as 1234.50.').count()) === 2,
  );
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-invalid')), 'true');
  assert.equal(await result.count(), 0, 'nothing is compared with a slip in it');
  assert.deepEqual(await accessibilityFaults(page), []);

  // The lines of the tariff of that month come with their names; what was typed stays.
  await line(1).getByLabel('Quantity').fill('');
  await line(1).getByLabel('Amount').fill(energy.amount);
  await twin.getByLabel('Month').selectOption(bill.month);
  await twin.getByRole('button', { name: 'Take the lines of the tariff' }).click();
  await until(
    'all lines of the tariff',
    async () => (await twin.getByRole('group', { name: /^Line \d+$/ }).count()) === bill.lines.length,
  );

  // Only the typed one: it is the same; of the empty ones each asks for its amount.
  await compare.click();
  await twin.getByText('This is needed.').first().waitFor();
  for (let number = bill.lines.length; number > 1; number -= 1)
    await twin.getByRole('button', { name: `Remove line ${number}`, exact: true }).click();
  await compare.click();
  const row = (name) => result.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  await row(energy.name).getByText('The same', { exact: true }).waitFor(PATIENCE);
  await result.getByText('Not on the bill').first().waitFor();

  // Twice the energy is another quantity, with how much more; a line of the supplier's own is none of ours.
  await line(1).getByLabel('Quantity').fill(doubled(energy.quantity));
  await line(1).getByLabel('Amount').fill(doubled(energy.amount));
  await twin.getByRole('button', { name: 'Add a line' }).click();
  await line(2).getByLabel('Line', { exact: true }).fill('Stamp duty of nobody');
  await line(2).getByLabel('Amount').fill('1,000');
  await compare.click();
  await row(energy.name).getByText('Another quantity', { exact: true }).waitFor(PATIENCE);
  await row(energy.name).getByText(/\+100(\.0+)?\s?%/).waitFor();
  await row('Stamp duty of nobody').getByText('Not in the tariff', { exact: true }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'bill-twin');

  // The sums under it are those of the API.
  const lines = [
    { name: energy.name, quantity: doubled(energy.quantity), amount: doubled(energy.amount) },
    { name: 'Stamp duty of nobody', amount: '1.000' },
  ];
  const body = { month: bill.month, lines };
  const told = await appliance.ask('POST', '/energy/bill/compare', { token, body });
  const shown = (amount) =>
    Number(amount).toLocaleString('en-GB', { minimumFractionDigits: bill.decimals });
  const total = result.getByRole('row').last();
  for (const amount of [told.typed_total, told.computed.total])
    await total.getByText(shown(amount), { exact: true }).waitFor();

  // A comparison of another month is none of this one: it goes.
  await twin.getByLabel('Month').selectOption({ index: 0 });
  await result.waitFor({ state: 'detached' });
});

journey('a bill is checked on a telephone in Arabic, with Arabic digits', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const bill = await billed(appliance, token);
  const page = await stage.browser.open(appliance, { viewport: PHONE });
  await arrive(page, login);
  await page.evaluate(() => localStorage.setItem('retv4_language', 'ar'));
  await page.goto('/energy/tariffs');
  const twin = page.locator('.panel.twin');
  await twin.locator('select').first().selectOption(bill.month);
  const field = (number) => twin.locator('.twin__line').first().locator('input').nth(number);
  await field(0).fill(bill.lines[0].name);
  // Arabic digits and separators, as a bill of the country has them.
  await field(3).fill('١٬٢٣٤٫٥٠٠');
  await twin.locator('button[type="submit"]').click();
  const result = twin.locator('table');
  await result.waitFor(PATIENCE);
  assert.match((await result.locator('tbody tr').first().innerText()).replace(/\s/g, ' '), /1\.234,500/);
  const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  assert.equal(await page.evaluate(wide), 0, 'nothing stands out at the side');
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'bill-twin-arabic');
});

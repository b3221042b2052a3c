// The settings of the site, how long readings are kept, and readings that are set right.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** A moment in the field for date and time of a site in Tunis, which is an hour ahead all year. */
const local = (at) => new Date(at + 3_600_000).toISOString().slice(0, 16);

/** Opens a room of the administration from its menu. */
async function administer(page, room) {
  await page.getByRole('button', { name: 'Administration' }).click();
  await page.getByRole('menuitem', { name: room, exact: true }).click();
  await page.getByRole('heading', { name: room, level: 1 }).waitFor();
}

journey('the site, the storage and a correction', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const page = await stage.browser.open(appliance);
  await arrive(page, login);

  await administer(page, 'Settings');
  await page.getByLabel('Site name').fill('Sfax works');
  await page.getByLabel('Price of energy').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Give the new price').waitFor();
  await page.getByLabel('Price of energy').fill('0,305');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved. It holds from now on').waitFor();
  await page.getByRole('link', { name: 'Sfax works' }).waitFor();
  const sites = await appliance.ask('GET', '/sites', { token });
  assert.equal(sites.items[0].name, 'Sfax works');
  assert.equal(sites.items[0].price_per_kwh, '0.305');

  // A target of the day stands on the dashboard beside what was used.
  await page.getByLabel('Energy of a day at most').fill('nine');
  await page.getByRole('button', { name: 'Save targets and greeting' }).click();
  await page.getByLabel('Energy of a day at most').and(page.locator('[aria-invalid=true]')).waitFor();
  await page.getByLabel('Energy of a day at most').fill('9000');
  await page.getByRole('button', { name: 'Save targets and greeting' }).click();
  await until('the target is stored', async () => {
    const { items } = await appliance.ask('GET', '/sites', { token });
    return Number(items[0].wishes?.target_kwh_per_day) === 9000;
  });
  await stage.browser.picture(page, 'settings-targets');
  await page.goto('/');
  await page.getByTestId('target-energy').getByText(/of the target of the day/).waitFor();
  await stage.browser.picture(page, 'dashboard-target');

  await administer(page, 'Storage');
  await page.getByText('Full, if it goes on like this').waitFor();
  const samples = page.getByLabel('Samples as they were read');
  assert.equal(await samples.inputValue(), '90');
  await samples.fill('3');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByText(/Samples as they were read/).waitFor();
  await dialog.getByRole('button', { name: 'Save and forget' }).click();
  await page.getByText(/Give 7 to /).waitFor();
  await samples.fill('120');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved. What is older goes within minutes.').waitFor();
  await page.getByRole('row').filter({ hasText: 'Samples' }).getByText('120 days').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await administer(page, 'Corrections');
  await page.getByText('Nothing was corrected').waitFor();
  await page.getByRole('link', { name: 'Correct readings' }).click();
  await page.getByLabel('Machine', { exact: true }).selectOption({ label: 'Oven line A' });
  await page.getByLabel('Quantity', { exact: true }).selectOption({ label: 'Power' });
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  await page.getByLabel('From', { exact: true }).fill(local(hour - 3_600_000));
  await page.getByLabel('To', { exact: true }).fill(local(hour - 7_200_000));
  await page.getByLabel('What becomes of them').selectOption({ label: 'Multiply them' });
  await page.getByLabel('Factor').fill('0.5');
  await page.getByLabel('Why').fill('The ratio was wrong.');
  await page.getByRole('button', { name: 'Correct', exact: true }).click();
  await page.getByText('The end comes after the start.').waitFor();
  await page.getByLabel('To', { exact: true }).fill(local(hour - 1_800_000));
  await page.getByRole('button', { name: 'Correct', exact: true }).click();
  const row = page.getByRole('row').filter({ hasText: 'The ratio was wrong.' });
  await row.getByText('multiplied by 0.50').waitFor();
  await row.getByText('Oven line A').waitFor();
  await stage.browser.picture(page, 'corrections');
  await row.getByRole('button', { name: /^Undo/ }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Undo' }).click();
  await row.getByText('Undone').waitFor();
  await until('the appliance says so', async () => {
    const { items } = await appliance.ask('GET', '/corrections', { token });
    return items[0].undone !== null;
  });
});

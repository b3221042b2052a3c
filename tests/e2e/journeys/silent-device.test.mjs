import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { addMeter, arrive, liveRow, readingIn, setUpByScript, shows } from '../support/person.mjs';
import { until } from '../support/until.mjs';

journey('a device falls silent: its value ages, and it comes back by itself', async (stage) => {
  const [first, second] = [
    await stage.meter({ powerKw: 21.5 }),
    await stage.meter({ powerKw: 8.25 }),
  ];
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Healthy', port: second.port });
  await addMeter(page, { name: 'Silent', port: first.port });
  const power = liveRow(page, 'Power');
  await shows(power, 21.5);

  first.freeze();
  await until('the value is drawn as old', async () => (await readingIn(power)).tone === 'old');
  assert.equal((await readingIn(power)).number, 21.5, 'the last value stays readable');
  await page.getByText('Offline', { exact: true }).first().waitFor();
  // The age is told, and the reason in a technician's words.
  await power.getByText(/ago/).waitFor();
  await page.getByText(/Failed (once|\d+ times)/).waitFor();
  await stage.browser.picture(page, 'silent-device-detail');

  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  const tile = (name) =>
    page.getByRole('link', { name: new RegExp(`${name}.*(Online|Offline)`, 's') });
  await tile('Silent').getByText('Offline').waitFor();
  assert.notEqual((await readingIn(tile('Silent')))?.tone, 'good');
  // One dead device hurts nobody else, and the total says that it is incomplete.
  await shows(tile('Healthy'), 8.25);
  await page.getByText('1 of 2 meters are in this figure.').waitFor();
  await shows(page.getByRole('region', { name: 'Power now' }), 8.25);
  await stage.browser.picture(page, 'silent-device-dashboard');

  first.thaw();
  await first.set({ power_kw: 33.75 });
  await shows(tile('Silent'), 33.8);
  await tile('Silent').getByText('Online').waitFor();
});

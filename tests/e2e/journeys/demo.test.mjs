import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, readingIn } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const MACHINES = 12;
/** Four cold cells have sensors that push, and no power. */
const TILES = MACHINES + 4;

journey('demo: the machines are there, and their values move', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page, login);
  const tiles = page.getByRole('region', { name: 'Equipment' }).getByRole('listitem');
  await until('every tile', async () => (await tiles.count()) === TILES);

  const numbers = async () => {
    const all = [];
    for (const tile of await tiles.all()) {
      const reading = await readingIn(tile);
      if (reading?.tone === 'good') all.push(reading.number);
    }
    return all;
  };
  // One device of the plant drops out now and then; the others must be there.
  await until('most machines are live', async () => (await numbers()).length >= MACHINES - 1);
  const power = page.getByRole('region', { name: 'Power now' });
  const first = await until('the plant has a power', async () => {
    const reading = await readingIn(power);
    return reading?.tone === 'good' && reading;
  });
  assert.ok(first.number > 0, `a plant draws power: ${first.number}`);
  await until('the power moves', async () => (await readingIn(power)).number !== first.number);

  // Yesterday is there to compare with, and today has a cost.
  await page.getByText(/Yesterday by this time/).waitFor();
  await stage.browser.picture(page, 'demo-dashboard');

  // The same directory goes on with the same login and the same machines.
  await appliance.kill();
  await appliance.startAgain();
  assert.deepEqual(await demoLogin(appliance), login);
  const again = await stage.browser.open(appliance);
  await arrive(again, login);
  const kept = again.getByRole('region', { name: 'Equipment' }).getByRole('listitem');
  await until('no tile more', async () => (await kept.count()) === TILES);
  await until('the machines answer again', async () => {
    const online = await again.getByRole('listitem').filter({ hasText: 'Online' }).count();
    return online >= MACHINES - 1;
  });
});

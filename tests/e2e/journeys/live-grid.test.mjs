// All machines live: what is chosen stands in the address, trouble comes first, and the keys suffice.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const TILES = 16;
const address = (page) => new URL(page.url()).searchParams;

journey('the live grid: filters in the address, cards and table', async (stage) => {
  const appliance = await stage.appliance('demo');
  const page = await stage.browser.open(appliance);
  await arrive(page, await demoLogin(appliance));
  await page.getByRole('link', { name: 'All machines, live' }).click();
  await page.getByRole('heading', { name: 'All machines, live' }).waitFor();

  const cards = page.getByRole('list', { name: 'Equipment' }).getByRole('listitem');
  await until('every card', async () => (await cards.count()) === TILES);
  assert.equal(await cards.first().getAttribute('aria-setsize'), String(TILES));
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.getByRole('searchbox', { name: 'Search' }).fill('ôven');
  await until('the ovens only', async () => (await cards.count()) === 2);
  assert.equal(address(page).get('search'), 'ôven');
  await page.getByLabel('Area', { exact: true }).selectOption('Oven hall');
  await page.getByRole('button', { name: 'Table' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('checkbox', { name: 'By area' }).check();
  const table = page.getByRole('table', { name: 'Equipment' });
  await table.getByRole('heading', { name: 'Oven hall' }).waitFor();
  assert.deepEqual(Object.fromEntries(address(page)), {
    search: 'ôven',
    area: 'Oven hall',
    view: 'table',
    group: 'area',
  });
  assert.deepEqual(await accessibilityFaults(page), []);

  // A link shows what was seen; from a machine one comes back to it.
  await page.reload();
  await table.getByRole('link', { name: 'Oven line A' }).click();
  await page.getByRole('heading', { name: 'Oven line A', exact: true }).waitFor();
  await page.goBack();
  await table.getByRole('link', { name: 'Oven line A' }).waitFor();

  await page.goto('/machines?search=nothing-like-this');
  await page.getByRole('link', { name: 'Clear the filters' }).click();
  await until('every card again', async () => (await cards.count()) === TILES);
});

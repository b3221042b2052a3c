// Cold cells: the installer beside the cell, the technician who says why, the customer who sees his own.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { accessibilityFaults, PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { demoLogin, signIn, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const frontend = createRequire(new URL('../../../frontend/package.json', import.meta.url));
const { renderSVG } = await import(frontend.resolve('uqr'));

const TECHNICIAN = 'technician@demo.example';
const [CANTEEN, FISH] = ['customer1@demo.example', 'customer2@demo.example'];

/** Signs in as somebody of the demo, straight to the cold cells. */
async function enter(stage, appliance, login, options) {
  const page = await stage.browser.open(appliance, options);
  await page.goto('/login?next=/coldchain');
  await signIn(page, login);
  await page.getByRole('heading', { name: 'Cold cells', level: 1 }).waitFor();
  return page;
}

/** A photo of a plate: what its code says, a little askew. */
async function photo(page, text) {
  const table = await page.context().browser().newPage();
  const plate = `<div style="width:280px;padding:24px;background:#fff;rotate:5deg">${renderSVG(text)}</div>`;
  await table.setContent(`<body style="margin:60px;background:#bbb">${plate}`);
  const buffer = await table.screenshot();
  await table.close();
  return { name: 'plate.png', mimeType: 'image/png', buffer };
}

/** What a sensor sends; the status of the answer. */
async function push(appliance, { serial, key }, values) {
  const answer = await fetch(`${appliance.address}/api/readings/devices/${serial}/readings`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Device-Key': key },
    body: JSON.stringify({ timestamp: new Date().toISOString(), ...values }),
  });
  return answer.status;
}

const cellsOf = async (appliance, token) =>
  (await appliance.ask('GET', '/coldchain/cells?page_size=50', { token })).items;

journey('a device is installed beside its cell, on a phone', async (stage) => {
  const appliance = await stage.appliance('demo');
  const { password } = await demoLogin(appliance);
  const login = { email: TECHNICIAN, password };
  const page = await enter(stage, appliance, login, { viewport: PHONE });
  await page.getByRole('table').getByRole('link', { name: 'Cold room 1', exact: true }).click();
  await page.getByRole('link', { name: 'Install a device' }).click();
  await page.getByRole('heading', { name: 'Install a device: Cold room 1' }).waitFor();

  // Nothing, a code of something else, a picture of nothing, words, the number of another device:
  // each is refused with a sentence, and none makes a device.
  const serial = page.getByLabel('Serial number', { exact: true });
  const add = page.getByRole('button', { name: 'Add it and make its key' });
  await add.click();
  await page.getByText('Write the number on its plate.').waitFor();
  const camera = page.locator('input[type="file"]');
  await camera.setInputFiles(await photo(page, 'WIFI:S:plant;T:WPA;P:secret;;'));
  await page.getByText('This code names no serial number; it says: WIFI:S:plant').waitFor();
  const blank = { name: 'wall.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
  await camera.setInputFiles(blank);
  await page.getByText('No QR code was found on the picture.').waitFor();
  assert.equal(await serial.inputValue(), '', 'what cannot be read is not typed in');
  await serial.fill('rear wall, left');
  await add.click();
  await page.getByText('1 to 64 letters, digits').waitFor();
  await serial.fill('DEMO-COLD-3');
  await add.click();
  await page.getByText('Another device has this serial number.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  // The right code fills the field in; the key is shown once, as a code, too.
  await camera.setInputFiles(await photo(page, '{"model":"T5","serial":"REAR-0042"}'));
  await until('the number is read', async () => (await serial.inputValue()) === 'REAR-0042');
  await page.getByLabel('Where its probe hangs').fill('Rear wall');
  await add.click();
  await page.getByText('At most 16 of a-z, 0-9 and _').waitFor();
  await page.getByLabel('Where its probe hangs').fill('rear');
  await add.click();
  await page.getByText('Waiting for the first reading…').waitFor();
  const key = (await page.locator('.cold__secret').innerText()).trim();
  assert.match(key, /^imd_/);
  // In the middle, or the bar at the foot of the screen lies over it.
  await page.locator('.qr').evaluate((code) => code.scrollIntoView({ block: 'center' }));
  const code = { name: 'c.png', mimeType: 'image/png', buffer: await page.locator('.qr').screenshot() };

  // A wrong key is turned away and nothing arrives; the right one, and the reading is there.
  const device = { serial: 'REAR-0042', key };
  const values = { temperature: 5.2, doorStatus: false, powerStatus: true, batteryLevel: 88 };
  assert.equal(await push(appliance, { ...device, key: `${key}x` }, values), 401);
  assert.equal(await push(appliance, device, values), 201);
  await page.getByRole('heading', { name: 'The first reading is here' }).waitFor();
  await page.getByRole('status').getByText('5.2 °C').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'cold-install');

  // The cell has two probes now. The code that the device was shown installs no second one.
  await page.getByRole('link', { name: 'Done, I have copied the key' }).click();
  const probes = page.getByRole('table', { name: 'Probes' });
  await probes.getByRole('row').filter({ hasText: 'REAR-0042' }).getByText('5.2 °C').waitFor();
  await page.getByText('The line is the warmest probe').waitFor();
  await page.getByRole('link', { name: 'Install a device' }).click();
  await page.locator('input[type="file"]').setInputFiles(code);
  const again = page.getByLabel('Serial number', { exact: true });
  await until('its own code is read', async () => (await again.inputValue()) === 'REAR-0042');
  await page.getByRole('button', { name: 'Add it and make its key' }).click();
  await page.getByText('Another device has this serial number.').waitFor();
  await stage.browser.picture(page, 'cold-install-refused');
});

journey('a technician sees what needs hands, and says why it was too warm', async (stage) => {
  const appliance = await stage.appliance('demo');
  const { password } = await demoLogin(appliance);
  const login = { email: TECHNICIAN, password };
  const page = await enter(stage, appliance, login);
  const places = page.getByRole('region', { name: 'Customers and locations' });
  for (const name of ['Sahel Fish', 'Works canteen', 'Harbour', 'Market hall', 'Canteen'])
    await places.getByText(name, { exact: true }).first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'cold-overview');

  // Its door was left open again and again: each time is an excursion that waits for a word.
  await page.getByRole('table').getByRole('link', { name: 'Fish, fresh', exact: true }).click();
  await page.getByRole('img', { name: /^Lowest .* highest / }).waitFor();
  const excursions = page.getByRole('table', { name: 'Excursions' });
  const waiting = excursions.getByRole('button', { name: 'Write down why' });
  await waiting.first().waitFor();
  const before = await waiting.count();
  await waiting.first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Say why it happened.').waitFor();
  await dialog.getByText('Say what was done.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await dialog.getByLabel('Cause').fill('x'.repeat(2_001));
  await dialog.getByLabel('What was done').fill('Door closed, closer ordered');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Say why, in 1 to 2000 characters.').waitFor();
  await dialog.getByLabel('Cause').fill('The door was wedged for a delivery');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const said = excursions.getByRole('row').filter({ hasText: 'The door was wedged for a delivery' });
  await said.getByText('Door closed, closer ordered').waitFor();
  await until('one less waits', async () => (await waiting.count()) < before);
  await stage.browser.picture(page, 'cold-cell');

  // What was said stands on another screen, too.
  const token = await signInByScript(appliance, login);
  const cell = (await cellsOf(appliance, token)).find(({ name }) => name === 'Fish, fresh');
  const { items } = await appliance.ask('GET', `/coldchain/cells/${cell.id}/excursions`, { token });
  assert.ok(items.some(({ review }) => review?.cause === 'The door was wedged for a delivery'));
});

journey('a customer sees the own cells and no other', async (stage) => {
  const appliance = await stage.appliance('demo');
  const demo = await demoLogin(appliance);
  const token = await signInByScript(appliance, demo);
  const all = await cellsOf(appliance, token);
  const idOf = (name) => all.find((cell) => cell.name === name).id;
  const login = { email: FISH, password: demo.password };
  const page = await enter(stage, appliance, login, { viewport: PHONE });
  const table = page.getByRole('table', { name: 'What needs hands first' });
  await table.getByRole('link', { name: 'Fish, frozen' }).waitFor();
  assert.equal(await table.getByRole('link').count(), 2);
  assert.equal(await page.getByText(/Cold room|canteen/i).count(), 0, 'nothing of the other customer');
  assert.deepEqual(await accessibilityFaults(page), []);

  // His own cell shows what happened, and leaves the words and the devices to those who look after it.
  await table.getByRole('link', { name: 'Fish, fresh' }).click();
  await page.getByRole('table', { name: 'Excursions' }).getByRole('row').nth(1).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Write down why' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Install a device' }).count(), 0);

  // The address of a cell of another customer leads nowhere, and neither does the installer's page.
  await page.goto(`/coldchain/cells/${idOf('Cold room 1')}`);
  await page.getByText('There is no such cold cell, or it is none of yours.').waitFor();
  await page.goto(`/coldchain/cells/${idOf('Fish, fresh')}/install`);
  await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();

  // Nor does a script of his get at it, in any way that a cell has.
  const of = { [FISH]: 'Cold room 1', [CANTEEN]: 'Fish, fresh' };
  for (const [email, foreign] of Object.entries(of)) {
    const his = await signInByScript(appliance, { email, password: demo.password });
    const headers = { Authorization: `Bearer ${his}`, 'Content-Type': 'application/json' };
    const cell = `/coldchain/cells/${idOf(foreign)}`;
    const ways = [
      ['GET', cell, 404],
      ['GET', `/readings/coldcells/${idOf(foreign)}/readings?range=24h`, 404],
      ['GET', `${cell}/excursions`, 404],
      ['GET', `${cell}/calibrations`, 404],
      ['POST', `${cell}/devices`, 403, { serial_number: 'MINE-1' }],
    ];
    for (const [method, path, status, body] of ways) {
      const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const answer = await fetch(`${appliance.address}/api${path}`, init);
      assert.equal(answer.status, status, `${email}: ${method} ${path}`);
    }
    const own = await cellsOf(appliance, his);
    assert.equal(own.length, 2);
    assert.ok(own.every(({ name }) => name !== foreign));
  }
});

// Cold cells set up on the page: an administrator begins with nothing, fills in each form wrong and
// then right, and takes a list; the installer sees what came of it.
import assert from 'node:assert/strict';
import { accessibilityFaults, PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { setUpByScript, signIn, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const INSTALLER = { email: 'installer@plant.example', password: 'Night-shift-2026' };
const HEAD = 'customer,location,cell,set_point_c,max_c,serial_number\n';

const field = (scope, label) => scope.getByLabel(label, { exact: true });
const button = (scope, name) => scope.getByRole('button', { name, exact: true });
const table = (rows) => ({
  name: 'cells.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(HEAD + rows.join('\n')),
});

async function enter(stage, appliance, login, options) {
  const page = await stage.browser.open(appliance, options);
  await page.goto('/login?next=/coldchain');
  await signIn(page, login);
  await page.getByRole('heading', { name: 'Cold cells', level: 1 }).waitFor();
  return page;
}

/** A technician who is linked to the customer, as an administrator makes him. */
async function installer(appliance, token, site) {
  const body = { email: INSTALLER.email, name: 'Installer', role: 'technician', site };
  const { activation_url: link } = await appliance.ask('POST', '/users/invite', { token, body });
  const secret = link.split('token=')[1];
  const activation = { token: secret, password: INSTALLER.password };
  await appliance.ask('POST', '/auth/activate', { body: activation });
}

async function makeCustomer(page) {
  await button(page, 'Add a customer').click();
  const dialog = page.getByRole('dialog');
  await field(dialog, 'E-mail (optional)').fill('amel');
  await button(dialog, 'Save').click();
  await dialog.getByText('Fill in this field.').waitFor();
  await dialog.getByText('Enter an e-mail address').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await field(dialog, 'Name').fill('x'.repeat(121));
  await field(dialog, 'E-mail (optional)').fill('amel@medina.example');
  await button(dialog, 'Save').click();
  await dialog.getByText('A name of 1 to 120 characters.').waitFor();
  await field(dialog, 'Name').fill('Medina Foods');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
}

async function makeLocation(page) {
  const own = page.getByRole('region', { name: 'Medina Foods' });
  await own.getByText('No location yet.').waitFor();
  await button(own, 'Add a location').click();
  const dialog = page.getByRole('dialog');
  await button(dialog, 'Save').click();
  await dialog.getByText('Fill in this field.').waitFor();
  await field(dialog, 'Name').fill('Warehuse');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  // Said anew: what was written wrong is written right.
  await button(own, 'Edit Warehuse').click();
  await field(dialog, 'Name').fill('Warehouse');
  await field(dialog, 'Address (optional)').fill('Rue du Port 4');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  await own.getByText('Rue du Port 4').waitFor();
}

async function makeCell(page) {
  await page.getByRole('link', { name: 'Add a cell Warehouse' }).click();
  await page.getByRole('heading', { name: 'Add a cell' }).waitFor();
  await button(page, 'Save').click();
  await page.getByText('Say how warm it may be, or how cold.').waitFor();
  assert.equal(await page.getByText('Fill in this field.').count(), 2, 'name and set point');
  await field(page, 'Set point').fill('cold');
  await page.getByText('A temperature from -100 to 100 °C.').waitFor();
  await field(page, 'Name').fill('Freezer 1');
  await field(page, 'Set point').fill('-18');
  await field(page, 'Warmest that is well (optional)').fill('-19');
  await page.getByText('It lies above the set point.').waitFor();
  await field(page, 'Warmest that is well (optional)').fill('-15,5');
  await field(page, 'May be too warm for').fill('300');
  await page.getByText('0 to 240 minutes.').waitFor();
  await field(page, 'May be too warm for').fill('15');
  await button(page, 'Add a window').click();
  await field(page, 'Takes').fill('0');
  await button(page, 'Save').click();
  await page.getByText('A time of the day, such as 02:30.').waitFor();
  await page.getByText('1 to 120 minutes.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await field(page, 'Begins at').fill('02:30');
  await field(page, 'Takes').fill('25');
  await field(page, 'Product (optional)').fill('Fish, frozen');
  await button(page, 'Save').click();
  await page.getByRole('heading', { name: 'Freezer 1', level: 1 }).waitFor();
  await page.getByText(/Wanted .-18\.0\s°C.*-15\.5\s°C/).waitFor();
}

async function makeDevice(page) {
  await page.getByRole('link', { name: 'Install a device' }).click();
  await button(page, 'Add it and make its key').click();
  await page.getByText('Write the number on its plate.').waitFor();
  await field(page, 'Serial number').fill('MF-0001');
  await button(page, 'Add it and make its key').click();
  await page.getByRole('img', { name: /^Code with address/ }).waitFor();
  const key = (await page.locator('.cold__secret').innerText()).trim();
  await page.getByRole('link', { name: 'Done, I have copied the key' }).click();
  const row = page
    .getByRole('table', { name: 'Probes' })
    .getByRole('row')
    .filter({ hasText: 'MF-0001' });
  await button(row, 'Make a new key MF-0001').click();
  await button(page.getByRole('alertdialog'), 'Make a new key').click();
  const anew = page.locator('.cold__secret');
  await anew.waitFor();
  assert.notEqual((await anew.innerText()).trim(), key, 'the new key is another one');
  return key;
}

async function makeCertificate(page) {
  const part = page.getByRole('region', { name: 'Calibration certificates' });
  await part.getByText('No certificate yet.').waitFor();
  await button(part, 'Add a certificate').click();
  const dialog = page.getByRole('dialog');
  await field(dialog, 'Correction').fill('12');
  await field(dialog, 'Calibrated on').fill('2999-01-01');
  await button(dialog, 'Save').click();
  await dialog.getByText('Fill in this field.').waitFor();
  await dialog.getByText('-10 to 10 K.').waitFor();
  await dialog.getByText('That day has not come yet.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await field(dialog, 'Number of the certificate').fill('DKD-K-12345');
  await field(dialog, 'Calibrated on').fill('2026-01-10');
  await field(dialog, 'Next one due').fill('2036-01-10');
  await field(dialog, 'Correction').fill('-0,3');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  await part
    .getByRole('row')
    .filter({ hasText: 'DKD-K-12345' })
    .getByText(/-0\.30?\sK/)
    .waitFor();
  await page.getByRole('table', { name: 'Probes' }).getByText('Valid').waitFor();
}

async function takeList(page) {
  await page.goto('/coldchain/import');
  const choose = page.locator('input[type="file"]');
  await choose.setInputFiles({ ...table([]), buffer: Buffer.from('cell,max\nA,4\n') });
  await page.getByText('Line 1').waitFor();
  const good = [
    'Medina Foods,Harbour,Ice,-20,-17,MF-0002',
    'Medina Foods,Harbour,Fish,1,3,MF-0003',
  ];
  await choose.setInputFiles(table([...good, 'Medina Foods,Harbour,Milk,4,2,MF-0001']));
  const refused = page.getByRole('alert').filter({ hasText: 'cells.csv: 2 places are refused' });
  await refused.getByText('Line 4 max_c').waitFor();
  await refused.getByText('Line 4 serial_number').waitFor();
  await refused.getByText('Another device has this serial number.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.goto('/coldchain/manage');
  await page.getByRole('region', { name: 'Medina Foods' }).waitFor();
  assert.equal(await page.getByText('Harbour').count(), 0, 'nothing of the good rows was made');

  await page.getByRole('link', { name: 'Import a list' }).click();
  await choose.setInputFiles(table(good));
  const look = page.getByRole('region', { name: 'What the list makes' });
  await look.getByText('New locations: 1. New cells: 2. New sensors: 2.').waitFor();
  await button(look, 'Make all of it').click();
  await page.getByText('Made. New locations: 1. New cells: 2. New sensors: 2.').waitFor();
  assert.equal(await page.locator('.cold__secret').count(), 2);
  assert.deepEqual(await accessibilityFaults(page), []);
}

/** Takes something out of use on the page, and waits until it is gone from what is in use. */
async function retire(page, own, name) {
  await button(own, `Take out of use ${name}`).click();
  const question = page.getByRole('alertdialog');
  await question.getByText('It can be brought back under “Out of use”.').waitFor();
  await button(question, 'Take out of use').click();
  await question.waitFor({ state: 'detached' });
}

async function takeOut(page) {
  await page.goto('/coldchain/manage');
  const own = page.getByRole('region', { name: 'Medina Foods' });
  const out = page.getByRole('region', { name: 'Out of use' });
  const inUse = (name) => own.getByRole('link', { name, exact: true }).count();
  await retire(page, own, 'Fish');
  await until('the cell is gone', async () => (await inUse('Fish')) === 0);
  await out.getByText('Out of use since').waitFor();
  await out.getByRole('link', { name: 'Fish' }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await button(out, 'Bring back Fish').click();
  await until('the cell is back', async () => (await inUse('Fish')) === 1);
  // A customer goes with all that is his, and comes back with it.
  await retire(page, own, 'Medina Foods');
  await own.waitFor({ state: 'detached' });
  await out.getByText('Bring “Medina Foods” back first.').first().waitFor();
  await button(out, 'Bring back Medina Foods').click();
  await until('all of it is back', async () => (await inUse('Fish')) === 1);
  await out.waitFor({ state: 'detached' });
  await retire(page, own, 'Fish');
  await until('the cell is gone', async () => (await inUse('Fish')) === 0);
}

journey('an administrator sets cold cells up, and the installer sees them', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const owner = { email: 'amel@plant.example', password: 'Night-shift-2026' };
  const page = await enter(stage, appliance, owner);
  await page.getByText('Begin with a customer').waitFor();
  await page.getByRole('link', { name: 'Set the first one up' }).click();
  await page.getByText('Add a customer first').waitFor();
  await makeCustomer(page);
  await makeLocation(page);
  await stage.browser.picture(page, 'cold-manage');
  await makeCell(page);
  await makeDevice(page);
  await makeCertificate(page);
  await stage.browser.picture(page, 'cold-cell-new');
  await takeList(page);
  await stage.browser.picture(page, 'cold-import');
  await takeOut(page);

  const token = await signInByScript(appliance, owner);
  const { items } = await appliance.ask('GET', '/coldchain/customers', { token });
  await installer(appliance, token, items[0].site);
  const phone = await enter(stage, appliance, INSTALLER, { viewport: PHONE });
  const cells = phone.getByRole('table', { name: 'What needs hands first' });
  await cells.getByRole('link', { name: 'Freezer 1' }).waitFor();
  await cells.getByRole('link', { name: 'Ice' }).waitFor();
  // He adds places and cells of the customers that he is linked to, and no customer.
  await phone.getByRole('link', { name: 'Manage customers and cells' }).click();
  const own = phone.getByRole('region', { name: 'Medina Foods' });
  await button(own, 'Add a location').waitFor();
  assert.equal(await button(phone, 'Add a customer').count(), 0);
  assert.equal(await button(own, 'Delete Medina Foods').count(), 0);
  assert.deepEqual(await accessibilityFaults(phone), []);
  await stage.browser.picture(phone, 'cold-manage-phone');
});

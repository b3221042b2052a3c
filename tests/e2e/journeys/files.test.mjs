// A photo and documents of a machine: sent, refused, shown, saved again, removed.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, setUpByScript, signInByScript } from '../support/person.mjs';

/** A picture of one grey, as a camera would never make it, but a PNG all the same. */
function png(width, height) {
  const chunk = (kind, content) => {
    const body = Buffer.concat([Buffer.from(kind), content]);
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, 0x90)]);
  const rows = deflateSync(Buffer.concat(Array(height).fill(row)));
  const sign = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([sign, chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

const machine = {
  name: 'Press 4',
  type: 'Press',
  model: 'H-160',
  install_date: '2024-05-01',
  specs: {},
};

journey('a photo and documents of a machine', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const token = await signInByScript(appliance);
  const { id } = await appliance.ask('POST', '/equipment', { token, body: machine });
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await page.goto(`/equipment/${id}`);

  const photo = page.getByRole('region', { name: 'Photo' });
  const choose = (place, label, name, buffer) =>
    place.getByLabel(label).setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  // Refused by its name before it travels, and by its content after.
  await choose(photo, 'Add a photo', 'press.gif', Buffer.from('GIF89a'));
  await photo.getByText('press.gif was not sent: only JPG, JPEG, PNG are kept here.').waitFor();
  await choose(photo, 'Add a photo', 'press.png', Buffer.from('MZ this is a program'));
  await photo.getByRole('alert').filter({ hasNotText: 'was not sent' }).waitFor();
  await choose(photo, 'Add a photo', 'press.png', png(640, 400));
  const picture = photo.getByRole('img', { name: 'Photo of Press 4' });
  await picture.waitFor();
  assert.equal(await picture.evaluate((img) => img.decode().then(() => img.naturalWidth)), 640);
  assert.equal(await photo.getByRole('alert').count(), 0, 'what was refused before is over');

  const documents = page.getByRole('region', { name: 'Documents' });
  const large = Buffer.alloc((20 << 20) + 1, 0x61);
  await choose(documents, 'Add a document', 'log.txt', large);
  await documents.getByText('log.txt was not sent: it is larger than 20 MB.').waitFor();
  const words = Buffer.from('Change the oil every 2,000 hours.\n'.repeat(1_000));
  await choose(documents, 'Add a document', 'oil.txt', words);
  await documents.getByText('oil.txt').first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'files');

  // The same after a reload, and byte for byte what was sent.
  await page.reload();
  await picture.waitFor();
  const coming = page.waitForEvent('download');
  await documents.getByRole('button', { name: 'Save oil.txt' }).click();
  const saved = await coming;
  assert.equal(saved.suggestedFilename(), 'oil.txt');
  assert.deepEqual(await readFile(await saved.path()), words);

  await documents.getByRole('button', { name: 'Remove oil.txt' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
  await documents.getByText(/Manuals, plans and test sheets/).waitFor();
  await photo.getByRole('button', { name: 'Remove the photo' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
  await photo.getByText(/A photo helps/).waitFor();
});

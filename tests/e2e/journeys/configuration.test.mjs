// What people set up goes out as a file and comes in again; a backup is restored with its passphrase only.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, setUpByScript, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const asFile = (text) => ({
  name: 'plant.toml',
  mimeType: 'application/toml',
  buffer: Buffer.from(text),
});

journey('the configuration goes out, is looked at, and comes in', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await page.goto('/system');
  const part = page.getByRole('region', { name: 'Configuration' });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    part.getByRole('button', { name: 'Save as TOML' }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^indusmind-configuration-.*\.toml$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text, /Sfax works/);

  // The same file changes nothing; one that is wrong is refused with its line, and nothing is changed.
  const file = part.locator('input[type="file"]');
  const take = part.getByRole('button', { name: 'Take it over' });
  await file.setInputFiles(asFile(text));
  await part.getByText('All of it is here already: nothing would change.').waitFor();
  assert.equal(await take.count(), 0);
  await file.setInputFiles(asFile('hello { world'));
  await part.getByText('The file is refused, and nothing was changed:').waitFor();
  await part.getByText(/Line 1, column/).waitFor();
  assert.equal(await take.count(), 0);
  assert.deepEqual(await accessibilityFaults(page), []);

  // Another one is shown first, by what it would change.
  await file.setInputFiles(asFile(text.replaceAll('Sfax works', 'Gabes works')));
  await part.getByText('This is what it would change. Nothing is changed yet.').waitFor();
  const sites = part.getByRole('row').filter({ hasText: 'Sites' }).getByRole('cell');
  assert.deepEqual(await sites.allInnerTexts(), ['1', '0', '1']);
  await stage.browser.picture(page, 'configuration-looked-at');
  const token = await signInByScript(appliance);
  const names = async () => (await appliance.ask('GET', '/sites', { token })).items.map((s) => s.name);
  assert.deepEqual(await names(), ['Sfax works'], 'it was only looked at');

  // Taken over after a question; the appliance starts again on it.
  await take.click();
  const question = page.getByRole('alertdialog');
  assert.deepEqual(await accessibilityFaults(page), []);
  await question.getByRole('button', { name: 'Take it over' }).click();
  await part.getByText('Taken over. The appliance starts again').waitFor();
  const starts = () => appliance.printed.filter((line) => /Listening on http:/.test(line));
  await until('it listens again', () => starts().length === 2);
  appliance.address = /(http:\S+)/.exec(starts()[1])[1];
  const again = await stage.browser.open(appliance);
  await arrive(again);
  await again.getByText('Gabes works').first().waitFor();
});

journey('a backup is not restored with a wrong passphrase, and the dialog says so', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const token = await signInByScript(appliance);
  const folder = path.join(appliance.folder, 'stick');
  await mkdir(folder);
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  const settings = { folder, at: null, days: [1, 2, 3, 4, 5, 6, 7], keep, encrypt: true };
  const passphrase = 'seven words on a card in the safe';
  await appliance.ask('PUT', '/backups/settings', { token, body: { settings, passphrase } });
  await appliance.ask('POST', '/backups', { token });
  await until('it is made', async () => {
    const { items, job } = await appliance.ask('GET', '/backups', { token });
    return items.length === 1 && !job;
  });

  const page = await stage.browser.open(appliance);
  await arrive(page);
  await page.goto('/backup');
  await page.getByRole('button', { name: /^Restore the backup of/ }).click();
  const dialog = page.getByRole('dialog');
  const restore = dialog.getByRole('button', { name: 'Restore', exact: true });
  await restore.click();
  await dialog.getByText('Write the name exactly as it stands above.').waitFor();
  await dialog.getByLabel('Name of the backup').fill(await dialog.locator('.backup__name').innerText());
  await dialog.getByLabel('Passphrase', { exact: true }).fill('eight words on another card');
  await restore.click();
  await dialog.getByText('That is not the passphrase of this backup.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'restore-wrong-passphrase');

  // Nothing happened to the data; with the right one it goes on.
  assert.equal((await appliance.ask('GET', '/backups', { token })).restore_waits, false);
  await dialog.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await restore.click();
  await dialog.waitFor({ state: 'detached' });
  const starts = () => appliance.printed.filter((line) => /Listening on http:/.test(line));
  await until('it listens again', () => starts().length === 2);
});

journey('a new machine begins with a backup, and asks who gets in again', async (stage) => {
  const old = await stage.appliance();
  await setUpByScript(old);
  const token = await signInByScript(old);
  const wanted = { name: 'Totals', scopes: ['equipment:read'] };
  await old.ask('POST', '/api-tokens', { token, body: wanted });
  const folder = path.join(old.folder, 'stick');
  await mkdir(folder);
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  const settings = { folder, at: null, days: [1], keep, encrypt: false };
  await old.ask('PUT', '/backups/settings', { token, body: { settings } });
  await old.ask('POST', '/backups', { token });
  await until('it is made', async () => {
    const { items, job } = await old.ask('GET', '/backups', { token });
    return items.length === 1 && !job;
  });

  const machine = await stage.appliance();
  const page = await stage.browser.open(machine);
  await page.goto('/setup/restore');
  await page.getByLabel('One-time token', { exact: true }).fill(await machine.console(/Set-up token: (\S+)/));
  const place = page.getByLabel('Folder of the backups');
  const look = page.getByRole('button', { name: 'Look for backups' });
  await place.fill('stick');
  await look.click();
  await page.getByText('Write the whole path, such as /media/stick.').waitFor();
  await place.fill(folder);
  await look.click();
  const choice = page.getByRole('group', { name: 'What gets in again' });
  assert.ok(await choice.getByRole('radio', { name: /^Devices They go on/ }).isChecked());
  await choice.getByRole('radio', { name: /^Nothing/ }).check();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'setup-restore');
  await page.getByRole('button', { name: 'Restore it' }).click();
  const starts = () => machine.printed.filter((line) => /Listening on http:/.test(line));
  await until('it listens again', () => starts().length === 2);
  machine.address = /(http:\S+)/.exec(starts()[1])[1];
  // Everybody signs in as on the old one; the program does not.
  const again = await signInByScript(machine);
  assert.deepEqual((await machine.ask('GET', '/api-tokens', { token: again })).items, []);
});

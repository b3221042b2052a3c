// A backup as a person makes it, and as another one begins a new machine with it.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import {
  addMeter,
  arrive,
  OWNER,
  setUpByScript,
  signIn,
  signInByScript,
} from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** A passphrase is stretched on purpose, and each file is read back. */
const WHILE_IT_IS_MADE_MS = 120_000;
const PASSPHRASE = 'four words on paper';
const field = (page, label) => page.getByLabel(label, { exact: true });

journey('a backup on a stick, and a new machine that begins with it', async (stage) => {
  const stick = await mkdtemp(path.join(tmpdir(), 'stick-'));
  const meter = await stage.meter({ powerKw: 12.5 });
  const old = await stage.appliance();
  await setUpByScript(old);
  const page = await stage.browser.open(old);
  await arrive(page, OWNER);
  await addMeter(page, { name: 'Main feeder', port: meter.port });

  await page.goto('/backup');
  await page.getByText('No backup yet').waitFor();
  // A folder that is not there is refused at its field, and so is a short passphrase.
  await field(page, 'Folder for backups').fill('/media/not-plugged-in');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await until(
    'the folder is refused',
    async () => (await field(page, 'Folder for backups').getAttribute('aria-invalid')) === 'true',
  );
  await field(page, 'Folder for backups').fill(stick);
  await page.getByLabel('Encrypt with a passphrase').check();
  await field(page, 'Passphrase').fill('short');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await until(
    'the passphrase is refused',
    async () => (await field(page, 'Passphrase').getAttribute('aria-invalid')) === 'true',
  );
  await field(page, 'Passphrase').fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page
    .getByText('The backup is made, and it is good')
    .waitFor({ timeout: WHILE_IT_IS_MADE_MS });
  await stage.browser.picture(page, 'backup-made');
  const [made] = await readdir(stick);
  assert.match(made, /^indusmind-\w+-\d{8}T\d{6}Z$/);

  // What came after the backup is not on the new machine.
  await addMeter(page, { name: 'After the backup', port: meter.port });
  await old.kill();

  const blank = await stage.appliance();
  // It begins anew after the restore: on a port of its own, as an appliance has one.
  await blank.kill();
  await blank.startAgain();
  const first = await stage.browser.open(blank, { viewport: PHONE });
  await first.goto(await blank.console(/Open (http:\S+)/));
  await first.getByRole('link', { name: 'Begin with a backup instead' }).click();
  await field(first, 'Folder of the backups').fill(path.join(stick, made));
  await first.getByRole('button', { name: 'Look for backups' }).click();
  await first.getByText('There is no backup in this folder.').waitFor();
  await field(first, 'Folder of the backups').fill(stick);
  await first.getByRole('button', { name: 'Look for backups' }).click();
  await field(first, 'Passphrase of the backup').fill('another passphrase');
  await first.getByRole('button', { name: 'Restore it' }).click();
  await first.getByRole('alert').first().waitFor();
  assert.equal((await blank.ask('GET', '/setup')).required, true, 'nothing was restored');
  await stage.browser.picture(first, 'backup-wrong-passphrase');
  await field(first, 'Passphrase of the backup').fill(PASSPHRASE);
  await first.getByRole('button', { name: 'Restore it' }).click();

  await first.getByRole('button', { name: 'Log in' }).waitFor({ timeout: WHILE_IT_IS_MADE_MS });
  await signIn(first, OWNER);
  await first.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
  const token = await signInByScript(blank);
  const { items } = await blank.ask('GET', '/equipment', { token });
  assert.deepEqual(
    items.map(({ name }) => name),
    ['Main feeder'],
  );
  await first.getByText('Main feeder').first().waitFor();
  await stage.browser.picture(first, 'backup-restored');
  await rm(stick, { recursive: true });
});

// The audit log, as an auditor reads it: who was refused, what was changed, and that it is whole.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { journey } from '../support/journey.mjs';
import { arrive, OWNER, setUpByScript } from '../support/person.mjs';

const BOOT = '[limits]\nlogin_per_minute = 120\n';
const rows = (page) => page.locator('tbody tr:not(.audit__detail)');

journey(
  'an auditor finds a refused login, saves the log and proves that it is whole',
  async (stage) => {
    const appliance = await stage.appliance('run', BOOT);
    await setUpByScript(appliance);
    const stranger = await stage.browser.open(appliance);
    await stranger.goto('/login');
    await stranger.locator('[name=username]').fill(OWNER.email);
    await stranger.locator('[name=password]').fill('not the word 1!');
    await stranger.locator('button[type=submit]').click();
    await stranger.getByText('Invalid email or password').waitFor();

    const chief = await stage.browser.open(appliance);
    await arrive(chief);
    await chief.getByRole('button', { name: 'Administration', exact: true }).click();
    await chief.getByRole('menuitem', { name: 'Audit log' }).click();
    await chief.getByRole('heading', { name: 'Audit log', exact: true }).waitFor();
    await rows(chief).nth(1).waitFor();

    await chief.getByLabel('Outcome', { exact: true }).selectOption('refused');
    await chief.getByText('Wrong password or name').waitFor();
    await rows(chief).nth(1).waitFor({ state: 'detached' });
    await chief.getByRole('button', { name: /^Show entry/ }).click();
    await chief.getByText('auth.login_failed').waitFor();
    const text = await chief.locator('main').innerText();
    assert.ok(!text.includes('not the word'), 'the log holds no password');
    await stage.browser.picture(chief, 'audit-refused');

    const saving = chief.waitForEvent('download');
    await chief.getByRole('button', { name: 'Export CSV' }).click();
    const file = await saving;
    assert.match(file.suggestedFilename(), /^audit_\d{4}-\d\d-\d\d\.csv$/);
    const saved = await readFile(await file.path(), 'utf8');
    assert.ok(saved.includes('auth.login_failed'), saved);
    assert.ok(!saved.includes('not the word'), 'the file holds no password');

    await chief.getByLabel('Search', { exact: true }).fill('no such words anywhere');
    await chief.getByText('Nothing matches.').waitFor();
    await chief.getByRole('button', { name: 'Clear the filters' }).click();
    await rows(chief).nth(1).waitFor();

    await chief.getByRole('button', { name: 'Check the chain' }).click();
    const sound = chief.getByText(/The chain is sound: \d+ entries\./);
    await sound.waitFor();
    const head = await chief.locator('.audit__head bdi').innerText();
    await chief
      .getByLabel('Head that was kept')
      .fill(head.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')));
    await chief.getByRole('button', { name: 'Check the chain' }).click();
    await chief.getByText(/were cut off|not the one that this head/).waitFor();
    await chief.getByLabel('Head that was kept').fill('nonsense');
    await chief.getByRole('button', { name: 'Check the chain' }).click();
    await chief.getByText(/Give the head as it was exported/).waitFor();
    await stage.browser.picture(chief, 'audit');

    const arabic = await stage.browser.open(appliance, {
      locale: 'ar',
      colorScheme: 'dark',
    });
    await arabic.goto('/audit');
    await arabic.locator('[name=username]').fill(OWNER.email);
    await arabic.locator('[name=password]').fill(OWNER.password);
    await arabic.locator('button[type=submit]').click();
    await rows(arabic).first().waitFor();
    await stage.browser.picture(arabic, 'audit-arabic');
  },
);

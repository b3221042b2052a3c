// Accounts, from the invitation to the day when somebody lost his password.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, OWNER, setUpByScript, signIn } from '../support/person.mjs';
import { totp } from '../support/totp.mjs';

/** Many people sign in from one address here; the limit on attempts has tests of its own. */
const BOOT = '[limits]\nlogin_per_minute = 120\n';
const AMINA = { email: 'amina@plant.example', password: 'Warm bread at Six 1!' };

const field = (page, label) => page.getByLabel(label, { exact: true });
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).first().waitFor();

/** Invites Amina on the page; gives the link of her activation. */
async function invite(chief) {
  await press(chief, 'Administration');
  await chief.getByRole('menuitem', { name: 'Users' }).click();
  await chief.getByRole('link', { name: 'Invite a user' }).click();
  await field(chief, 'Name').fill('Amina');
  await field(chief, 'E-mail').fill(AMINA.email);
  await press(chief, 'Make the invitation');
  return chief.getByTestId('handout-link').innerText();
}

async function activate(page, link) {
  await page.goto(link);
  await heading(page, 'Activate your account');
  assert.equal(new URL(page.url()).hash, '', 'what opens the account stays in no address bar');
  await field(page, 'New password').fill(AMINA.password);
  await field(page, 'New password again').fill('other');
  await press(page, 'Activate the account');
  await page.getByText('The two passwords are not the same.').waitFor();
  await field(page, 'New password again').fill(AMINA.password);
  await press(page, 'Activate the account');
  await heading(page, 'Your account is active');
  await press(page, 'Log in');
}

/** Sets a second factor up; gives a recovery code. */
async function secondFactor(page) {
  await page.goto('/account');
  await press(page, 'Set up');
  await field(page, 'Present password').fill(AMINA.password);
  await press(page, 'Next');
  const secret = await page.getByTestId('totp-secret').innerText();
  await field(page, 'Code of the app').fill(totp(secret.replaceAll(/\s/g, '')));
  await press(page, 'Switch on');
  const first = await keepCodes(page);
  await page.getByText('The second factor is on. The next').waitFor();
  await press(page, 'New recovery codes');
  const sure = page.getByRole('alertdialog');
  await sure.getByRole('button', { name: 'New recovery codes', exact: true }).click();
  const code = await keepCodes(page);
  await page.getByText('Your new recovery codes are good').waitFor();
  assert.notEqual(code, first);
  return code;
}

/** Says that the recovery codes are kept; gives the first of them. */
async function keepCodes(page) {
  const code = await page.getByTestId('recovery-codes').locator('li').first().innerText();
  await field(page, 'I have kept the codes in a safe place.').check();
  await press(page, 'Done');
  return code.trim();
}

/** Lets the next request to a path be answered as if the last proof were more than five minutes old: a
 * journey cannot wait so long, and nobody moves its clock. All that follows is the appliance's own. */
async function proofIsTooOld(page, path) {
  const error = 'Show who you are first.';
  const body = JSON.stringify({ success: false, error, error_code: 'STEP_UP_REQUIRED' });
  const refuse = (route) => route.fulfill({ status: 403, contentType: 'application/json', body });
  await page.route(path, refuse, { times: 1 });
}

journey('an invited person gets in, protects her account and is thrown out', async (stage) => {
  const appliance = await stage.appliance('run', BOOT);
  await setUpByScript(appliance);
  const chief = await stage.browser.open(appliance);
  await arrive(chief);
  const link = await invite(chief);

  const amina = await stage.browser.open(appliance, { viewport: { width: 375, height: 800 } });
  await activate(amina, link);
  await signIn(amina, AMINA);
  await amina.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
  const recovery = await secondFactor(amina);
  await stage.browser.picture(amina, 'accounts-own-phone');

  await chief.goto('/users');
  await chief.getByRole('link', { name: 'Amina' }).click();
  await chief.getByRole('button', { name: /End the session/ }).click();
  await amina.getByText('Your session has ended').waitFor();

  await signIn(amina, AMINA);
  await field(amina, 'Code').fill('000000');
  await press(amina, 'Log in');
  await amina.getByRole('alert').first().waitFor();
  await field(amina, 'Code').fill(recovery);
  await press(amina, 'Log in');
  await amina.getByRole('button', { name: /your account/i }).waitFor();
});

journey('a lost password is set anew with a code, and only with that code', async (stage) => {
  const appliance = await stage.appliance('run', BOOT);
  await setUpByScript(appliance);
  const chief = await stage.browser.open(appliance);
  await arrive(chief);
  const first = await stage.browser.open(appliance);
  await activate(first, await invite(chief));

  await chief.goto('/users');
  await chief.getByRole('link', { name: 'Amina' }).click();
  await press(chief, 'Make a reset code');
  const makeCode = chief.getByRole('alertdialog').getByRole('button', { name: 'Make a reset code' });
  const proof = chief.getByRole('dialog', { name: 'Is it you?' });
  await proofIsTooOld(chief, '**/reset-token');
  await makeCode.click();
  await proof.waitFor();
  assert.deepEqual(await accessibilityFaults(chief), []);
  await stage.browser.picture(chief, 'accounts-step-up');
  await chief.keyboard.press('Escape');
  await chief.getByText('Nothing was done').waitFor();
  await proofIsTooOld(chief, '**/reset-token');
  await makeCode.click();
  await proof.getByLabel('Your password', { exact: true }).fill('not mine');
  await chief.keyboard.press('Enter');
  await proof.getByText('This is not your password.').waitFor();
  await proof.getByLabel('Your password', { exact: true }).fill(OWNER.password);
  await chief.keyboard.press('Enter');
  const code = await chief.getByTestId('reset-code').innerText();

  const other = await stage.browser.open(appliance, { colorScheme: 'dark' });
  await other.goto('/login');
  await other.getByRole('link', { name: 'Forgot your password?' }).click();
  await other.getByRole('link', { name: 'I have a code' }).click();
  const set = async (typed, password) => {
    await field(other, 'One-time code').fill(typed);
    await field(other, 'New password').fill(password);
    await field(other, 'New password again').fill(password);
    await press(other, 'Set the password');
  };
  await set('WRONG', 'Cold milk at Seven 2!');
  await other.locator('[name=token][aria-invalid=true]').waitFor();
  await set(code, 'cold milk');
  await other.getByText('Use upper case, lower case, a digit and a symbol.').waitFor();
  await set(code, 'Cold milk at Seven 2!');
  await heading(other, 'The password is changed');
  await press(other, 'Log in');
  await signIn(other, { ...AMINA, password: 'Cold milk at Seven 2!' });
  await other.getByRole('heading', { name: 'Dashboard', includeHidden: true }).waitFor();
});

journey('what an administrator sees of accounts, also in Arabic', async (stage) => {
  const appliance = await stage.appliance('run', BOOT);
  await setUpByScript(appliance);
  const chief = await stage.browser.open(appliance);
  await arrive(chief);
  const screens = [
    ['/users/roles', 'Roles'],
    ['/users/sessions', 'Sessions'],
    ['/users/codes', 'Reset codes'],
    ['/tokens', 'API tokens'],
    ['/tokens/new', 'New API token'],
  ];
  for (const [path, title] of screens) {
    await chief.goto(path);
    await heading(chief, title);
    await stage.browser.picture(chief, `accounts${path.replaceAll('/', '-')}`);
  }
  await field(chief, 'Name').fill('Telegraf');
  await press(chief, 'Make the token');
  await chief.getByText('Choose at least one.').waitFor();
  await chief.getByLabel('Write readings').check();
  await press(chief, 'Make the token');
  await chief.getByTestId('api-token').waitFor();

  const arabic = await stage.browser.open(appliance, { locale: 'ar', colorScheme: 'dark' });
  await arabic.goto('/users/invite');
  await arabic.locator('[name=username]').fill(OWNER.email);
  await arabic.locator('[name=password]').fill(OWNER.password);
  await arabic.locator('button[type=submit]').click();
  await arabic.locator('[name=person]').waitFor();
  await stage.browser.picture(arabic, 'accounts-invite-arabic');
  await arabic.goto('/users');
  await arabic.getByRole('table').waitFor();
  await stage.browser.picture(arabic, 'accounts-users-arabic');
});

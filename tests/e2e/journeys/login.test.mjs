import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { OWNER, setUpByScript, signIn } from '../support/person.mjs';
import { until } from '../support/until.mjs';

journey('login: a wrong password, the right one, out again', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);

  // Whoever asks for a page is brought back to it.
  await page.goto('/equipment');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await signIn(page, { ...OWNER, password: 'Night-shift-2025' });
  await page.getByText('Invalid email or password').waitFor();
  await stage.browser.picture(page, 'login-wrong');
  await signIn(page);
  await page.getByRole('heading', { name: 'Equipment' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/equipment');

  // The session outlives a reload of the page.
  await page.reload();
  await page.getByRole('heading', { name: 'Equipment' }).waitFor();

  await page.getByRole('button', { name: /your account/ }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.goto('/equipment');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  // The browser stays known, so that nobody locks it out by guessing elsewhere; it is not signed in.
  const cookies = await page.context().cookies();
  const names = cookies.map(({ name }) => name);
  assert.deepEqual(names, ['indusmind_device'], 'no session is left behind');
});

journey('login: whoever tries too often has to wait, and is told how long', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await page.goto('/login');
  const waiting = page.getByText(/You can try again in \d+\ss/);
  await until('the limit is reached', async () => {
    if (await waiting.isVisible()) return true;
    await signIn(page, { ...OWNER, password: 'Not-this-one-1' });
    await page.getByText(/Invalid email or password|try again in/).first().waitFor();
    return false;
  });
  await stage.browser.picture(page, 'login-limit');
});

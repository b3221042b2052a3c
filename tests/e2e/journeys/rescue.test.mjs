// The rescue page of the launcher: in each language, on a phone, without a script, and all its ways out.
import assert from 'node:assert/strict';
import path from 'node:path';
import { PHONE, accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, OWNER, setUpByScript, signInByScript } from '../support/person.mjs';
import { Retry, until } from '../support/until.mjs';

/** Waits until the appliance itself answers. */
const serves = (installed) =>
  until('the appliance serves', async () => {
    const answer = await fetch(`${installed.address}/health`).catch(() => null);
    if (answer?.status !== 200) throw new Retry(String(answer?.status));
    return true;
  });

const rescueCode = (installed) => installed.console(/rescue page at \S+ rescue code (\S+)/);

/** Opens the page as a person with this language; it holds what it says, and fits the screen. */
async function open(stage, installed, options, title) {
  const page = await stage.browser.open(installed, options);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  const tooWide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  assert.equal(await page.evaluate(tooWide), 0, 'nothing is wider than the screen');
  assert.equal(await page.locator('script').count(), 0);
  return page;
}

journey('the program is damaged: data is saved on the rescue page, and it goes on', async (stage) => {
  const installed = await stage.installed();
  installed.start();
  await setUpByScript(installed);
  await installed.stop();
  const mend = await installed.breakProgram();
  installed.start();
  const code = await rescueCode(installed);
  const page = await open(stage, installed, { locale: 'fr-FR' }, 'Indusmind n’a pas pu démarrer');
  await page.getByText('a été modifié ou est abîmé').waitFor();

  // A wrong code changes nothing, and the way back keeps the language.
  await page.getByLabel('Code de secours').fill('0000');
  await page.getByRole('button', { name: 'Réessayer' }).click();
  await page.getByText('Ce n’est pas le code de secours.').waitFor();
  await page.getByRole('link', { name: 'Retour' }).click();
  await page.getByText('Vos données sont conservées.').waitFor();

  await page.getByRole('link', { name: 'English' }).click();
  await page.getByLabel('Rescue code').fill(code);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the data as a file' }).click(),
  ]);
  const saved = path.join(installed.root, 'saved.tar');
  await download.saveAs(saved);

  await mend();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('It is being done.').waitFor();
  await serves(installed);
  await installed.stop();

  // Now the data is what the disk lost: the saved file brings it back, on a phone, in Arabic.
  await installed.breakData();
  installed.start();
  const other = await rescueCode(installed);
  const phone = await open(
    stage,
    installed,
    { locale: 'ar-TN', viewport: PHONE },
    'تعذّر تشغيل Indusmind',
  );
  await phone.getByLabel('رمز الإنقاذ').fill(other);
  await phone.getByRole('button', { name: 'الاستعادة من ملف محفوظ' }).click();
  await phone.getByText('اختر أولًا ملفًا محفوظًا.').waitFor();
  await phone.getByRole('link', { name: 'رجوع' }).click();
  await phone.getByLabel('رمز الإنقاذ').fill(other);
  await phone.getByLabel('الملف المحفوظ').setInputFiles(saved);
  await phone.getByRole('button', { name: 'الاستعادة من ملف محفوظ' }).click();
  await phone.getByText('يجري التنفيذ.').waitFor();
  await serves(installed);
  await signInByScript(installed);
  // Who waited on the page gets back to the appliance without a hand.
  await phone.locator('input[type=password]').waitFor();
  await arrive(await stage.browser.open(installed), OWNER);
});

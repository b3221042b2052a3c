// Reports: asked for, watched, looked at, saved as files, checked against the readings, put on a timetable.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { accessibilityFaults, PHONE } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin, signIn, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** Presses a button that saves a file; its bytes and its name. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

journey('a report is made, looked at and saved as a file', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page, login);
  await page.goto('/reports');
  await page.getByText('No report yet').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  // Days that are none, or the wrong way round, or ahead are told at their field, and nothing is made.
  await page.getByRole('button', { name: 'New report' }).click();
  const dialog = page.getByRole('dialog');
  const make = dialog.getByRole('button', { name: 'Make it' });
  await dialog.getByLabel('Period').selectOption({ label: 'Other days' });
  await make.click();
  await until('both days are missing', async () => (await dialog.getByText('Choose a day.').count()) === 2);
  await dialog.getByLabel('First day').fill('2026-10-20');
  await dialog.getByLabel('Last day').fill('2026-10-10');
  await make.click();
  await dialog.getByText('The last day must not be before the first.').waitFor();
  await dialog.getByLabel('First day').fill('2091-10-20');
  await dialog.getByLabel('Last day').fill('2091-10-21');
  await make.click();
  await dialog.getByRole('alert').first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await dialog.getByLabel('Report', { exact: true }).selectOption({ label: 'Weekly energy report' });
  await dialog.getByLabel('Period').selectOption({ label: 'Last week' });
  await make.click();
  await dialog.waitFor({ state: 'detached' });

  // It appears at once; how far it is stands there until its files do.
  const row = page.getByRole('table', { name: 'Reports' }).getByRole('row').nth(1);
  await row.getByText('Weekly energy report').waitFor();
  const pdf = row.getByRole('button', { name: 'Save Weekly energy report as PDF' });
  await pdf.waitFor();
  assert.equal(await row.getByRole('progressbar').count(), 0, 'what is made is not under way');
  await stage.browser.picture(page, 'reports-list');

  const paper = await saved(page, pdf);
  assert.equal(paper.bytes.subarray(0, 5).toString(), '%PDF-');
  assert.match(paper.name, /\.pdf$/);
  const book = await saved(page, row.getByRole('button', { name: /as Excel$/ }));
  assert.equal(book.bytes.subarray(0, 2).toString(), 'PK');
  assert.match(book.name, /\.xlsx$/);

  // The preview shows the figures of the API, and they hold against the readings.
  await row.getByRole('link', { name: 'Weekly energy report' }).click();
  await page.getByRole('heading', { name: 'Weekly energy report', level: 1 }).waitFor();
  await page.getByRole('img').first().waitFor();
  await page.getByRole('table').first().getByRole('row').nth(1).waitFor();
  const token = await signInByScript(appliance, login);
  const id = new URL(page.url()).pathname.split('/').pop();
  const { document } = await appliance.ask('GET', `/reports/${id}`, { token });
  const energy = document.sections.flatMap(({ blocks }) => blocks).find(({ kind }) => kind === 'figures')
    .figures[0];
  const shown = Number(energy.value).toLocaleString('en-GB', {
    minimumFractionDigits: energy.decimals,
    maximumFractionDigits: energy.decimals,
  });
  await page.getByText(`${shown} ${energy.unit}`).first().waitFor();
  await page.getByRole('button', { name: 'Check against the readings' }).click();
  await page.getByText('Made again from its recipe: every figure is the same.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'report-preview');

  // What nobody wants is deleted, after a question.
  await page.getByRole('link', { name: 'All reports' }).click();
  await page.getByRole('button', { name: 'Delete Weekly energy report' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No report yet').waitFor();
});

journey('a report is put on the timetable, and who only reads cannot', async (stage) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const page = await stage.browser.open(appliance, { viewport: PHONE });
  await arrive(page, login);
  await page.goto('/reports');
  await page.getByRole('button', { name: 'Add an entry' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('PDF').uncheck();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Choose at least one form.').waitFor();
  await dialog.getByLabel('Excel').check();
  await dialog.getByLabel('E-mail addresses').fill('nobody');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').first().waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await dialog.getByLabel('E-mail addresses').fill('');
  await dialog.getByLabel('How often').selectOption({ label: 'Every week, on Monday' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const entry = page.getByRole('listitem').filter({ hasText: 'Daily energy report' });
  await entry.getByText('Every Monday at 06:30').waitFor();
  await entry.getByText(/^Next: /).waitFor();
  await entry.getByRole('button', { name: /^Change/ }).click();
  await dialog.getByLabel('Keep to it').uncheck();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await entry.getByText('Switched off').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'reports-timetable');

  const reader = await stage.browser.open(appliance);
  await reader.goto('/login?next=/reports');
  await signIn(reader, { email: 'technician@demo.example', password: login.password });
  await reader.getByText('An energy manager makes them.').waitFor();
  assert.equal(await reader.getByRole('button', { name: 'New report' }).count(), 0);
  assert.equal(await reader.getByRole('button', { name: 'Add an entry' }).count(), 0);
});

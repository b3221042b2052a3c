import { journey } from '../support/journey.mjs';
import { addMeter, arrive, setUpByScript } from '../support/person.mjs';

journey('a silent device is named by its line, its frames and the doctor', async (stage) => {
  const meter = await stage.meter({ powerKw: 12.5 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Press', port: meter.port });
  const doctor = page.getByRole('region', { name: 'Doctor' });
  await doctor.getByText('It answers, and nothing is wrong.').waitFor();

  meter.freeze();
  await doctor.getByText(/the device is silent since \d/).waitFor();
  await doctor.getByText('Check the power and wiring of the device').waitFor();
  await stage.browser.picture(page, 'lines-doctor');

  await page.goto('/lines');
  const row = page.getByRole('row').filter({ hasText: `127.0.0.1:${meter.port}` });
  await row.getByText('Nobody answers').waitFor();
  await row.getByText('Silent: Press').waitFor();
  await stage.browser.picture(page, 'lines-list');

  await row.getByRole('link').click();
  await page.getByRole('heading', { name: `127.0.0.1:${meter.port}` }).waitFor();
  await page.getByLabel('Outcome', { exact: true }).selectOption('answered');
  const frames = page.getByRole('table', { name: 'Frames' });
  await page.getByRole('button', { name: 'Pause' }).click();
  await frames.getByRole('button', { name: /^Show frame/ }).first().click();
  await frames.getByText(/^[0-9A-F]{2}( [0-9A-F]{2})+$/).first().waitFor();
  await stage.browser.picture(page, 'lines-frames');

  // The address of a line can be kept and sent to somebody.
  await page.reload();
  await page.getByRole('heading', { name: `127.0.0.1:${meter.port}` }).waitFor();

  meter.thaw();
  await page.goto('/lines');
  await row.getByText('Working').or(row.getByText('Errors')).first().waitFor();
});

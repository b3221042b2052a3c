// From a value that is too high to the person who knows of it.
import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { addMeter, arrive, OWNER, setUpByScript, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

journey('a machine draws too much: it is seen, acknowledged by keys, and over', async (stage) => {
  const meter = await stage.meter({ powerKw: 5 });
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await arrive(page);
  await addMeter(page, { name: 'Press 4', port: meter.port });
  const token = await signInByScript(appliance);
  const { items } = await appliance.ask('GET', '/equipment?search=Press', { token });
  const rule = {
    equipment_id: items[0].id,
    level: 'High',
    metric: 'power',
    operator: '>',
    threshold: 50,
    dead_band: 2,
    note: 'Look at the clutch.',
  };
  await appliance.ask('POST', '/alert-rules', { token, body: rule });

  await page.goto('/alerts');
  await page.getByRole('heading', { name: 'Alerts', exact: true }).waitFor();
  // Of the whole device, as an SDM630 says it: in watts at 52.
  const values = await meter.values();
  await meter.set({ ...values, power_kw: 80 });
  const row = page.getByRole('row').filter({ hasText: 'Press 4' }).filter({ hasText: '80' });
  await row.getByText('Waits for somebody').waitFor();
  await stage.browser.picture(page, 'alerts-waits');

  await page.keyboard.press('j');
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('The fitter is on his way.');
  await dialog.getByRole('button', { name: /^Acknowledge/ }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('Acknowledged, still there').waitFor();

  await row.getByRole('link').first().click();
  await page.getByText('The fitter is on his way.').first().waitFor();
  await page.getByText('Look at the clutch.').first().waitFor();
  await stage.browser.picture(page, 'alert');

  await meter.set({ ...values, power_kw: 5 });
  const over = await until('the alert is over', async () => {
    const list = await appliance.ask('GET', '/alerts?search=Power&status=all', { token });
    return list.items.find(({ state, metric }) => state === 'normal' && metric === 'power');
  });
  assert.equal(over.acknowledged_by, OWNER.email);
  assert.equal(over.notes, 'The fitter is on his way.');
});

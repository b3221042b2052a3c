// Digital states: a profile with a coil, a discrete input, single bits and a bit field is entered on
// the page, a cabinet is read by it, and its states are words with a sign, now and in the history.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { Cabinet } from '../support/cabinet.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, choose, liveRow, setUpByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const field = (scope, label) => scope.getByLabel(label, { exact: true });

/** One row of the form of a profile. */
async function say(page, number, { metric, address, table, type, bit, bits, turned }) {
  const row = page.getByRole('group', {
    name: `Register ${number}`,
    exact: true,
  });
  await field(row, 'Metric').fill(metric);
  await field(row, 'Address').fill(String(address));
  if (table) await field(row, 'Function').selectOption(table);
  if (type) await field(row, 'Data type').selectOption(type);
  if (bit !== undefined) await field(row, 'Bit').fill(String(bit));
  if (bits !== undefined) await field(row, 'Number of bits (optional)').fill(String(bits));
  const name = /^Turned round/;
  if (turned) await row.getByRole('checkbox', { name }).check();
}

const ROWS = [
  { metric: 'door_open', address: 7, table: 'discrete' },
  { metric: 'breaker_closed', address: 8, table: 'discrete', turned: true },
  { metric: 'pump_running', address: 2, table: 'coil' },
  { metric: 'filter_alarm', address: 100, type: 'uint16', bit: 9 },
  { metric: 'mode', address: 100, type: 'uint16', bit: 4, bits: 3 },
];

async function addProfile(page) {
  await page.goto('/profiles/new');
  await field(page, 'Brand').fill('Acme');
  await field(page, 'Model').fill('Cabinet 4');
  await field(page, 'Source').fill('Acme manual 3, page 12');
  for (const [at, row] of ROWS.entries()) {
    if (at > 0) await page.getByRole('button', { name: 'Add a register' }).click();
    await say(page, at + 1, row);
  }
  // A bit that the type does not have is refused with its place.
  await say(page, 4, { ...ROWS[3], bit: 16 });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The type has fewer bits.').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await say(page, 4, ROWS[3]);
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.equal((await answered).status(), 201);
  await page.goto('/profiles/acme-cabinet-4');
  await page
    .getByRole('heading', { name: /Cabinet 4/ })
    .first()
    .waitFor();
  for (const said of ['Bit 9', 'Bit 4–6', 'turned round'])
    await page.getByText(said, { exact: true }).waitFor();
}

async function addCabinet(page, port) {
  await page.goto('/equipment/new');
  await field(page, 'Name').fill('Switch cabinet');
  await field(page, 'Type').fill('Cabinet');
  await field(page, 'Model').fill('Cabinet 4');
  await field(page, 'Installed on').fill('2024-05-01');
  await field(page, 'IP address or host name').fill('127.0.0.1');
  await page.locator('input[name="port"]').fill(String(port));
  await field(page, 'Read every').fill('500');
  await choose(page, 'Device type', 'Cabinet 4');
  // One more state beside the profile, by the rows of the equipment itself.
  await page.getByRole('button', { name: 'Add a register' }).click();
  const row = page.getByRole('group', { name: 'Register 1', exact: true });
  await field(row, 'Metric').fill('fan_fault');
  await field(row, 'Address').fill('101');
  await field(row, 'Data type').selectOption('uint16');
  await field(row, 'Bit (optional)').fill('64');
  await page.getByRole('button', { name: 'Save' }).click();
  await row.getByText('A bit is a whole number from 0 to 63.').waitFor();
  await field(row, 'Bit (optional)').fill('0');
  await row.getByRole('checkbox', { name: /^Turned round: on while it is 0/ }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Switch cabinet', exact: true }).waitFor();
}

const reads = (page, metric, text) => liveRow(page, metric).getByText(text).waitFor();

journey('states of a cabinet are words with a sign, now and in the history', async (stage) => {
  const cabinet = await Cabinet.start();
  try {
    const appliance = await stage.appliance();
    await setUpByScript(appliance);
    const page = await stage.browser.open(appliance);
    await arrive(page);
    await addProfile(page);
    await stage.browser.picture(page, 'digital-profile');
    // The door is open, the breaker's contact is at rest, the pump runs, mode 5, no alarm.
    cabinet.inputs.set(7, 1);
    cabinet.coils.set(2, 1);
    cabinet.words.set(100, 5 << 4);
    cabinet.words.set(101, 1);
    await addCabinet(page, cabinet.port);
    await reads(page, 'Door open', '● open');
    await reads(page, 'Breaker closed', '● closed');
    await reads(page, 'Pump running', '● running');
    await reads(page, 'Filter alarm', '○ normal');
    await reads(page, 'Fan fault', '○ normal');
    const mode = liveRow(page, 'Mode').locator('.reading__value');
    await until('the three bits make 5', async () => /^5\b/.test(await mode.innerText()));
    assert.deepEqual(await accessibilityFaults(page), []);
    cabinet.inputs.clear();
    cabinet.inputs.set(8, 1);
    cabinet.coils.clear();
    cabinet.words.set(100, (1 << 9) | (2 << 4));
    cabinet.words.set(101, 0);
    await reads(page, 'Door open', '○ closed');
    await reads(page, 'Breaker closed', '○ open');
    await reads(page, 'Pump running', '○ stopped');
    await reads(page, 'Filter alarm', '● alarm');
    await reads(page, 'Fan fault', '● fault');
    await stage.browser.picture(page, 'digital-live');

    // In the history it was open for a part of the time, in words, not as a number.
    const history = page.locator('.detail__history');
    await field(history, 'Metric').selectOption({ label: 'Door open' });
    await history.getByRole('button', { name: 'Show as table' }).click();
    await until('the history has words', async () => {
      const told = await history.getByRole('table').innerText();
      return /[●○◐] (?:[^\n]*of the time )?(?:open|closed)/.test(told);
    });
    await stage.browser.picture(page, 'digital-history');
  } finally {
    await cabinet.remove();
  }
});

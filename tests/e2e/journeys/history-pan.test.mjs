// A curve that is pulled about: what was seen comes back as it was, no point of another window is ever
// in sight, no figure speaks of half a window, and the file holds what is seen.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { journey } from '../support/journey.mjs';
import { arrive, demoLogin } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const HOUR_MS = 3_600_000;
/** A key pulls by this share of the window. */
const PULL = 0.25;

const zoomOf = (page) => new URL(page.url()).searchParams.get('zoom');
const canvas = (page) => page.locator('.u-wrap canvas');
const drawn = (page) => canvas(page).evaluate((node) => node.toDataURL());
const said = (page) => page.locator('.chart [aria-live]').innerText();
const figures = (page) => page.getByRole('table', { name: 'Figures of the period' });
const behind = (page) => page.locator('.trend__said[aria-busy="true"]');
const settled = (page) => page.locator('.trend__main[aria-busy="false"]').waitFor();
const isHistory = (url) => url.pathname === '/api/historical/consumption';

/** Opens this window of the whole site's power, which is over and changes no more. */
async function look(page, [from, to]) {
  await page.goto(`/history?range=today&zoom=${from}-${to}`);
  await figures(page).locator('tbody tr').first().waitFor();
  await settled(page);
  await page.getByRole('application').focus();
}

async function press(page, key, times) {
  for (let n = 0; n < times; n += 1) await page.keyboard.press(key);
}

/** The window so many pulls later, as it stands in the address. */
const moved = ([from, to], pulls) => [from, to].map((at) => at + pulls * PULL * (to - from));

/** Lets questions wait, and lets them go one by one. */
async function gateOf(page) {
  const waiting = [];
  let shut = false;
  await page.route(isHistory, async (route) => {
    if (shut) await new Promise((go) => waiting.push(go));
    await route.continue();
  });
  return {
    waiting,
    close: () => (shut = true),
    one: () => waiting.shift()(),
    open() {
      shut = false;
      for (const go of waiting.splice(0)) go();
    },
  };
}

async function arrived(page, span) {
  await until(`the address says ${span.join('-')}`, () => zoomOf(page) === span.join('-'));
  await settled(page);
  await until('the figures are whole', async () => (await behind(page).count()) === 0);
}

journey('history pulled about: the same points, no other ones, whole figures', async (stage) => {
  const appliance = await stage.appliance('demo');
  const page = await stage.browser.open(appliance);
  await arrive(page, await demoLogin(appliance));
  const to = Math.floor(Date.now() / HOUR_MS - 4) * HOUR_MS;
  const span = [to - HOUR_MS, to];

  // Into the past and back: the very same picture.
  await look(page, span);
  const before = await drawn(page);
  await press(page, 'Shift+ArrowLeft', 6);
  await arrived(page, moved(span, -6));
  assert.notEqual(await drawn(page), before, 'another hour looks different');
  await press(page, 'Shift+ArrowRight', 6);
  await arrived(page, span);
  await until('the same picture', async () => (await drawn(page)) === before);

  // The answer is late: the figures stay those of the last whole window, and are marked.
  const gate = await gateOf(page);
  const whole = await figures(page).innerText();
  gate.close();
  await press(page, 'Shift+ArrowLeft', 4);
  await until('a question is under way', () => gate.waiting.length === 1);
  await behind(page).waitFor();
  await until('the hand has come to rest', () => zoomOf(page) === moved(span, -4).join('-'));
  const late = await figures(page).innerText();

  // Meanwhile the hand goes the other way. The old answer comes: none of its points is in sight.
  await press(page, 'Shift+ArrowRight', 10);
  const there = moved(span, 6);
  await until('the hand rests there', () => zoomOf(page) === there.join('-'));
  gate.one();
  await until('the next question', () => gate.waiting.length === 1);
  await page.keyboard.press('Home');
  assert.equal(await said(page), '', 'nothing of the other window can be read');
  await behind(page).waitFor();
  gate.open();
  await arrived(page, there);
  const [picture, table] = [await drawn(page), await figures(page).innerText()];

  // Who opens the link sees the same, and so it was with the figures that waited.
  await look(page, there);
  assert.equal(await figures(page).innerText(), table);
  await until('the picture of the link', async () => (await drawn(page)) === picture);
  await page.keyboard.press('Home');
  await until('its first value is read out', () => said(page));
  const known = [whole];
  for (const pulls of [-1, -2]) {
    await look(page, moved(span, pulls));
    known.push(await figures(page).innerText());
  }
  assert.ok(known.includes(late), `figures of half a window: ${late}`);
});

journey('history pulled about: asked before the hand rests, and saved as seen', async (stage) => {
  const appliance = await stage.appliance('demo');
  const page = await stage.browser.open(appliance);
  await arrive(page, await demoLogin(appliance));
  const to = Math.floor(Date.now() / HOUR_MS - 4) * HOUR_MS;
  await look(page, [to - HOUR_MS, to]);

  // The button stays down and the hand goes on moving until the answer is there.
  let answers = 0;
  page.on('response', (response) => (answers += isHistory(new URL(response.url())) ? 1 : 0));
  const box = await page.locator('.u-over').boundingBox();
  const [x, y] = [box.x + 10, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down({ button: 'middle' });
  await page.mouse.move(x + box.width * 0.8, y, { steps: 10 });
  let side = 1;
  await until('an answer while the hand moves', async () => {
    await page.mouse.move(x + box.width * 0.8 + side, y);
    side = -side;
    return answers > 0;
  });
  await page.mouse.up({ button: 'middle' });
  await until('the address follows', () => zoomOf(page) !== `${to - HOUR_MS}-${to}`);
  const save = async () => {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save what is seen as CSV' }).click();
    return readFile(await (await coming).path(), 'utf8');
  };
  // A slow machine writes the address while the hand still moves, and once more when it rests.
  const { text, from, end } = await until('a file of the window at rest', async () => {
    const zoom = zoomOf(page);
    const [from, end] = zoom.split('-').map(Number);
    await arrived(page, [from, end]);
    const text = await save();
    return zoomOf(page) === zoom && { text, from, end };
  });
  const times = text
    .match(/^"?\d{4}-\d\d-\d\dT[\d:.]+Z?/gm)
    .map((at) => Date.parse(at.replace('"', '')));
  assert.ok(times.length > 50, text.slice(0, 300));
  for (const at of times)
    assert.ok(at > from - 60_000 && at < end, `${new Date(at).toISOString()} was not seen`);
});

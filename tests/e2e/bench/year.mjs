// How a year of readings every five seconds feels under the hand, in Chromium against the built
// binary: `make bench-page` prints it; nothing here passes or fails. Other work on the machine makes
// every figure worse, so the load is printed, too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Appliance } from '../support/appliance.mjs';
import { Browser } from '../support/browser.mjs';
import { arrive, setUpByScript, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';
import { EVERY_S, SAMPLES, yearBefore } from './readings.mjs';
import { quantile, times, witness } from './witness.mjs';

const DAY_MS = 86_400_000;
const WIDTHS = {
  year: 365 * DAY_MS,
  month: 30 * DAY_MS,
  week: 7 * DAY_MS,
  day: DAY_MS,
  hour: DAY_MS / 24,
};
const PANS = 20;
/** Pulls one after the other into the past, then as many back; each over this share of the chart. */
const STROKES = 4;
const STROKE_SHARE = 0.8;
/** Steps of the mouse in each, and what lies between them: a mouse that reports 60 times a second. */
const STROKE_STEPS = 40;
const STEP_MS = 1000 / 60;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** An appliance with one meter and its year. */
async function furnished(end) {
  const appliance = await Appliance.start();
  await setUpByScript(appliance);
  const token = await signInByScript(appliance);
  const keep = { raw_days: 400, minute_days: 400, quarter_days: null, hour_days: null };
  await appliance.ask('PUT', '/system/storage', { token, body: keep });
  const meter = {
    name: 'Main meter',
    type: 'Energy meter',
    model: 'SDM630',
    install_date: '2020-01-01',
    specs: {},
  };
  const { id } = await appliance.ask('POST', '/equipment', { token, body: meter });
  await appliance.kill();

  const began = performance.now();
  const data = path.join(appliance.folder, 'data');
  const words = [
    'import',
    '--data-dir',
    data,
    '--equipment',
    meter.name,
    '--interval',
    `${EVERY_S}s`,
  ];
  const child = spawn(
    process.env.INDUSMIND_BINARY,
    [...words, '--precision', 's', '--format', 'csv', '-'],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  await pipeline(Readable.from(yearBefore(end)), child.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`the import ended with ${code}`);
  console.log(
    `a year of ${SAMPLES} instants, power and counter, brought in within ${seconds(began)}`,
  );
  await appliance.startAgain();
  return { appliance, id };
}

const settled = (page) =>
  until('the answer is drawn', async () => {
    const busy = await page.locator('.trend__main').getAttribute('aria-busy');
    return busy === 'false';
  });

const mark = (page) => page.evaluate(() => performance.now());

/** Notes the answers that bring points: bytes on the wire and time until the last of them. */
function answersOf(page) {
  const noted = [];
  page.on('requestfinished', async (request) => {
    if (!/\/api\/historical\/consumption/.test(request.url())) return;
    const sizes = await request.sizes().catch(() => null);
    const { requestStart, responseEnd } = request.timing();
    if (sizes) noted.push({ bytes: sizes.responseBodySize, ms: responseEnd - requestStart });
  });
  return noted;
}

/** After a gesture: when it was first drawn, and when with the answer to its own question. */
async function drawnAfter(page, from) {
  // A hand rests after 220 ms, and then the page may still ask; twice that without a drawing is the end.
  await until('it rests', async () => {
    await settled(page);
    const [now, last] = await page.evaluate(() => [
      performance.now(),
      window.witness.draws.at(-1) ?? 0,
    ]);
    return now - Math.max(from, last) > 450;
  });
  return page.evaluate((since) => {
    const input = window.witness.inputs.find((at) => at >= since);
    const drawn = window.witness.draws.filter((at) => at >= input);
    return [drawn[0] - input, drawn.at(-1) - input];
  }, from);
}

async function press(page, key) {
  const from = await mark(page);
  await page.keyboard.press(key);
  return drawnAfter(page, from);
}

/** One pull with the middle button, to the right into the past or to the left. */
async function stroke(page, box, right) {
  const [left, y] = [box.x + box.width * 0.1, box.y + box.height / 3];
  const at = (share) => left + box.width * STROKE_SHARE * (right ? share : 1 - share);
  await page.mouse.move(at(0), y);
  await page.mouse.down({ button: 'middle' });
  const began = performance.now();
  for (let step = 1; step <= STROKE_STEPS; step += 1) {
    await page.mouse.move(at(step / STROKE_STEPS), y);
    await pause(Math.max(0, began + step * STEP_MS - performance.now()));
  }
  await page.mouse.up({ button: 'middle' });
}

/** What the page's own thread has computed since it began, s of CPU: it does not grow when others compute. */
async function busySeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration').value;
}

/** Pulls the chart over several windows into the past and back, without a rest. */
async function pull(page) {
  const box = await page.locator('.u-over').boundingBox();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await busySeconds(session);
  const from = await mark(page);
  for (let n = 0; n < 2 * STROKES; n += 1) await stroke(page, box, n < STROKES);
  const to = await mark(page);
  const busy = (await busySeconds(session)) - before;
  await session.detach();
  const seen = await page.evaluate(
    ([since, until]) => {
      const { frames, draws, behind, tasks } = window.witness;
      const inside = (list) => list.filter((at) => at >= since && at <= until);
      const [shown, drawn] = [inside(frames), inside(draws)];
      return {
        seconds: (until - since) / 1000,
        frames: shown.length,
        draws: drawn.length,
        whole: 1 - inside(behind).length / shown.length,
        gaps: shown.slice(1).map((at, n) => at - shown[n]),
        long: tasks.filter(([at]) => at >= since && at <= until).map(([, ms]) => ms),
      };
    },
    [from, to],
  );
  return { ...seen, busy };
}

/** Which way the n-th pan goes: far into the past and back; a year only so far as there are readings. */
const isBack = (name, n) => (name === 'year' ? n % 4 < 2 : n < PANS / 2);

async function measure(page, answers, name, id, [from, to]) {
  const query = new URLSearchParams({
    s: `${id}:power`,
    range: 'year',
    zoom: `${Math.round(from)}-${Math.round(to)}`,
  });
  await page.goto(`/history?${query}`);
  await page.locator('.u-over').waitFor();
  await settled(page);
  await page.getByRole('application').focus();
  answers.length = 0;
  const began = await mark(page);
  const [first, whole] = [[], []];
  for (let n = 0; n < PANS; n += 1) {
    const [seen, answered] = await press(
      page,
      isBack(name, n) ? 'Shift+ArrowLeft' : 'Shift+ArrowRight',
    );
    first.push(seen);
    whole.push(answered);
  }
  const asked = [...answers];
  const tasks = await page.evaluate(
    (since) => window.witness.tasks.filter(([at]) => at >= since).map(([, ms]) => ms),
    began,
  );
  const pulled = await pull(page);
  const longest = Math.max(0, ...tasks, ...pulled.long);
  console.log(`\n${name}`);
  console.log(`  pan by a key, until the curve follows: ${times(first)}`);
  console.log(`  until nothing more is drawn: ${times(whole)}`);
  console.log(
    `  pulled over ${STROKES} windows and back in ${pulled.seconds.toFixed(1)} s: ${(pulled.frames / pulled.seconds).toFixed(0)} frames/s, ` +
      `${(pulled.draws / pulled.seconds).toFixed(0)} drawings/s, between frames ${times(pulled.gaps)}; ` +
      `all of the window answered in ${(pulled.whole * 100).toFixed(0)} % of the frames`,
  );
  console.log(
    `  CPU of the page meanwhile: ${pulled.busy.toFixed(1)} s, ` +
      `${((pulled.busy * 1000) / pulled.draws).toFixed(1)} ms for each drawing`,
  );
  console.log(
    `  longest task of the page: ${longest ? `${longest.toFixed(0)} ms` : 'below 50 ms'}`,
  );
  const sizes = asked.map(({ bytes }) => bytes);
  const kilobytes = (share) => `${(quantile(sizes, share) / 1000).toFixed(1)} kB`;
  if (asked.length)
    console.log(
      `  ${asked.length} answers: ${times(asked.map(({ ms }) => ms))}; p50 ${kilobytes(0.5)}, largest ${kilobytes(1)}`,
    );
}

/** From the year to an hour with the keys, one press after the other. */
async function zoomIn(page, id) {
  await page.goto(`/history?${new URLSearchParams({ s: `${id}:power`, range: 'year' })}`);
  await page.locator('.u-over').waitFor();
  await settled(page);
  await page.getByRole('application').focus();
  const [first, whole] = [[], []];
  const narrow = () => {
    const [from, to] = (new URL(page.url()).searchParams.get('zoom') ?? '').split('-').map(Number);
    return to - from <= WIDTHS.hour;
  };
  while (!narrow()) {
    const [seen, answered] = await press(page, '+');
    first.push(seen);
    whole.push(answered);
  }
  console.log(`\nfrom the year to an hour, ${first.length} times nearer by a key`);
  console.log(`  until the curve follows: ${times(first)}; with its answer: ${times(whole)}`);
}

async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return `${(usedSize / 1e6).toFixed(1)} MB`;
}

const end = Math.floor(Date.now() / 1000 / EVERY_S) * EVERY_S;
const { appliance, id } = await furnished(end);
const browser = new Browser();
try {
  const page = await browser.open(appliance);
  await page.addInitScript(witness);
  const answers = answersOf(page);
  await arrive(page);
  await zoomIn(page, id);
  const now = end * 1000;
  for (const [name, width] of Object.entries(WIDTHS)) {
    // The narrow ones lie in the middle of the year, as far from the last days as can be.
    const to = name === 'year' ? now : now - 150 * DAY_MS;
    await measure(page, answers, name, id, [to - width, to]);
    await browser.picture(page, `bench-${name}`);
    console.log(`  memory of the page: ${await memoryOf(page)}`);
  }
  console.log(
    `\nload of the machine in the last minute: ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} cores`,
  );
} finally {
  await browser.close();
  await appliance.remove();
}

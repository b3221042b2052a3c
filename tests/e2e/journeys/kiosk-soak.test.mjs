// Two hours on a wall in the time of three minutes: the clock of the page and what it hears run faster,
// the rounds go on, and nothing grows.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const HALL = { width: 1920, height: 1080 };
const SPEED = 40;
const MINUTE_MS = 60_000;
/** The first hour fills the curve of an hour and the caches; the hour after it must not grow. */
const WARM_MS = 60 * MINUTE_MS;
const SOAK_MS = WARM_MS + 60 * MINUTE_MS;
const LOOK_EVERY_MS = 2 * MINUTE_MS;
/** A busy machine looks seldom: the soak goes on until there is enough to compare. */
const LOOKS_LEAST = 12;
const REAL_MOST_MS = 8 * MINUTE_MS;
/** The page that is weighed stands long enough that its curves come and a look ends before its turn does. */
const PAGES = 'overview:160,flow,live,alerts';
/** What a heap may differ by from one look to the next without a leak, as a share. */
const TREMBLE = 0.15;
/** A leak of one element per round would be more than this by the end. */
const NODES_TREMBLE = 150;

/**
 * Runs in the page, before anything of it. Only what comes round is hurried: an attempt to connect
 * has the time that it has, because the appliance is as quick as always.
 */
function hurry(speed) {
  const RealDate = Date;
  const realInterval = setInterval;
  const began = RealDate.now();
  const fastNow = () => began + (RealDate.now() - began) * speed;
  window.Date = class extends RealDate {
    constructor(...parts) {
      if (parts.length) super(...parts);
      else super(fastNow());
    }
    static now() {
      return Math.floor(fastNow());
    }
  };
  // What looks at the clock has heard the heart beat before: a busy machine is no lost connection.
  const sockets = new Set();
  let beaten = 0;
  function beat() {
    if (fastNow() - beaten < 1_000) return;
    beaten = fastNow();
    for (const socket of sockets) socket.say('heartbeat');
  }
  window.setInterval = (act, ms = 0, ...rest) =>
    realInterval(() => (beat(), act(...rest)), ms / speed);

  /** The frames of the appliance again and again, as if it had its say at this pace. */
  const newest = new Map();
  const at = () => new RealDate(fastNow()).toISOString();
  const moved = {
    heartbeat: (data) => ({ ...data, time: at() }),
    dashboard: (data) => ({
      ...data,
      timestamp: at(),
      power: data.power === null ? null : data.power * (0.9 + Math.random() * 0.2),
    }),
    live: (data) => ({
      ...data,
      snapshot: false,
      time: at(),
      equipment: data.equipment.map((item) => ({
        ...item,
        last_update: at(),
        values: item.values.map((value) => ({ ...value, timestamp: at() })),
      })),
    }),
  };
  const RealSocket = WebSocket;
  window.WebSocket = class extends RealSocket {
    #hear = null;
    #timers = [];
    constructor(address) {
      super(address);
      newest.clear();
      this.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.event in moved) newest.set(frame.event, frame.data);
        if (frame.event in moved && !frame.data.snapshot) this.say(frame.event);
        else this.#hear?.({ data });
      });
      const every = (event, ms) =>
        this.#timers.push(realInterval(() => this.say(event), ms / speed));
      sockets.add(this);
      every('dashboard', 5_000);
      every('live', 5_000);
      this.addEventListener('close', () => {
        sockets.delete(this);
        this.#timers.forEach(clearInterval);
      });
    }
    set onmessage(hear) {
      this.#hear = hear;
    }
    say(event) {
      const data = newest.get(event);
      if (data) this.#hear?.({ data: JSON.stringify({ event, data: moved[event](data) }) });
    }
  };
}

/** Runs in the page: how many nodes are on the glass. */
function shownNodes() {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
  let nodes = 1;
  while (walker.nextNode()) nodes += 1;
  return nodes;
}

/**
 * What the page holds. Nodes on the glass and nodes that are held though nobody sees them are told
 * apart: an overview is shown with its curves or, on a busy machine, before they came.
 */
async function weigh(devtools, page) {
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
  const shown = await page.evaluate(shownNodes);
  return { heap: usedSize, shown, held: nodes - shown, listeners: jsEventListeners };
}

/** Always the same page on the glass, or its size would count as growth; one that is still being fetched weighs nothing. */
const isWhole = (page) =>
  page.evaluate(() =>
    Boolean(document.querySelector('.rounds[data-page="overview"] .dash__power .reading--good')),
  );

journey(
  'an hour on a wall: the rounds go on, and nothing grows',
  async (stage, t) => {
    // A page that lives thirty times as fast asks thirty times as often.
    const more = ['api_per_minute', 'session_per_minute', 'kiosk_per_minute', 'login_per_minute'];
    const boot = `[limits]\n${more.map((name) => `${name} = 6000`).join('\n')}\napi_burst = 6000\n`;
    const appliance = await stage.appliance('demo', boot);
    const token = await signInByScript(appliance, await demoLogin(appliance));
    const page = await stage.browser.open(appliance, { viewport: HALL });
    await page.goto(`/kiosk?night=off&sound=off&pages=${PAGES}`);
    const code = await page.getByTestId('pairing-code').innerText();
    await appliance.ask('POST', '/kiosks/approve', { token, body: { code, name: 'Soak' } });
    await page.locator('.rounds').waitFor();

    await page.addInitScript(hurry, SPEED);
    await page.reload();
    const rounds = page.locator('.rounds');
    await rounds.waitFor();
    const began = await page.evaluate(() => Date.now());
    const passed = async () => (await page.evaluate(() => Date.now())) - began;
    const devtools = await page.context().newCDPSession(page);

    const seen = new Map();
    const weights = [];
    const patience = Date.now() + REAL_MOST_MS;
    const enough = (ms) => ms >= SOAK_MS && weights.length >= LOOKS_LEAST;
    for (let next = WARM_MS, ms = 0; !enough(ms) && Date.now() < patience; ms = await passed()) {
      const name = await rounds.getAttribute('data-page');
      seen.set(name, (seen.get(name) ?? 0) + 1);
      if (ms < next || !(await isWhole(page))) continue;
      const weight = await weigh(devtools, page);
      // Its turn may have ended while it was weighed.
      if (!(await isWhole(page))) continue;
      weights.push(weight);
      next = ms + LOOK_EVERY_MS;
    }
    t.diagnostic(
      weights
        .map(({ heap, shown, held }) => `${Math.round(heap / 1024)} KiB, ${shown} and ${held}`)
        .join('; '),
    );
    assert.deepEqual(
      [...seen.keys()].sort(),
      ['alerts', 'flow', 'live', 'overview'],
      'all had a turn',
    );

    // Told by the halves, so that one look in an unlucky moment decides nothing.
    assert.ok(weights.length >= LOOKS_LEAST, `looked ${weights.length} times`);
    const half = Math.floor(weights.length / 2);
    const least = (list, key) => Math.min(...list.map((one) => one[key]));
    const [early, late] = [weights.slice(0, half), weights.slice(-half)];
    const grown = least(late, 'heap') / least(early, 'heap') - 1;
    assert.ok(grown < TREMBLE, `the heap has grown by ${Math.round(grown * 100)} %`);
    for (const key of ['shown', 'held', 'listeners']) {
      const more = least(late, key) - least(early, key);
      assert.ok(more < NODES_TREMBLE, `${more} more ${key}`);
    }
    await until('a page that still lives', async () => {
      const before = await page.locator('.header time').innerText();
      return until(
        'its clock moves',
        async () => (await page.locator('.header time').innerText()) !== before,
      );
    });
    assert.deepEqual(await accessibilityFaults(page), []);
    await stage.browser.picture(page, 'kiosk-soak-end');
  },
  { timeout: 12 * MINUTE_MS },
);

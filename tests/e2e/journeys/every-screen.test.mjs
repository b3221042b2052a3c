// Every screen that the router knows, at every size: a picture for the eye, nothing that axe-core
// takes seriously, nothing on the console, nothing wider than the screen, nothing cut off, and on
// a telephone nothing too small for a finger. INDUSMIND_LOOKS=all looks at every size in every theme
// and language, INDUSMIND_LOOKS=phone only at those of a telephone, INDUSMIND_LOOKS=wall-dark-fr,phone-dark-ar
// at these.
import assert from 'node:assert/strict';
import { journey } from '../support/journey.mjs';
import { examine, Faults } from '../support/looks.mjs';
import { demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const SIZES = {
  phone: { width: 360, height: 740 },
  laptop: { width: 1366, height: 768 },
  wall: { width: 1920, height: 1080 },
};
/** Each pair of size, theme and language once; French on a telephone has the longest words. */
const PAIRS = [
  ['laptop', 'light', 'en'],
  ['phone', 'dark', 'en'],
  ['phone', 'light', 'ar'],
  ['laptop', 'dark', 'ar'],
  ['wall', 'light', 'ar'],
  ['wall', 'dark', 'en'],
  ['phone', 'light', 'fr'],
];
const ALL = Object.keys(SIZES).flatMap((size) =>
  ['light', 'dark'].flatMap((theme) => ['en', 'fr', 'ar'].map((lang) => [size, theme, lang])),
);
const wanted = process.env.INDUSMIND_LOOKS ?? '';
const named = ALL.filter((look) => wanted.split(',').includes(look.join('-')));
const usual = PAIRS.filter((look) => !wanted || look.join('-').includes(wanted));
const LOOKS = wanted === 'all' ? ALL : named.length > 0 ? named : usual;
/** Some hundred screens on a machine that may compile beside. */
const TIMEOUT_MS = 3_600_000;

/** Screens that this appliance cannot show, with the journey that looks at them. */
const ELSEWHERE = { setup: 'screens.test.mjs' };

/** The screens, as the router of the page that is served knows them. */
const routesOf = (page) =>
  page.evaluate(() =>
    document
      .querySelector('#app')
      .__vue_app__.config.globalProperties.$router.getRoutes()
      .map(({ name, path, meta }) => ({ name, path, outside: Boolean(meta.gate || meta.wall) })),
  );

/** Something of each list that the demo plant leaves empty; an alert that is on. */
async function fill(appliance, token) {
  const ask = (path, body) => appliance.ask('POST', path, { token, body });
  const machine = await until('the plant has its meters', async () => {
    const { items } = await appliance.ask('GET', '/equipment?page_size=100', { token });
    return items.find(({ name }) => name === 'Oven line A');
  });
  const equipment_id = machine.id;
  await ask('/alert-rules', {
    equipment_id,
    level: 'High',
    metric: 'power',
    operator: '>',
    threshold: 0.001,
    note: 'Look at the clutch.',
  });
  await ask('/notifications/policies', {
    name: 'Nights and week-ends',
    enabled: true,
    from_level: 'High',
    recipients: [{ role: 'technician', outlet: 'smtp' }],
  });
  await ask('/api-tokens', { name: 'Telegraf in hall 2', scopes: ['readings:read'] });
  const { code } = await appliance.ask('POST', '/kiosk/pairing', {});
  await ask('/kiosks/approve', { code, name: 'Hall 2, north wall' });
  return machine;
}

/** A profile of the plant itself, made of one that came with the appliance. */
async function ownProfile(appliance, token) {
  const headers = { Authorization: `Bearer ${token}` };
  const from = await fetch(`${appliance.address}/api/profiles/eastron-sdm630/toml`, { headers });
  const body = (await from.text()).replace('id = "eastron-sdm630"', 'id = "our-sdm630"');
  const to = await fetch(`${appliance.address}/api/profiles`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/toml' },
    body,
  });
  assert.equal(to.status, 201, await to.text());
  return 'our-sdm630';
}

/** What stands in the place of each parameter, by the name of the route. */
async function examples(appliance, token) {
  const machine = await fill(appliance, token);
  const first = async (path) => {
    const answer = await appliance.ask('GET', path, { token });
    return answer.items[0];
  };
  const alert = await until('an alert is on', () => first('/alerts'));
  const profile = { id: await ownProfile(appliance, token) };
  const equipment = { id: machine.id, report: '' };
  const indicator = { id: (await first('/energy/enpi')).id };
  const cell = { id: (await first('/coldchain/cells')).id };
  const report = await appliance.ask('POST', '/reports/generate', {
    token,
    body: { template: 'daily_energy' },
  });
  return {
    report: { id: report.id },
    'cold-cell': cell,
    'cold-cell-edit': cell,
    'cold-install': cell,
    'equipment-detail': equipment,
    'equipment-commissioning': equipment,
    'equipment-edit': equipment,
    'alert-rule': { id: (await first('/alert-rules')).id },
    alert: { id: alert.id },
    indicator,
    'indicator-edit': indicator,
    'device-edit': { id: (await first('/devices')).id },
    outlet: { kind: 'smtp' },
    policy: { id: (await first('/notifications/policies')).id },
    'profile-detail': profile,
    'profile-edit': profile,
    user: { id: (await first('/users')).id },
    line: { query: { key: (await first('/lines')).key } },
    'not-found': { pathMatch: ['nothing', 'here'] },
  };
}

/** Signs in by the keys of the form, whatever its language. */
async function enter(page, { email, password }) {
  await page.goto('/login');
  await page.locator('input[name="username"]').fill(email);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.waitForURL((url) => url.pathname === '/');
}

/** Counts what is asked of the appliance, so that a screen is looked at when it has its answers. */
function busyness(page) {
  const open = new Set();
  const asked = (request) => request.url().includes('/api/') && open.add(request);
  page.on('request', asked);
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (done) => open.delete(done));
  return open;
}

/** Walks to a screen as a link does, and waits until all that it asked for is there. */
async function walkTo(page, target, open) {
  await page.evaluate(async (to) => {
    const { $router } = document.querySelector('#app').__vue_app__.config.globalProperties;
    await $router.push(to);
  }, target);
  await until(`${target.name} is there`, async () => {
    await page.evaluate(() => new Promise(requestAnimationFrame));
    return open.size === 0 && (await page.locator('.skeleton').count()) === 0;
  });
}

/** Another size, theme and language, in front of the same person. */
async function look(page, [size, theme, lang]) {
  await page.setViewportSize(SIZES[size]);
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate((wanted) => localStorage.setItem('retv4_language', wanted), lang);
  await page.reload();
  await page.locator('h1').first().waitFor({ state: 'attached' });
}

/** One person looks at hundreds of screens in minutes: faster than the limits let anybody. */
const BOOT = '[limits]\napi_per_minute = 6000\napi_burst = 6000\nsearch_per_minute = 6000\n';

journey(
  'every screen that the router knows, at every size',
  async (stage, t) => {
    const appliance = await stage.appliance('demo', BOOT);
    const login = await demoLogin(appliance);
    const token = await signInByScript(appliance, login);
    const example = await examples(appliance, token);
    const faults = new Faults();
    const persons = [];
    for (const outside of [true, false]) {
      const page = await stage.browser.open(appliance, { viewport: SIZES.laptop });
      if (outside) await page.goto('/login');
      else await enter(page, login);
      page.on('console', (message) => {
        // Who is outside is told so, and a screen on a wall that asks too often to wait.
        if (message.type() === 'error' && !(outside && /status of (401|429)/.test(message.text())))
          faults.add(`on the console: ${message.text()}`, new URL(page.url()).pathname);
      });
      persons.push({ page, outside, open: busyness(page) });
    }
    let seen = 0;
    for (const { page, outside, open } of persons) {
      const routes = (await routesOf(page)).filter((route) => route.outside === outside);
      assert.ok(routes.length > 4, 'the router tells its routes');
      for (const wearing of LOOKS) {
        await look(page, wearing);
        for (const { name, path } of routes) {
          if (name in ELSEWHERE) continue;
          const { query, ...params } = example[name] ?? {};
          const lacks = /:\w+(?!.*\?)/.test(path) && !(name in example);
          assert.ok(!lacks, `say in examples() what stands for the parameter of ${path}`);
          await walkTo(page, { name, params, query }, open);
          await examine(stage, page, `${name}-${wearing.join('-')}`, faults, {
            touch: wearing[0] === 'phone',
          });
          seen += 1;
        }
      }
    }
    t.diagnostic(`${seen} screens looked at`);
    faults.mustBeNone();
  },
  { timeout: TIMEOUT_MS },
);

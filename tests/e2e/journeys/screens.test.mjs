// Every main screen in every look: a picture for the eye, and no serious finding of axe-core.
import assert from 'node:assert/strict';
import { accessibilityFaults, PHONE, WALL } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { demoLogin, signInByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

const LOOKS = [
  { look: 'light', viewport: WALL, locale: 'en-GB', colorScheme: 'light' },
  { look: 'dark', viewport: WALL, locale: 'en-GB', colorScheme: 'dark' },
  { look: 'phone', viewport: PHONE, locale: 'fr-FR', colorScheme: 'light' },
  { look: 'arabic', viewport: WALL, locale: 'ar-TN', colorScheme: 'light' },
  { look: 'arabic-phone', viewport: PHONE, locale: 'ar-TN', colorScheme: 'dark' },
];

/** Faults, and on which screens each was found. */
class Faults {
  #found = new Map();

  add(fault, screen) {
    this.#found.set(fault, [...(this.#found.get(fault) ?? []), screen]);
  }

  mustBeNone() {
    const told = [...this.#found].map(([fault, screens]) => `${fault}\n    on ${screens.join(', ')}`);
    assert.ok(told.length === 0, told.join('\n'));
  }
}

/** Looks at the screen that is open now. */
async function examine(stage, page, name, faults) {
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.evaluate(() => document.fonts.ready);
  await stage.browser.picture(page, `screen-${name}`);
  for (const fault of await accessibilityFaults(page)) faults.add(fault, name);
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (sideways > 0) faults.add(`the page is ${sideways} px wider than the screen`, name);
}

/** Signs in by the keys of the form, whatever its language. */
async function enter(page, { email, password }) {
  await page.goto('/login');
  await page.locator('input[name="username"]').fill(email);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.waitForURL((url) => url.pathname === '/');
}

journey('screens of the demo plant, in every look', async (stage, t) => {
  const appliance = await stage.appliance('demo');
  const login = await demoLogin(appliance);
  const token = await signInByScript(appliance, login);
  const { items } = await appliance.ask('GET', '/equipment?page_size=100', { token });
  const metered = items.find(({ model }) => /SDM630|iEM|UMG/.test(model)) ?? items[0];
  const faults = new Faults();
  for (const { look, ...options } of LOOKS) {
    const page = await stage.browser.open(appliance, options);
    await page.goto('/login');
    await examine(stage, page, `login-${look}`, faults);
    // Five looks are five persons; the limit of sign-ins per minute is for one who guesses.
    await until('the person is let in', async () => {
      try {
        await enter(page, login);
        return true;
      } catch {
        return false;
      }
    });
    const visits = [
      ['dashboard', '/', '.tile .reading--good'],
      ['equipment', '/equipment', 'tbody tr'],
      ['detail', `/equipment/${metered.id}`, 'table .reading--good'],
      ['form', '/equipment/new', 'form input'],
      ['edit', `/equipment/${metered.id}/edit`, 'form input'],
      ['not-found', '/nothing/here', 'h1'],
    ];
    for (const [name, path, sign] of visits) {
      await page.goto(path);
      await page.locator(sign).first().waitFor();
      await examine(stage, page, `${name}-${look}`, faults);
    }
    await page.context().close();
  }
  t.diagnostic(`${LOOKS.length} looks examined`);
  faults.mustBeNone();
});

journey('screens of the first run, in every look', async (stage) => {
  const appliance = await stage.appliance();
  const faults = new Faults();
  for (const { look, ...options } of LOOKS) {
    const page = await stage.browser.open(appliance, options);
    await page.goto('/');
    await page.locator('input[name="token"]').waitFor();
    await examine(stage, page, `setup-${look}`, faults);
    // Sent empty, each field says what it lacks; that must be readable too.
    await page.locator('button[type="submit"]').click();
    await page.getByRole('alert').first().waitFor();
    await examine(stage, page, `setup-refused-${look}`, faults);
    await page.context().close();
  }
  faults.mustBeNone();
});

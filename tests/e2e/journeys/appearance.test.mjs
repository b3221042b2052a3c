// Light and dark, and the three languages: as the machine of who looks has it until he chooses, kept
// where he chose, and there from the first frame on.
import assert from 'node:assert/strict';
import { accessibilityFaults } from '../support/browser.mjs';
import { journey } from '../support/journey.mjs';
import { arrive, setUpByScript } from '../support/person.mjs';
import { until } from '../support/until.mjs';

/** Notes in the page which themes and directions its frames had, from the first one on. */
const noteFrames = (page) =>
  page.addInitScript(() => {
    window.seenFrames = { themes: new Set(), sides: new Set() };
    const look = () => {
      if (document.body) {
        window.seenFrames.themes.add(document.documentElement.dataset.theme);
        window.seenFrames.sides.add(document.documentElement.dir);
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
const frames = (page) =>
  page.evaluate(() => ({
    themes: [...window.seenFrames.themes],
    sides: [...window.seenFrames.sides],
  }));
const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme);
const ground = (page) =>
  page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--bg-primary').trim());
const kept = (page, key) => page.evaluate((name) => localStorage.getItem(name), key);
const there = (page) => page.locator('h1').first().waitFor({ state: 'attached' });

/** Chooses in a menu of the header, by keys. */
async function pick(page, menu, choice) {
  await page.getByRole('button', { name: menu, exact: true }).press('Enter');
  await page.getByRole('menuitemradio', { name: choice, exact: true }).press('Enter');
}

journey('light and dark follow the system until somebody chooses, without a flash', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance, { colorScheme: 'dark' });
  await noteFrames(page);
  await arrive(page);
  assert.equal(await theme(page), 'dark');
  assert.equal(await kept(page, 'retv4_theme'), null, 'nothing is kept that nobody chose');
  const dark = await ground(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await until('it follows the system', async () => (await theme(page)) === 'light');
  assert.notEqual(await ground(page), dark, 'its colours are others');

  // Chosen by hand it stays, whatever the system does, and no frame shows the other one first.
  await pick(page, 'Appearance', 'Dark');
  await until('dark by choice', async () => (await theme(page)) === 'dark');
  assert.equal(await kept(page, 'retv4_theme'), 'dark');
  await page.reload();
  await there(page);
  assert.deepEqual((await frames(page)).themes, ['dark']);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await theme(page), 'dark');
  assert.equal(await ground(page), dark);

  await pick(page, 'Appearance', 'As the system');
  await until('the system decides again', async () => (await theme(page)) === 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.reload();
  await there(page);
  assert.deepEqual((await frames(page)).themes, ['dark'], 'the first frame is dark by the system, too');

  // Who gets giddy from movement gets none.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const longest = await page.evaluate(() =>
    Math.max(
      ...[...document.querySelectorAll('*')].flatMap((element) => {
        const { animationDuration, transitionDuration } = getComputedStyle(element);
        return `${animationDuration}, ${transitionDuration}`
          .split(', ')
          .map((text) => parseFloat(text) * (text.endsWith('ms') ? 1 : 1_000));
      }),
    ),
  );
  assert.ok(longest <= 0.01, `something moves for ${longest} ms`);
});

journey('the language is chosen in the page: Arabic from the right, and kept', async (stage) => {
  const appliance = await stage.appliance();
  await setUpByScript(appliance);
  const page = await stage.browser.open(appliance);
  await noteFrames(page);
  await arrive(page);
  const html = () =>
    page.evaluate(() => {
      const { lang, dir } = document.documentElement;
      return `${lang} ${dir}`;
    });
  await page.goto('/equipment/new');
  await page.getByLabel('Name', { exact: true }).fill('Four n° 1');
  await pick(page, 'Language', 'العربية');
  await until('Arabic', async () => (await html()) === 'ar rtl');
  // In the same document: what was typed is still there, and every word has changed.
  assert.equal(await page.locator('input[name="name"]').inputValue(), 'Four n° 1');
  const latin = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('h1, h2, label, legend, th, button, nav a')]
        .filter((element) => element.checkVisibility() && /[a-zA-Z]{4,}/.test(element.innerText))
        .map((element) => element.innerText.trim()),
    );
  const names = /Sfax works|Amel|Modbus|RS-?485|TCP|RTU|MQTT|JSON|ASCII|English|Français|big|little/;
  assert.deepEqual(
    (await latin()).filter((text) => !names.test(text)),
    [],
    'no word of another language is left',
  );
  const right = await page.evaluate(() => {
    const brand = document.querySelector('.header__brand').getBoundingClientRect();
    return brand.left > innerWidth / 2;
  });
  assert.ok(right, 'the mark stands on the right');
  assert.deepEqual(await accessibilityFaults(page), []);
  await stage.browser.picture(page, 'appearance-arabic');

  await page.reload();
  await there(page);
  assert.equal(await html(), 'ar rtl');
  assert.deepEqual((await frames(page)).sides, ['rtl'], 'no frame came from the left');
  await pick(page, 'اللغة', 'Français');
  await until('French', async () => (await html()) === 'fr ltr');
  await page.getByRole('heading', { level: 1, name: /équipement/i }).waitFor();
  assert.equal(await kept(page, 'retv4_language'), 'fr');

  // The page can be put on a desk of its own: what it needs for that is there.
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector('link[rel=manifest]').href;
    const answer = await fetch(link);
    const { icons, ...told } = await answer.json();
    const found = await Promise.all(icons.map(async ({ src }) => (await fetch(src)).ok));
    return { ...told, found };
  });
  assert.deepEqual([manifest.start_url, manifest.display, manifest.found], ['/', 'standalone', [true]]);
});

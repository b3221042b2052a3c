// watch.mjs ADDRESS EMAIL PASSWORD BROWSER [FOLDER]: two people with an open page while versions come and
// go, one in front of the dashboard, one in the room of the update. Prints each thing that a page says of
// the connection or of the update when it changes, as JSON, until its standard input ends. FOLDER: where
// a picture of each is kept.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../../frontend/package.json', import.meta.url));
const { chromium } = createRequire(here)('playwright-core');
const [address, email, password, executablePath, folder] = process.argv.slice(2);
const LOOK_EVERY_MS = 250;
/** What it says of itself; the count of seconds and the share that is copied go on by themselves. */
const SAYS = ['.banner__text', '.update__waiting h2', '.update__standing .notice', '.gate__card h1'];

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
const watchers = [
  { who: 'dashboard', path: '/', locale: 'en-GB', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { who: 'update', path: '/update', locale: 'fr-FR', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
];
let pictures = 0;
const say = (words) => process.stdout.write(`${JSON.stringify(words)}\n`);

for (const watcher of watchers) {
  const context = await browser.newContext({ baseURL: address, ...watcher, timezoneId: 'Africa/Tunis' });
  const page = (watcher.page = await context.newPage());
  await page.goto('/');
  await page.locator('input[autocomplete="username"], input[type="email"]').first().fill(email);
  await page.locator('input[type="password"]').first().fill(password);
  await page.locator('button[type="submit"]').first().click();
  // The form has a heading as well: who is signed in is elsewhere.
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
  await page.locator('main h1').first().waitFor({ state: 'attached' });
  if (watcher.path !== '/') await page.goto(watcher.path);
  await page.locator('main h1').first().waitFor({ state: 'attached' });
}
say({ who: 'all', says: 'watching' });

let isOver = false;
process.stdin.resume().on('end', () => (isOver = true));
while (!isOver) {
  for (const watcher of watchers) {
    const texts = await watcher.page
      .evaluate((places) => places.flatMap((place) => [...document.querySelectorAll(place)].map((one) => one.innerText)), SAYS)
      .catch((error) => [`no page: ${error.message.split('\n')[0]}`]);
    const says = [...texts, watcher.page.url().replace(address, '')].join(' | ').replace(/\d+\s?%|\d+\s*s…|Trying now…/g, '…');
    if (says === watcher.says) continue;
    watcher.says = says;
    say({ who: watcher.who, says });
    if (folder) {
      pictures += 1;
      const path = `${folder}/${String(pictures).padStart(2, '0')}-${watcher.who}.png`;
      await watcher.page.screenshot({ path }).catch(() => {});
    }
  }
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
await browser.close();

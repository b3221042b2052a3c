// kiosk.mjs PAGE-PORT DEBUG-PORT EMAIL PASSWORD let-in|still-in: looks at the browser of a kiosk session
// through its own window: reads the code and lets the screen in, or sees that it is in without one.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../../frontend/package.json', import.meta.url));
const { chromium } = createRequire(here)('playwright-core');
const [port, debug, email, password, what] = process.argv.slice(2);
const appliance = `http://127.0.0.1:${port}/api`;
const PATIENCE = { timeout: 60_000 };

async function ask(path, body, token) {
  const headers = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const reply = await fetch(appliance + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return (await reply.json()).data;
}

const browser = await chromium.connectOverCDP(`http://127.0.0.1:${debug}`);
const page = browser.contexts()[0].pages()[0];
const code = page.getByTestId('pairing-code');
if (what === 'let-in') {
  await code.waitFor(PATIENCE);
  const { token } = await ask('/auth/login', { email, password });
  await ask('/kiosks/approve', { code: await code.innerText(), name: 'Hall 2' }, token);
}
await page.locator('.rounds').waitFor({ state: 'attached', ...PATIENCE });
await page.getByText(/\d\skW/).first().waitFor({ state: 'attached', ...PATIENCE });
// After a restart of the appliance a banner says that it is away, until it is back.
await page.locator('.banner--lost').waitFor({ state: 'detached', ...PATIENCE });
if (await code.count()) throw new Error('the screen shows a code');
const { innerWidth, innerHeight } = await page.evaluate(() => ({ innerWidth, innerHeight }));
console.log(`${innerWidth} x ${innerHeight}`);
// The session goes on: only the look at it ends.
process.exit(0);

// Headless Chromium, and a witness of what no page may ever do.
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve, SERVED_FLAG } from './served.mjs';

const frontend = createRequire(new URL('../../../frontend/package.json', import.meta.url));
const { chromium } = frontend('playwright-core');
const axeSource = await readFile(frontend.resolve('axe-core/axe.min.js'), 'utf8');
const results = fileURLToPath(new URL('../../../test-results/', import.meta.url));

/** How long an element may take to be there. */
const PATIENCE_MS = 30_000;
/** The panel in a control room. */
export const WALL = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The impacts at which axe-core's finding is a fault of ours. */
const SERIOUS = ['serious', 'critical'];

export class Browser {
  #chromium = null;
  #closing = false;
  #pages = [];
  #flags;
  /** What a page did that none may do. */
  misdeeds = [];

  /** A browser of its own, started with these flags beside the usual ones. */
  constructor(flags = []) {
    this.#flags = flags;
  }

  /** A fresh person in front of a fresh screen. */
  async open(appliance, { viewport = WALL, locale = 'en-GB', colorScheme = 'light' } = {}) {
    this.#chromium ??= await this.#launch();
    const context = await this.#chromium.newContext({
      baseURL: appliance.address,
      viewport,
      locale,
      colorScheme,
      timezoneId: 'Africa/Tunis',
      hasTouch: viewport.width < 600,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await this.#watch(page, new URL(appliance.address).host);
    if (process.env.INDUSMIND_PAGE) await serve(page, process.env.INDUSMIND_PAGE);
    this.#pages.push(page);
    return page;
  }

  async #launch() {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        ...(process.env.INDUSMIND_PAGE ? [SERVED_FLAG] : []),
        ...this.#flags,
      ],
    });
    // Said here, because what fails next would only say that a page is gone.
    browser.on('disconnected', () => {
      if (!this.#closing) console.error('Chromium ended although nobody asked it to');
    });
    return browser;
  }

  async #watch(page, host) {
    const note = (what) => this.misdeeds.push(what);
    const visit = (address) => {
      const url = new URL(address);
      const local = ['data:', 'blob:', 'about:'].includes(url.protocol);
      if (!local && url.host !== host) note(`a request to another host: ${address}`);
    };
    page.on('request', (request) => visit(request.url()));
    page.on('websocket', (socket) => visit(socket.url()));
    page.on('pageerror', (error) => note(`an error that nobody caught: ${error.stack ?? error}`));
    await page.exposeFunction('reportViolation', (text) => note(`against the policy: ${text}`));
    await page.addInitScript(() =>
      document.addEventListener('securitypolicyviolation', (event) =>
        window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`),
      ),
    );
  }

  /** A picture for the eye, in test-results/. */
  async picture(page, name) {
    await mkdir(results, { recursive: true });
    await page.screenshot({ path: path.join(results, `${name}.png`), fullPage: true });
  }

  /** Pictures of all pages, when a journey failed. */
  async pictures(name) {
    for (const [number, page] of this.#pages.entries())
      if (!page.isClosed()) await this.picture(page, `FAILED-${name}-${number + 1}`);
  }

  async close() {
    this.#closing = true;
    await this.#chromium?.close();
  }
}

/** What axe-core finds on the page as it is now, down to a serious impact. */
export async function accessibilityFaults(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact))
    .map(({ id, help, nodes }) => {
      const where = nodes.map(({ target }) => target.join(' ')).slice(0, 5);
      return `${id}: ${help} (${where.join('; ')})`;
    });
}

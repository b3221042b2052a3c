// One journey: its own appliance, its own browser, its own meter; evidence when it fails.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Appliance } from './appliance.mjs';
import { Browser } from './browser.mjs';
import { Installed } from './installed.mjs';
import { Meter } from './meter.mjs';

const results = fileURLToPath(new URL('../../../test-results/', import.meta.url));
/** A journey that hangs is a failure. */
const TIMEOUT_MS = 300_000;

class Stage {
  browser = new Browser();
  #appliances = [];
  #meters = [];

  async appliance(command, boot) {
    const appliance = await Appliance.start(command, boot);
    this.#appliances.push(appliance);
    return appliance;
  }

  /** An installation with its launcher, which is not started yet. */
  async installed() {
    const installed = await Installed.make();
    this.#appliances.push(installed);
    return installed;
  }

  async meter(options) {
    const meter = await Meter.start(options);
    this.#meters.push(meter);
    return meter;
  }

  async evidence(name) {
    await this.browser.pictures(name);
    await mkdir(results, { recursive: true });
    const printed = this.#appliances.map(({ printed }) => printed.join('\n')).join('\n----\n');
    await writeFile(path.join(results, `FAILED-${name}.log`), printed);
  }

  async strike() {
    await this.browser.close();
    for (const thing of [...this.#appliances, ...this.#meters]) await thing.remove();
  }
}

/** A journey by its name. In no journey may a page call another host, break its policy or fail. */
export function journey(name, act, { timeout = TIMEOUT_MS } = {}) {
  test(name, { timeout }, async (t) => {
    const stage = new Stage();
    try {
      await act(stage, t);
      assert.deepEqual(stage.browser.misdeeds, [], 'what no page may do');
    } catch (error) {
      await stage.evidence(name.replaceAll(/\W+/g, '-'));
      throw error;
    } finally {
      await stage.strike();
    }
  });
}

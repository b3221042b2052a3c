// The independent meter: meter.py in its own process.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './until.mjs';

const script = fileURLToPath(new URL('../meter.py', import.meta.url));

export class Meter {
  #child;
  #answers = [];
  #complaints = [];

  static async start({ powerKw = 10 } = {}) {
    const meter = new Meter();
    const python = process.env.METER_PYTHON;
    if (!python) throw new Error('METER_PYTHON is not set: start the journeys with `make journeys`');
    meter.#child = spawn(python, [script, '--power-kw', String(powerKw)]);
    createInterface({ input: meter.#child.stdout }).on('line', (line) =>
      meter.#answers.push(JSON.parse(line)),
    );
    meter.#child.stderr.on('data', (data) => meter.#complaints.push(String(data)));
    meter.port = (await meter.#answer('the meter listens')).port;
    return meter;
  }

  #answer(what) {
    return until(what, () => {
      if (this.#child.exitCode !== null) throw new Error(this.#complaints.join(''));
      return this.#answers.shift();
    });
  }

  #say(command) {
    this.#child.stdin.write(`${command}\n`);
    return this.#answer(`the meter obeys: ${command}`);
  }

  /** Shows these values from now on. */
  set(values) {
    return this.#say(`set ${JSON.stringify(values)}`);
  }

  /** What it shows now. */
  values() {
    return this.#say('values');
  }

  /** Its power supply fails in the worst way: the connection stands, and nothing answers. */
  freeze() {
    this.#child.kill('SIGSTOP');
  }

  thaw() {
    this.#child.kill('SIGCONT');
  }

  async remove() {
    this.thaw();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await ended;
  }
}

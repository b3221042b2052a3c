// The real binary on a directory of its own, with its console; started, killed, started again.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.mjs';
import { until } from './until.mjs';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.INDUSMIND_BINARY ?? path.join(project, 'dist/indusmind');

export class Appliance {
  /** Everything it printed, for the person who looks at a failure. */
  printed = [];
  #lines = [];
  #child = null;

  constructor(folder, command, boot) {
    this.folder = folder;
    this.command = command;
    this.boot = boot;
    this.address = null;
  }

  /** Starts `indusmind run` or `indusmind demo` on an empty directory and a free port; `boot` is
   * what its boot file says, when it has one. */
  static async start(command = 'run', boot = null) {
    const folder = await mkdtemp(path.join(tmpdir(), 'indusmind-'));
    const appliance = new Appliance(folder, command, boot);
    await appliance.#launch('127.0.0.1:0');
    return appliance;
  }

  async #launch(listen) {
    this.#lines = [];
    const data = path.join(this.folder, 'data');
    const words = [this.command, '--data-dir', data, '--listen', listen];
    if (this.boot !== null) {
      const file = path.join(this.folder, 'boot.toml');
      await writeFile(file, this.boot);
      words.push('--config', file);
    }
    const child = spawn(binary, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.on('error', (error) => this.printed.push(String(error)));
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.printed.push(line);
        this.#lines.push(line);
      });
    this.address = await this.console(/Listening on (http:\S+)/);
  }

  /** What the console says: the first group of the pattern. */
  console(pattern) {
    return until(`the console says ${pattern}`, () => {
      if (this.#child.exitCode !== null) throw new Error(`it ended:\n${this.printed.join('\n')}`);
      return this.#lines.map((line) => pattern.exec(line)?.[1]).find(Boolean);
    });
  }

  async #end(signal) {
    const child = this.#child;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await ended;
  }

  /** The power goes: `kill -9`. */
  kill() {
    return this.#end('SIGKILL');
  }

  /** The network cable is pulled: the connection stands, and nothing comes any more. */
  freeze() {
    this.#child.kill('SIGSTOP');
  }

  thaw() {
    this.#child.kill('SIGCONT');
  }

  /** On the same directory and the same port. */
  startAgain() {
    return this.#launch(new URL(this.address).host);
  }

  /** A request of a script, apart from the page. */
  ask(method, path, rest) {
    return ask(this.address, method, path, rest);
  }

  async remove() {
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

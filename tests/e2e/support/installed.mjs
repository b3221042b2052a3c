// An installation in a folder of its own: the launcher, the slots, the data; broken and mended by hand.
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ask } from './ask.mjs';
import { until } from './until.mjs';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.INDUSMIND_BINARY ?? path.join(project, 'dist/indusmind');

const freePort = () =>
  new Promise((resolve, reject) => {
    const door = createServer();
    door.on('error', reject);
    door.listen(0, '127.0.0.1', () => {
      const { port } = door.address();
      door.close(() => resolve(port));
    });
  });

export class Installed {
  printed = [];
  #lines = [];
  #child = null;

  constructor(root, port) {
    this.root = root;
    this.home = path.join(root, 'var/lib/indusmind');
    this.port = port;
    this.address = `http://127.0.0.1:${port}`;
  }

  /** Installs the binary, with the launcher that lies beside it. */
  static async make() {
    const root = await mkdtemp(path.join(tmpdir(), 'indusmind-'));
    await promisify(execFile)(binary, ['install', '--root', root]);
    return new Installed(root, await freePort());
  }

  start() {
    this.#lines = [];
    const launcher = path.join(this.root, 'usr/lib/indusmind/launcher');
    const words = ['start', '--home', this.home, '--', 'run', '--listen', `127.0.0.1:${this.port}`];
    this.#child = spawn(launcher, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.printed.push(line);
        this.#lines.push(line);
      });
  }

  /** What the console says: the first group of the pattern. */
  console(pattern) {
    return until(`the console says ${pattern}`, () =>
      this.#lines.map((line) => pattern.exec(line)?.[1]).find(Boolean),
    );
  }

  async stop() {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  /** Changes the program that runs, as a bad disk would; gives the way to mend it. */
  async breakProgram() {
    const slots = path.join(this.home, 'slots');
    const [slot] = await readdir(slots);
    const file = path.join(slots, slot, 'indusmind');
    await copyFile(file, `${file}.whole`);
    await writeFile(file, 'rotten');
    return () => copyFile(`${file}.whole`, file);
  }

  /** Empties the data file, as a bad disk would. */
  breakData() {
    return truncate(path.join(this.home, 'data/1/indusmind.redb'), 0);
  }

  /** A request of a script, apart from the page. */
  ask(method, to, rest) {
    return ask(this.address, method, to, rest);
  }

  async remove() {
    await this.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}

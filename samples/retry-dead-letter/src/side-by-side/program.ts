/** A program of this sample as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../../../tools/brokers/index.mjs';

const LIMIT_MS = 20_000;
const SAMPLE = new URL('../../', import.meta.url);

export class Program {
  /** Lines of standard output so far. */
  readonly out: string[] = [];
  readonly #log: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(name: 'service' | 'send', environment: Readonly<Record<string, string>>, args: readonly string[]) {
    this.#process = spawn(process.execPath, [fileURLToPath(new URL(`dist/${name}/main.js`, SAMPLE)), ...args], {
      cwd: fileURLToPath(SAMPLE),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.out.push(line));
    createInterface({ input: this.#process.stderr! }).on('line', (line) => this.#log.push(line));
    this.#ended = once(this.#process, 'close');
  }

  async started(): Promise<void> {
    await this.until(() => this.#log.some((line) => / Started \w+ in /.test(line)), 'the start');
  }

  /** Polls a condition; says with the program's own log what did not come. */
  async until(condition: () => boolean, what: string): Promise<void> {
    await until(() => condition() || this.#process.exitCode !== null, LIMIT_MS, what).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#log.join('\n')}`);
    });
    if (!condition()) throw new Error(`the program ended before ${what}:\n${this.#log.join('\n')}`);
  }

  /** @throws when it ends with anything but 0 */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (signal) this.#process.kill(signal);
    await this.#ended;
    if (this.#process.exitCode !== 0)
      throw new Error(`the program ended with ${this.#process.exitCode}:\n${this.#log.join('\n')}`);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

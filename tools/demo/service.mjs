/** One service of the tutorial as a process of its own: started, watched by its console lines, stopped or killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_LIMIT_MS = 20_000;

export class Service {
  /** Lines of standard output so far. */
  lines = [];
  #log = [];
  #listeners = new Set();
  #process;

  /**
   * @param {string} name folder below samples/
   * @param {string} title how the demo calls it
   * @param {string[]} args
   */
  constructor(name, title, args) {
    this.name = name;
    this.title = title;
    this.args = args;
  }

  /** Resolves when the service says that it has started. */
  async start(extra = []) {
    const folder = fileURLToPath(new URL(`../../samples/${this.name}/`, import.meta.url));
    this.lines = [];
    this.#log = [];
    // node itself and not npm: npm does not pass SIGTERM on
    this.#process = spawn(process.execPath, ['dist/main.js', ...this.args, ...extra], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#tell(this.lines, line));
    createInterface({ input: this.#process.stderr }).on('line', (line) => this.#tell(this.#log, line));
    const exited = once(this.#process, 'exit').then(([code, signal]) => ({ code, signal }));
    this.exited = exited;
    const started = this.until(() => this.#log.some((line) => / Started \w+ in /.test(line)), START_LIMIT_MS);
    const early = exited.then(({ code, signal }) => {
      throw new Error(`${this.title} ended with ${signal ?? code} before it had started:\n${this.log}`);
    });
    early.catch(() => {});
    await Promise.race([started, early]);
  }

  /** Resolves when the condition holds; it is asked after every line. Rejects after the limit. */
  until(condition, limitMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(new Error(`${this.title}: nothing came of it in ${limitMs} ms\n${this.log}`));
      }, limitMs);
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
      check();
    });
  }

  /** The last lines of its log: for what went wrong. */
  get log() {
    return this.#log.slice(-20).join('\n');
  }

  /** Calls back after every line. */
  watch(callback) {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** @returns the exit code of an orderly stop */
  async stop() {
    this.#process.kill('SIGTERM');
    const { code } = await this.exited;
    return code;
  }

  async kill() {
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  get running() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  #tell(list, line) {
    list.push(line);
    for (const listener of this.#listeners) listener();
  }
}

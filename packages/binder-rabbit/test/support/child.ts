/** A whole application in a process of its own, started in a folder with nothing but its `application.yml`. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../../../tools/brokers/index.mjs';

const PROGRAM = fileURLToPath(new URL('./child-application.mjs', import.meta.url));

export type Told =
  | { readonly tells: 'started' }
  | { readonly tells: 'handled'; readonly text: string }
  | { readonly tells: 'sent'; readonly length: number }
  | { readonly tells: 'refused'; readonly length: number; readonly code: string; readonly message: string }
  | { readonly tells: 'health'; readonly health: { readonly readiness: string; readonly binders: object } };

type Parts = 'input' | 'output' | 'input,output';

const running = new Set<Child>();

export class Child {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #end: Promise<number | null>;
  #log = '';

  /**
   * @param properties one line of `application.yml` each, in this order
   * @param binder the package of the binder
   */
  constructor(
    parts: Parts,
    properties: Readonly<Record<string, string | number | boolean>>,
    binder = '@streambind/binder-rabbit',
  ) {
    this.#directory = mkdtempSync(join(tmpdir(), 'streambind-child-'));
    const lines = Object.entries(properties).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    writeFileSync(join(this.#directory, 'application.yml'), lines.join(''));
    this.#process = fork(PROGRAM, [parts, binder, '--spring.main.banner-mode=off'], {
      cwd: this.#directory,
      // variables of Spring's names would win over the file
      env: { PATH: process.env['PATH'], HOME: this.#directory },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.on('message', (message) => this.told.push(message as Told));
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.on('data', (text) => (this.#log += String(text)));
    }
    this.#end = once(this.#process, 'close').then(([code]) => code as number | null);
    running.add(this);
  }

  /** All that it printed. */
  get log(): string {
    return this.#log;
  }

  /** The entries of the log that match: a line with its head, and the lines below it. */
  entries(what: RegExp): readonly string[] {
    return this.#log.split(/^(?=\d{4}-\d\d-\d\d )/m).filter((entry) => what.test(entry));
  }

  of<T extends Told['tells']>(tells: T): readonly (Told & { tells: T })[] {
    return this.told.filter((each): each is Told & { tells: T } => each.tells === tells);
  }

  /** @param ms in all */
  async sees(what: string, condition: () => boolean, ms = 20_000): Promise<void> {
    await until(
      () => {
        if (condition()) return true;
        if (this.#process.exitCode !== null) throw new Error(`the application ended before ${what}:\n${this.#log}`);
        return false;
      },
      ms,
      what,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${this.#log}`, { cause: error });
    });
  }

  says(what: RegExp, ms?: number): Promise<void> {
    return this.sees(`it says ${String(what)}`, () => what.test(this.#log), ms);
  }

  starts(ms?: number): Promise<void> {
    return this.sees('it has started', () => this.of('started').length > 0, ms);
  }

  send(...texts: readonly string[]): void {
    this.#process.send({ texts });
  }

  async health(): Promise<(Told & { tells: 'health' })['health']> {
    const before = this.of('health').length;
    this.#process.send({ health: true });
    await this.sees('its health', () => this.of('health').length > before);
    return this.of('health').at(-1)!.health;
  }

  /** SIGTERM. @returns the exit code */
  stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return this.#end;
  }

  /** @returns the exit code of a process that ends by itself */
  async ends(ms = 20_000): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not end within ${ms} ms:\n${this.#log}`)), ms);
    });
    return Promise.race([this.#end, late]).finally(() => clearTimeout(timer));
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#end;
    running.delete(this);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export async function killAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill()));
}

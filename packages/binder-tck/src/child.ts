/** An application in a process of its own, which a case can signal, kill and stop from outside. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

const PROGRAM = fileURLToPath(new URL('./apps/worker.js', import.meta.url));
const START_MS = 20_000;
const LOG_LINES = 40;

/** What the worker tells. */
export type Told =
  | { readonly tells: 'started' }
  | { readonly tells: 'delivered' | 'handled'; readonly id: string; readonly attempt: number; readonly at: number }
  | { readonly tells: 'sending'; readonly count: number }
  | { readonly tells: 'sent'; readonly id: string; readonly code?: string };

/** What it is asked. */
export interface Asked {
  /** Starts sending these at once and awaits none. */
  readonly send?: readonly string[];
}

export type Properties = Readonly<Record<string, string | number | boolean>>;

/** yml with one whole key a line. */
export const asYaml = (properties: Properties): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');

export class Child {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;
  readonly #exit: Promise<{ code: number | null; signal: NodeJS.Signals | null; at: number }>;
  #log = '';

  /** @param directory its working directory, made here, with its `application.yml` */
  constructor(
    readonly name: string,
    directory: string,
    subject: string,
    properties: Properties,
  ) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'application.yml'), asYaml(properties));
    this.#process = fork(PROGRAM, [], {
      cwd: directory,
      env: { ...process.env, STREAMBIND_TCK_SUBJECT: subject },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.on('message', (message) => this.told.push(message as Told));
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.on('data', (text) => (this.#log += String(text)));
    }
    this.#exit = once(this.#process, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      at: performance.now(),
    }));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get exited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The last lines of both its outputs. */
  get log(): string {
    return this.#log.split('\n').slice(-LOG_LINES).join('\n');
  }

  delivered(): (Told & { tells: 'delivered' })[] {
    return this.told.filter((each): each is Told & { tells: 'delivered' } => each.tells === 'delivered');
  }

  handled(): string[] {
    return this.told.flatMap((each) => (each.tells === 'handled' ? [each.id] : []));
  }

  sent(): (Told & { tells: 'sent' })[] {
    return this.told.filter((each): each is Told & { tells: 'sent' } => each.tells === 'sent');
  }

  async started(): Promise<this> {
    await until(
      `${this.name} starts`,
      () => {
        if (this.exited) throw new Error(`${this.name} ended instead of starting:\n${this.log}`);
        return this.told.some(({ tells }) => tells === 'started');
      },
      START_MS,
    );
    return this;
  }

  ask(asked: Asked): void {
    this.#process.send(asked);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** How it ended, and after how many milliseconds from now. */
  async end(): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }> {
    const from = performance.now();
    const { code, signal, at } = await this.#exit;
    return { code, signal, ms: at - from };
  }

  async kill(): Promise<void> {
    if (!this.exited) this.#process.kill('SIGKILL');
    await this.#exit;
  }
}

/** The applications under test as processes of their own, each start of one written into the chronicle. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ledger, Role } from './records.js';

const START_MS = 30_000;
const LOG_LINES = 15;

export interface Program {
  readonly role: Role;
  /** Its place in the cast: a later life of it has the same. */
  readonly place: string;
  readonly group?: string;
  readonly properties: Readonly<Record<string, string | number>>;
}

export class Process {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exit: Promise<void>;
  #ordered: { readonly signal: 'SIGKILL' | 'SIGTERM'; readonly at: number } | undefined;

  private constructor(
    readonly program: Program,
    life: number,
    directory: string,
    private readonly chronicle: Ledger,
  ) {
    this.name = life === 1 ? program.place : `${program.place}-life-${life}`;
    this.#log = join(directory, `${this.name}.log`);
    const log = openSync(this.#log, 'a');
    const properties = { ...program.properties, 'faults.directory': directory, 'faults.process': this.name };
    this.#child = fork(
      fileURLToPath(new URL(`./apps/${program.role}/main.js`, import.meta.url)),
      Object.entries(properties).map(([key, value]) => `--${key}=${value}`),
      { cwd: directory, env: environment(), execArgv: [], stdio: ['ignore', log, log, 'ipc'] },
    );
    closeSync(log);
    living.add(this.#child);
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => {
      living.delete(this.#child);
      const ordered = this.#ordered;
      this.chronicle.write({
        event: 'exited',
        process: this.name,
        code: code as number | null,
        signal: signal as string | null,
        ...(ordered ? { ordered: ordered.signal, afterMs: Math.round(performance.now() - ordered.at) } : {}),
      });
    });
  }

  /** Resolves when it has started. */
  static async start(program: Program, life: number, directory: string, chronicle: Ledger): Promise<Process> {
    const process = new Process(program, life, directory, chronicle);
    const timeout = AbortSignal.timeout(START_MS);
    const started = once(process.#child, 'message', { signal: timeout }).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([started, process.#exit.then(() => false)]))) {
      throw new Error(`${process.name} did not start:\n${process.lastLines()}`);
    }
    const { role, group } = program;
    chronicle.write({ event: 'started', process: process.name, role, ...(group === undefined ? {} : { group }) });
    return process;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks a sender to send no more. */
  hush(): void {
    this.#child.send('hush');
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** An orderly stop, killed when it takes far too long. */
  async stop(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.#ordered = { signal, at: performance.now() };
    this.#child.kill(signal);
    await this.#exit;
  }

  /** Its warnings and errors, those of its own handlers aside. */
  warnings(): number {
    const lines = readFileSync(this.#log, 'utf8').split('\n');
    return lines.filter((line) => /"log\.level":"(?:WARN|ERROR)"/.test(line) && !line.includes('on purpose')).length;
  }

  lastLines(): string {
    return readFileSync(this.#log, 'utf8').trim().split('\n').slice(-LOG_LINES).join('\n');
  }
}

/** Nothing of the caller's own configuration. */
function environment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR'] as const;
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

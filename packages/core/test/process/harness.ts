/** Applications as processes of their own: compiled, started with node itself, watched by their lines, signalled. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '../../../..');

/** How long a start or an orderly stop may take on a busy machine. */
export const LIMIT_MS = 15_000;

const running = new Set<AppProcess>();
const folders: string[] = [];

/** The compiled main file of one of the applications beside this file. */
export const compiled = (app: string): string => join(HERE, 'apps/dist', app, 'main.js');

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'streambind-test-'));
  folders.push(folder);
  return folder;
}

/**
 * An application in a package of its own, as it would be deployed: `dist/` compiled, node_modules beside it.
 * @param files further files, by their path in the package; `package.json` makes an ESM package unless it is among them
 * @returns the folder of the package
 */
export function deployed(app: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder();
  cpSync(dirname(compiled(app)), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const all = { 'package.json': JSON.stringify({ name: `deployed-${app}`, type: 'module' }), ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Ends what still runs and removes the folders: for `afterEach`. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((process) => process.kill('SIGKILL')));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A service of samples/ with the embedded binder, in its own folder as its README starts it. */
export function sample(name: string, directory: string, ...args: string[]): AppProcess {
  const folder = join(ROOT, 'samples', name);
  return new AppProcess(join(folder, 'dist/main.js'), directory, {
    cwd: folder,
    args: ['--spring.profiles.active=embedded', ...args],
  });
}

/** A program of a sample that is no web service, `dist/<name>/main.js`, in the sample's folder. */
export function program(sampleName: string, name: string, ...args: string[]): AppProcess {
  const folder = join(ROOT, 'samples', sampleName);
  return new AppProcess(join(folder, 'dist', name, 'main.js'), undefined, { cwd: folder, args });
}

export interface RabbitLogin {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
}

/** Arguments that lead an application to a RabbitMQ, or one of its binders: those of the tutorial name their own. */
export function rabbitArguments(
  { host, port, username, password, virtualHost }: RabbitLogin,
  binder?: string,
): string[] {
  const key =
    binder === undefined ? 'spring.rabbitmq' : `spring.cloud.stream.binders.${binder}.environment.spring.rabbitmq`;
  return Object.entries({ host, port, username, password, 'virtual-host': virtualHost }).map(
    ([option, value]) => `--${key}.${option}=${value}`,
  );
}

/** The port that its web server says it has; 0 was asked for. */
export async function portOf(app: AppProcess): Promise<number> {
  const line = await app.line(/Web server started on port \d+/);
  return Number(/port (\d+)/.exec(line)![1]);
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class AppProcess {
  /** Standard output, line by line. */
  readonly out: string[] = [];
  /** Standard error, line by line. */
  readonly log: string[] = [];
  /** Resolves when the process is gone and all that it printed is here. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<() => void>();

  /**
   * Variables of the test run itself do not reach the application.
   * @param directory of the embedded store; undefined: it uses another broker
   */
  constructor(main: string, directory: string | undefined, { args = [], env = {}, cwd }: StartOptions = {}) {
    this.#child = spawn(
      process.execPath,
      [
        main,
        ...(directory === undefined ? [] : [`--spring.cloud.stream.embedded.binder.directory=${directory}`]),
        ...args,
      ],
      {
        cwd: cwd ?? dirname(main),
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    running.add(this);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#add(this.out, line));
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#add(this.log, line));
    this.exited = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
        for (const waiter of this.#waiters) waiter();
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when a line of either stream fits; rejects when the process ends before, or after `limitMs`. */
  line(pattern: RegExp, limitMs = LIMIT_MS): Promise<string> {
    return this.until(() => [...this.log, ...this.out].find((line) => pattern.test(line)), String(pattern), limitMs);
  }

  started(): Promise<string> {
    return this.line(/ Started \w+ in /);
  }

  /** Resolves with what `find` returns once that is something; it is asked after every line. */
  until<T>(find: () => T | undefined, what: string, limitMs = LIMIT_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      let end = (): void => {};
      const check = (): void => {
        const found = find();
        if (found !== undefined) {
          end();
          resolve(found);
        } else if (!running.has(this)) {
          end();
          reject(new Error(`the process ended without ${what}:\n${this.transcript}`));
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`no ${what} within ${limitMs} ms:\n${this.transcript}`));
      }, limitMs);
      end = () => {
        clearTimeout(timer);
        this.#waiters.delete(check);
      };
      this.#waiters.add(check);
      check();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Signals and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    this.signal(signal);
    return this.exited;
  }

  /** The end of the process by itself. */
  async ended(limitMs = LIMIT_MS): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`still running after ${limitMs} ms:\n${this.transcript}`)), limitMs);
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  get transcript(): string {
    return [...this.log, ...this.out].join('\n');
  }

  #add(list: string[], line: string): void {
    list.push(line);
    for (const waiter of this.#waiters) waiter();
  }
}

export interface LedgerLine {
  readonly event: 'sent' | 'confirmed' | 'begun' | 'handled';
  readonly pid: number;
  readonly message: string;
}

/** What the processes of a traffic application wrote down, all in one order. */
export class Ledger {
  readonly #lines: LedgerLine[] = [];
  #at = 0;

  constructor(readonly file: string) {
    writeFileSync(file, '');
  }

  /** All lines so far; only what is new is read. */
  read(): readonly LedgerLine[] {
    const file = openSync(this.file, 'r');
    const fresh = Buffer.alloc(fstatSync(file).size - this.#at);
    readSync(file, fresh, 0, fresh.length, this.#at);
    closeSync(file);
    const whole = fresh.subarray(0, fresh.lastIndexOf('\n') + 1);
    this.#at += whole.length;
    for (const line of whole.toString().split('\n').slice(0, -1)) {
      const [event, pid, message] = line.split(' ') as [LedgerLine['event'], string, string];
      this.#lines.push({ event, pid: Number(pid), message });
    }
    return this.#lines;
  }

  messages(event: LedgerLine['event'], pid?: number): string[] {
    return this.read()
      .filter((line) => line.event === event && (pid === undefined || line.pid === pid))
      .map(({ message }) => message);
  }
}

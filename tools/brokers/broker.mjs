/**
 * A broker in the rig's hands. What all kinds share is here; a kind is a subclass in a file of its own that says how it is
 * found, started and asked. Several processes may hold the same broker, so its record is read again before it counts.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import * as compose from './compose.mjs';
import * as processes from './process.mjs';
import { erase, reread, write } from './state.mjs';

const run = promisify(execFile);

/** A broker that cannot be had on this machine; the message says why, and how to get it. */
export class Unavailable extends Error {}

export class Broker {
  #record;

  /** What a private one may be asked for beside `config`. */
  static options = [];
  /** What to tell when it cannot be started. */
  static missing = 'the package is not installed';
  /** Whether compose.yml has it. */
  static container = true;

  /** Makes what every start needs and no start should have to make. */
  static async prepare(_options, _tell) {}

  /** @param {object} record see `index.mjs`, which makes it */
  constructor(record) {
    this.#record = record;
  }

  get name() {
    return this.#record.name;
  }

  get title() {
    return this.constructor.title;
  }

  /** `found` (somebody else's, it is only used), `process` or `compose`. */
  get origin() {
    return this.#record.origin;
  }

  get address() {
    return this.#record.address;
  }

  get directory() {
    return this.#record.directory;
  }

  get ports() {
    return this.#record.ports;
  }

  get config() {
    return this.#record.config;
  }

  get options() {
    return this.#record.options;
  }

  /** The process a private broker belongs to; undefined for a shared one. */
  get owner() {
    return this.#record.owner?.pid;
  }

  /** The process ids by role, `main` among them; empty for a broker that is not a process of this machine's. */
  get pids() {
    this.#refresh();
    return Object.fromEntries(Object.entries(this.#record.processes).map(([role, { pid }]) => [role, pid]));
  }

  /** The address as environment variables that Spring's names give. */
  get environment() {
    return this.constructor.environment(this.address);
  }

  /** The address as application.yml. */
  get yml() {
    return this.constructor.yml(this.address);
  }

  /** Asks by the broker's protocol: its product and version, or an error that says why it is of no use. */
  probe() {
    return this.constructor.probe(this.address);
  }

  /** Throws where `ctl` does not administer this very broker. */
  async administered() {
    await this.ctl('ping');
  }

  /** Whether its main process exists, frozen or not; a found broker is asked by protocol. */
  async running() {
    if (this.origin === 'found') return this.probe().then(Boolean, () => false);
    if (this.origin === 'compose') return compose.running(this.#record);
    this.#refresh();
    return processes.alive(this.#record.processes.main);
  }

  /** Starts it on its port with the data it has, and returns when it answers by its protocol. */
  async start() {
    this.#mine('start');
    if (this.origin === 'compose') {
      await compose.start(this.#record);
    } else if (!(await this.running())) {
      mkdirSync(this.directory, { recursive: true });
      for await (const [role, one] of this.launch(this.#record.processes)) {
        this.#record.processes[role] = one;
        write(this.#record);
      }
    }
    let last;
    const answers = async () => {
      if (!(await this.running())) throw new Error(`${this.title} ended while it started:\n${this.output()}`);
      return this.probe().catch((error) => void (last = error));
    };
    try {
      return await processes.until(answers, 120_000, `${this.title} on port ${this.address.port}`);
    } catch (error) {
      throw new Error(`${error.message}${last ? ` (last answer: ${last.message})` : ''}`, { cause: error });
    }
  }

  /** Orderly: clients are told, data is written. The port is kept for the next start. */
  async stop() {
    this.#mine('stop');
    if (this.origin === 'compose') return void (await compose.stop(this.#record));
    const { main, ...helpers } = this.#record.processes;
    await processes.end(main, 30_000);
    for (const helper of Object.values(helpers)) await processes.end(helper, 5000);
    await this.#closed();
  }

  /** SIGKILL: no word to any client, no chance to write anything. */
  async kill9() {
    this.#mine('kill');
    if (this.origin === 'compose') return void (await compose.kill(this.#record));
    await processes.kill(this.#record.processes.main);
    await this.#closed();
  }

  /** SIGSTOP: connections stay open, the kernel still accepts new ones, and nothing answers. */
  async freeze() {
    this.#mine('freeze');
    if (this.origin === 'compose') return void (await compose.pause(this.#record));
    processes.signal(this.#record.processes.main, 'SIGSTOP');
  }

  async thaw() {
    this.#mine('thaw');
    if (this.origin === 'compose') return void (await compose.unpause(this.#record));
    processes.signal(this.#record.processes.main, 'SIGCONT');
  }

  /**
   * Stops it in order if it still runs, and starts it again on the same port.
   * @param {{ data?: 'keep' | 'empty' }} [options] `keep` unless told otherwise
   */
  async restart({ data = 'keep' } = {}) {
    await this.stop();
    if (data === 'empty') await this.#wipe();
    return this.start();
  }

  /** Ends it, in whatever state it is, and removes its data and its record. */
  async remove() {
    this.#mine('remove');
    if (this.origin === 'compose') await compose.remove(this.#record);
    else {
      const { main, ...helpers } = this.#record.processes;
      await processes.kill(main);
      for (const helper of Object.values(helpers)) await processes.end(helper, 5000);
    }
    rmSync(this.directory, { recursive: true, force: true });
    erase(this.#record);
  }

  /**
   * The broker's own administration program: what it printed.
   * @param {...string} args
   */
  async ctl(...args) {
    return this.ctlWith('', ...args);
  }

  /** As `ctl`, with something to read. */
  async ctlWith(input, ...args) {
    // asked for a node that is gone, rabbitmqctl would start an epmd that nobody ends
    if (!(await this.running())) throw new Error(`${this.title} is not running: cannot ${args.join(' ')}`);
    const { program, args: line, environment } = await this.administration(...args);
    const [command, ...rest] =
      this.origin === 'compose' ? compose.exec(this.#record, [program, ...line]) : [program, ...line];
    const promise = run(command, rest, {
      env: { ...process.env, ...environment },
      maxBuffer: 64 * 1024 * 1024,
      timeout: 60_000,
    });
    // a program that ends without reading is judged by its exit code
    promise.child.stdin.on('error', () => undefined).end(input);
    try {
      return (await promise).stdout;
    } catch (error) {
      throw new Error(`${program} ${args.join(' ')}: ${(error.stderr || error.stdout || error.message).trim()}`, {
        cause: error,
      });
    }
  }

  /** The last lines the broker wrote. */
  output() {
    if (this.origin === 'compose') return compose.logs(this.#record);
    try {
      return readFileSync(`${this.directory}/output`, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    } catch {
      return '(it wrote nothing)';
    }
  }

  /** The threads of a killed process may hold its sockets for a moment after it is gone. */
  #closed() {
    const { host, port } = this.address;
    return processes.until(() => processes.refuses(host, port), 10_000, `port ${port} to be closed`);
  }

  async #wipe() {
    if (this.origin === 'compose') return compose.remove(this.#record);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #refresh() {
    if (this.origin === 'process') this.#record = reread(this.#record);
  }

  #mine(what) {
    this.#refresh();
    if (this.origin !== 'found') return;
    const { host, port } = this.address;
    throw new Error(
      `cannot ${what} ${this.title} at ${host}:${port}: it was running already; use startPrivate('${this.name}')`,
    );
  }
}

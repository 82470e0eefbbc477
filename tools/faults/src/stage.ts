/** Where one fault is played: senders and workers, their ledgers, and the tally that is kept while they run. */
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Process, type Program } from './processes.js';
import { Ledger, LedgerReader, type Chronicle, type Entry } from './records.js';
import type { BrokerUnderTest, Scene, Subject } from './subject.js';
import { BREAKS, RELIEVES, isProcessVerb, type ProcessVerb, type Verb } from './verbs.js';
import { holdsWithin } from './wait.js';

/** The group whose workers are struck, and one that only looks on. */
export const GROUPS = ['workers', 'audit'] as const;

const WORKERS_MS = 30_000;

export interface Load {
  readonly workers: number;
  readonly senders: number;
  /** Messages a second of each sender. */
  readonly rate: number;
  /** Sends of one sender that are not confirmed. */
  readonly inFlight: number;
  readonly keys: number;
  /** A handler takes no longer, in milliseconds. */
  readonly slowestMs: number;
  /** Messages a worker has taken and not settled; as in `application.yml`. */
  readonly prefetch: number;
  /** One message in so many is poison; 0: none. */
  readonly poison: number;
  /** The deadline of an orderly stop; as in `application.yml`. */
  readonly shutdownMs: number;
}

export class Stage {
  readonly scene: Scene;
  readonly entries: Entry[] = [];
  readonly #directory: string;
  readonly #chronicle: Ledger;
  readonly #reader: LedgerReader;
  readonly #cast = new Map<string, Process>();
  readonly #lives = new Map<string, number>();
  readonly #gone: Process[] = [];

  constructor(
    directory: string,
    private readonly broker: BrokerUnderTest,
    private readonly profile: string,
    private readonly load: Load,
    private readonly subject: Pick<Subject, 'resends' | 'uncommittedMs'>,
    destination: string,
  ) {
    this.#directory = join(directory, 'ledgers');
    mkdirSync(this.#directory);
    this.#chronicle = new Ledger(this.#directory, 'nemesis');
    this.#reader = new LedgerReader(this.#directory);
    this.scene = { destination, group: GROUPS[0] };
  }

  get ledgers(): string {
    return this.#directory;
  }

  note(happening: Chronicle): void {
    this.#chronicle.write(happening);
  }

  /** Reads what the ledgers have got since. */
  look(): readonly Entry[] {
    for (const entry of this.#reader.more()) this.entries.push(entry);
    return this.entries;
  }

  async open(): Promise<void> {
    const workers = Array.from({ length: this.load.workers }, (_, which) => this.#program('worker', which));
    await Promise.all([...workers, this.#program('worker', 0, GROUPS[1])].map((program) => this.#start(program)));
    const senders = Array.from({ length: this.load.senders }, (_, which) => this.#program('sender', which));
    await Promise.all(senders.map((program) => this.#start(program)));
  }

  get senders(): Process[] {
    return [...this.#cast.values()].filter(({ program }) => program.role === 'sender');
  }

  /** Does it, and writes down what that may bring twice. */
  async act(verb: Verb, which = 0): Promise<void> {
    const [, role = ''] = verb.split(' ');
    const subject = isProcessVerb(verb) && verb !== 'await workers' ? this.#member(role, which) : undefined;
    const breaks = BREAKS[verb];
    const { workers, senders, prefetch, inFlight, rate } = this.load;
    const { resends, uncommittedMs = 0 } = this.subject;
    const resent = resends ? senders * inFlight : 0;
    const uncommitted = Math.ceil((senders * rate * uncommittedMs) / 1000);
    const duplicates: Readonly<Record<string, number>> =
      breaks === 'everyone'
        ? { [GROUPS[0]]: workers * prefetch + uncommitted + resent, [GROUPS[1]]: prefetch + uncommitted + resent }
        : { [GROUPS[0]]: breaks === 'worker' ? prefetch + Math.ceil(uncommitted / workers) : 0 };
    // written before it is done: what comes of it comes later
    if (!RELIEVES.includes(verb)) {
      this.note({
        event: 'struck',
        what: subject ? `${verb.split(' ')[0]} ${subject.name}` : verb,
        ...(subject ? { process: subject.name } : {}),
        duplicates,
      });
    }
    if (verb === 'await workers') await this.#awaitWorkers();
    else if (isProcessVerb(verb)) await this.#actOn(verb, subject!);
    else {
      const deed = this.broker.verbs[verb];
      if (!deed) throw new RangeError(`this broker cannot "${verb}", and nobody said so`);
      await deed(this.scene);
    }
    if (!RELIEVES.includes(verb)) this.note({ event: 'landed' });
  }

  /** Returns late rather than never: it is the judge who says what was too late. */
  async #awaitWorkers(): Promise<void> {
    const { destination, group } = this.scene;
    await holdsWithin(WORKERS_MS, async () => {
      return (await this.broker.consumers(destination, group)) === this.load.workers;
    });
  }

  async #actOn(verb: Exclude<ProcessVerb, 'await workers'>, subject: Process): Promise<void> {
    const [what] = verb.split(' ') as ['kill' | 'start' | 'stop' | 'leave' | 'freeze' | 'thaw'];
    if (what === 'start') await this.#start(subject.program);
    else if (what === 'kill') await subject.kill();
    else if (what === 'thaw') subject.thaw();
    else if (what === 'freeze') await (this.broker.freeze?.(subject.pid) ?? subject.freeze());
    else await subject.stop(2 * this.load.shutdownMs);
  }

  /** What all groups together have not settled, as the broker tells. */
  async backlog(): Promise<number> {
    const { destination } = this.scene;
    const each = await Promise.all(GROUPS.map((group) => this.broker.backlog(destination, group)));
    return each.reduce((sum, count) => sum + count, 0);
  }

  /** No sender sends any more, and each send has ended or its time is up. */
  async hush(limitMs: number): Promise<void> {
    for (const sender of this.senders) if (sender.running) sender.hush();
    const started = performance.now();
    const ended = (): boolean => {
      const open = new Set<string>();
      const names = this.senders.map(({ name }) => name);
      for (const entry of this.look()) {
        if (entry.event === 'attempt' && names.includes(entry.by)) open.add(entry.id);
        else if (entry.event === 'confirmed' || entry.event === 'refused' || entry.event === 'unknown') {
          open.delete(entry.id);
        }
      }
      return open.size === 0;
    };
    do await sleep(100);
    while (!ended() && performance.now() - started < limitMs);
    this.note({ event: 'quiet' });
  }

  /** Stops all in order and counts what they complained about. */
  async close(): Promise<void> {
    await Promise.all([...this.#cast.values()].map((process) => process.stop(2 * this.load.shutdownMs)));
    for (const process of [...this.#cast.values(), ...this.#gone]) {
      this.note({ event: 'warnings', process: process.name, count: process.warnings() });
    }
  }

  /** Ends all at once, whatever they do. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#cast.values()].map((process) => process.kill()));
    this.#chronicle.close();
  }

  #program(role: 'worker' | 'sender', which: number, group: string = GROUPS[0]): Program {
    const { rate, inFlight, keys, poison, slowestMs } = this.load;
    const { destination } = this.scene;
    const bindings = 'spring.cloud.stream.bindings';
    const common = { 'spring.profiles.active': this.profile, ...this.broker.properties };
    if (role === 'worker') {
      const place = group === GROUPS[0] ? `worker-${which}` : group;
      const properties = {
        [`${bindings}.input.destination`]: destination,
        [`${bindings}.input.group`]: group,
        'faults.slowest-ms': slowestMs,
      };
      return { role, place, group, properties: { ...common, ...properties } };
    }
    const properties = {
      [`${bindings}.output.destination`]: destination,
      'faults.rate': rate,
      'faults.in-flight': inFlight,
      'faults.keys': keys,
      'faults.poison': poison,
    };
    return { role, place: `sender-${which}`, properties: { ...common, ...properties } };
  }

  async #start(program: Program): Promise<void> {
    const before = this.#cast.get(program.place);
    if (before?.running) throw new RangeError(`${program.place} runs already`);
    if (before) this.#gone.push(before);
    const life = (this.#lives.get(program.place) ?? 0) + 1;
    this.#lives.set(program.place, life);
    this.#cast.set(program.place, await Process.start(program, life, this.#directory, this.#chronicle));
  }

  #member(role: string, which: number): Process {
    const process = this.#cast.get(`${role}-${which}`);
    if (!process) throw new RangeError(`there is no ${role} ${which}`);
    return process;
  }
}

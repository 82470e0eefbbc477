import { StreambindError, asError } from '../../errors/index.js';
import type {
  Capabilities,
  ConsumerBinding,
  ConsumerSink,
  ConsumerSource,
  Delivery,
  DrainReport,
  Later,
  Settlement,
} from '../spi.js';
import { Drain } from './drain.js';
import { Entry } from './entry.js';
import { Fifo } from './fifo.js';
import { Lanes } from './lanes.js';
import { keepLeases } from './leases.js';
import { LinkedList } from './linked-list.js';
import { Ownership } from './ownership.js';
import { Settlements } from './settlements.js';
import type { Settler } from './settler.js';
import { Turn } from './turn.js';

/** The pause before a delivery is offered again to a sink that broke its promise never to throw. */
const BROKEN_SINK_DELAY_MS = 1000;

export interface IntakeOptions<D extends Delivery> {
  readonly source: Pick<ConsumerSource, 'binding' | 'concurrency' | 'prefetch' | 'ordered'>;
  readonly sink: ConsumerSink;
  readonly settler: Settler<D>;
  readonly capabilities: Pick<Capabilities, 'delayedRequeue' | 'minRequeueMs'>;
  /** Milliseconds after which the broker takes back what was not renewed. Absent: `settler.renew` is never called. */
  readonly leaseMs?: number;
}

/**
 * Everything between a binder that takes deliveries from its broker and the sink that handles them: how many handlers run
 * and how many deliveries are open, order in a lane, what happens to a settlement, holding and delivering again, leases,
 * pause and drain. One intake for one consumer binding.
 *
 * At most `concurrency` handlers run at once. In an ordered source one delivery of a lane is in work at a time, and a
 * failing one holds its lane; elsewhere it leaves its handler slot and keeps its place of `prefetch`.
 */
export class Intake<D extends Delivery = Delivery> {
  readonly #source: IntakeOptions<D>['source'];
  readonly #sink: ConsumerSink;
  readonly #settlements: Settlements<D>;
  readonly #turn = new Turn(() => this.#pump());
  readonly #closing = new AbortController();
  readonly #drain = new Drain();
  readonly #open = new LinkedList<Entry<D>>();
  readonly #ready = new Fifo<Entry<D>>();
  readonly #lanes: Lanes<D> | undefined;
  readonly #ownership = new Ownership((signal) => this.#lost(signal));
  readonly #leases: NodeJS.Timeout | undefined;
  #waiters: (() => void)[] = [];
  #idlers: (() => void)[] = [];
  #running = 0;
  #paused = false;
  #pumping = false;
  #returning = false;
  #closed: Promise<DrainReport> | undefined;

  constructor({ source, sink, settler, capabilities, leaseMs }: IntakeOptions<D>) {
    this.#source = source;
    this.#sink = sink;
    this.#lanes = source.ordered ? new Lanes() : undefined;
    this.#settlements = new Settlements(settler, sink, capabilities, this.#turn, {
      ordered: source.ordered,
      closing: this.#closing.signal,
      redeliver: (entry) => {
        this.#makeReady(entry);
        this.#pump();
      },
      leaveLane: (entry) => this.#leaveLane(entry),
      finish: (entry) => {
        this.#finish(entry);
        // a dead letter may be confirmed when nothing else happens: what waited behind it in its lane is ready now
        this.#pump();
      },
    });
    if (settler.renew && leaseMs) this.#leases = keepLeases(settler, sink, this.#open, leaseMs / 3);
  }

  /** How many deliveries may be taken from the broker now: 0 when paused or closing. More can still be offered. */
  get room(): number {
    return this.#paused || this.closed ? 0 : Math.max(0, this.#source.prefetch - this.#open.size);
  }

  /** True from the moment `close` is called. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Fires when `close` is called: ends a read that waits for the broker. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** For the binder's `health()`: why deliveries pile up here, if they do. */
  get degraded(): string | undefined {
    return this.#settlements.degraded;
  }

  /** Resolves when there is room, or the intake closes. */
  async whenRoom(): Promise<void> {
    while (this.room === 0 && !this.closed) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Resolves when no handler runs and no dead letter is on its way: the moment to hand over what is not begun. Pause it
   * first.
   */
  async whenIdle(): Promise<void> {
    while (this.#busy()) await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  /**
   * Takes one delivery, and starts its handler at once where it may. The binder forgets it: the settler hears what
   * becomes of it. One that is lost already is dropped; while closing it is given back.
   */
  offer(delivery: D): void {
    this.#take(delivery);
    this.#pump();
  }

  /** As `offer` for each, in this order. */
  offerAll(deliveries: Iterable<D>): void {
    for (const delivery of deliveries) this.#take(delivery);
    this.#pump();
  }

  /** Starts no handler and asks for no delivery until `resume`. What runs goes on and is settled. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
    this.#wake();
  }

  /**
   * Starts nothing more, gives back what waits or is held, and lets running handlers finish and be settled within
   * `deadlineMs` (default: no limit). What is settled after that is ignored. Idempotent: the first call decides.
   */
  close(deadlineMs?: number): Promise<DrainReport> {
    return (this.#closed ??= this.#close(deadlineMs));
  }

  /**
   * The binding to return from `bindConsumer`.
   * @param stop ends taking from the broker, before anything is given back; counts against the deadline
   * @param release lets go of what settlements needed (a channel, a membership), after the drain
   */
  binding(stop: () => Promise<void> | void, release?: () => Promise<void> | void): ConsumerBinding {
    return {
      pause: () => this.pause(),
      resume: () => this.resume(),
      close: (deadlineMs) => (this.#closed ??= this.#close(deadlineMs, stop, release)),
    };
  }

  #take(delivery: D): void {
    if (delivery.lost.aborted) return;
    const entry = new Entry(delivery);
    this.#open.add(entry);
    if (this.#returning) {
      entry.tally = 'returned';
      this.#settlements.giveBack(entry);
      return;
    }
    this.#ownership.watch(delivery.lost);
    if (!this.#lanes || this.#lanes.join(entry)) this.#makeReady(entry);
  }

  #makeReady(entry: Entry<D>): void {
    entry.state = 'ready';
    this.#ready.push(entry);
  }

  /** A loop, never a recursion: what a handler, a settlement or an offer inside one makes ready is found by it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running < this.#source.concurrency && this.#ready.size > 0 && !this.#paused && !this.closed) {
      if (!this.#turn.start()) break;
      this.#start(this.#ready.shift()!);
    }
    this.#pumping = false;
  }

  #start(entry: Entry<D>): void {
    entry.state = 'running';
    this.#running++;
    let outcome: Settlement | Later | Promise<Settlement | Later>;
    try {
      outcome = this.#sink.deliver(entry.current);
    } catch (error) {
      outcome = this.#brokenSink(error);
    }
    if ('then' in outcome) {
      outcome.then(
        (result) => this.#returned(entry, result),
        (error: unknown) => this.#returned(entry, this.#brokenSink(error)),
      );
    } else {
      this.#returned(entry, outcome);
    }
  }

  /** The handler has returned: its slot is free. */
  #returned(entry: Entry<D>, outcome: Settlement | Later): void {
    this.#running--;
    if (entry.state === 'lost') {
      this.#finish(entry);
    } else if (entry.state === 'running') {
      if (outcome.kind === 'later') this.#settleLater(entry, outcome);
      else this.#settlements.apply(entry, outcome);
    }
    this.#pump();
    this.#tellIdlers();
  }

  #settleLater(entry: Entry<D>, { settlement }: Later): void {
    entry.state = 'later';
    const settle = (result: Settlement): void => {
      if (entry.state !== 'later') return;
      this.#settlements.apply(entry, result);
      this.#pump();
    };
    settlement.then(settle, (error: unknown) => settle(this.#brokenSink(error)));
  }

  #brokenSink(thrown: unknown): Settlement {
    const failure = asError(thrown);
    this.#sink.fault(failure);
    return { kind: 'requeue', delayMs: BROKEN_SINK_DELAY_MS, failure };
  }

  #leaveLane(entry: Entry<D>): void {
    const next = this.#lanes?.leave(entry);
    if (next) this.#makeReady(next);
  }

  #finish(entry: Entry<D>): void {
    if (entry.state === 'done') return;
    // one that is settling has left already, one that is queued does not lead its lane
    if (entry.state !== 'settling' && entry.state !== 'queued') this.#leaveLane(entry);
    entry.state = 'done';
    this.#open.delete(entry);
    this.#drain.count(entry.tally, this.#open.size);
    this.#wake();
    this.#tellIdlers();
  }

  #busy(): boolean {
    if (this.#running > 0) return true;
    for (const entry of this.#open) if (entry.state === 'burying') return true;
    return false;
  }

  #tellIdlers(): void {
    if (this.#idlers.length === 0 || this.#busy()) return;
    const idlers = this.#idlers;
    this.#idlers = [];
    for (const resolve of idlers) resolve();
  }

  #wake(): void {
    if (this.#waiters.length === 0 || (this.room === 0 && !this.closed)) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** A running handler keeps its slot, its lane and its place until it returns: what comes anew must not run beside it. */
  #lost(signal: AbortSignal): void {
    for (const entry of this.#open) {
      if (entry.delivery.lost !== signal) continue;
      entry.tally = undefined;
      if (entry.state === 'running') entry.state = 'lost';
      else this.#drop(entry);
    }
    this.#ready.retain((entry) => entry.state === 'ready');
    this.#pump();
  }

  #drop(entry: Entry<D>): void {
    this.#finish(entry);
    clearTimeout(entry.timer);
    entry.stop?.abort();
  }

  async #close(
    deadlineMs: number | undefined,
    stop?: () => Promise<void> | void,
    release?: () => Promise<void> | void,
  ): Promise<DrainReport> {
    const { binding } = this.#source;
    for (const entry of this.#open) {
      if (entry.state === 'running' || entry.state === 'later' || entry.state === 'burying') entry.tally = 'finished';
    }
    this.#drain.begin(deadlineMs);
    this.#closing.abort(new StreambindError('CLOSED', `the consumer of '${binding}' is closed`));
    this.#wake();
    // a broker that still delivers would hand out again at once what is given back
    if (stop) await this.#drain.orDeadline(this.#guarded(stop));
    this.#returnAll();
    await this.#drain.done(this.#open.size);
    for (const entry of this.#open) {
      entry.tally = 'abandoned';
      this.#drop(entry);
    }
    const report = this.#drain.end();
    clearInterval(this.#leases);
    this.#ownership.end();
    if (release) await this.#guarded(release);
    return report;
  }

  #returnAll(): void {
    this.#returning = true;
    for (const entry of this.#open) {
      if (entry.state === 'burying') {
        entry.stop!.abort();
      } else if (entry.state === 'ready' || entry.state === 'queued' || entry.state === 'held') {
        entry.tally = 'returned';
        this.#settlements.giveBack(entry);
      }
    }
  }

  async #guarded(step: () => Promise<void> | void): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#sink.fault(asError(error));
    }
  }
}

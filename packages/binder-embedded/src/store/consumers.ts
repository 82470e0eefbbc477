/** The worker's side of the consumers: their coming and going in the store, and when to look for messages again. */
import * as claims from './claims.js';
import type { Database } from './database.js';
import { failureOf, isBusy, StoreFailure } from './failure.js';
import * as groups from './groups.js';
import type { Members } from './members.js';
import type { Outbox } from './outbox.js';
import type { ReaderRequest, Results, Settings } from './protocol.js';
import { Allowance, ReaderState } from './reader.js';
import * as settlements from './settlements.js';
import { endRace } from './shares.js';

/** A lost ring costs at most so much. */
export const POLL_MS = 500;
/** A partition that moved waits so long for what its old owner still has in hand. */
const HANDOVER_MS = 5000;

export class Consumers {
  readonly #readers = new Map<number, ReaderState>();
  readonly #allowances = new Map<number, Allowance>();
  /** Consumers that ended while the store could not be written. */
  readonly #leaving = new Set<number>();

  /**
   * @param guarded runs what may fail from a timer
   * @param commit settles what is waiting, and claims
   */
  constructor(
    private readonly db: Database,
    private readonly members: Members,
    private readonly outbox: Outbox,
    private readonly settings: Settings,
    private readonly guarded: (work: () => void) => void,
    private readonly commit: () => void,
  ) {}

  get all(): ReaderState[] {
    return [...this.#readers.values()];
  }

  get(reader: number): ReaderState | undefined {
    return this.#readers.get(reader);
  }

  open(requests: readonly ReaderRequest[]): Results['subscribe'] {
    const readers = requests.map((request) => {
      const { consumer, prefetch } = request;
      const allowance = this.#allowances.get(consumer) ?? new Allowance(consumer, prefetch);
      this.#allowances.set(consumer, allowance);
      return new ReaderState(request, allowance);
    });
    const { replaces } = this.settings;
    const entered = this.db.write(() => {
      const each = readers.map((reader) => this.#subscribe(reader));
      // after its successors are there, so that an anonymous group of its own goes on
      if (replaces) groups.removeMember(this.db, replaces, false);
      return each;
    });
    for (const reader of readers) this.#readers.set(reader.request.reader, reader);
    this.#changed();
    return entered.map(({ destination: { partitions }, contested }) => ({ partitions, contested }));
  }

  end(consumer: number): void {
    this.commit();
    const readers = this.all.filter(({ request }) => request.consumer === consumer);
    if (readers.some(({ settling }) => settling)) {
      throw new StoreFailure('BROKER_UNAVAILABLE', 'The embedded store cannot take the last acknowledgements now.');
    }
    for (const reader of readers) {
      this.#readers.delete(reader.request.reader);
      reader.stopTimers();
      if (reader.consumer > 0) this.#leaving.add(reader.consumer);
    }
    this.#allowances.delete(consumer);
    this.#leave();
    this.#changed();
  }

  #leave(): void {
    if (this.#leaving.size === 0) return;
    this.db.write(() => {
      for (const consumer of this.#leaving) groups.unsubscribe(this.db, consumer);
    });
    this.#leaving.clear();
  }

  /** While on, a consumer is given nothing. */
  hold(consumer: number, on: boolean): void {
    const allowance = this.#allowances.get(consumer);
    if (allowance) allowance.held = on;
    for (const reader of this.#readers.values()) if (reader.allowance === allowance) reader.hungry = true;
  }

  /** Settles only, from now on. */
  stop(): void {
    for (const allowance of this.#allowances.values()) allowance.held = true;
    for (const reader of this.#readers.values()) reader.stopTimers();
  }

  /** Somebody asked this consumer, or every one (0), to look. False when there is none. */
  rung(consumer: number): boolean {
    let known = false;
    for (const reader of this.#readers.values()) {
      if (consumer !== 0 && reader.consumer !== consumer) continue;
      known = true;
      reader.hungry = true;
    }
    return known;
  }

  poll(): void {
    this.#leave();
    const gone = this.all.filter(({ consumer }) => consumer === 0 || !groups.isLive(this.db, consumer));
    if (gone.length > 0) this.rejoin(gone);
    for (const reader of this.#readers.values()) {
      const idle = reader.open === 0 && !claims.hasWork(this.db, reader, Date.now());
      if (idle) endRace(this.db, reader.subscription);
      reader.hungry = !idle;
      this.lookWhenDue(reader);
    }
  }

  lookWhenDue(reader: ReaderState): void {
    const due = claims.nextDue(this.db, reader.subscription);
    if (due !== undefined && due < Date.now() + POLL_MS) this.lookIn(reader, Math.max(0, due - Date.now()));
  }

  lookIn(reader: ReaderState, ms: number): void {
    clearTimeout(reader.wake);
    reader.wake = setTimeout(() => {
      reader.wake = undefined;
      reader.hungry = true;
      this.guarded(() => {
        this.lookWhenDue(reader);
        this.commit();
      });
    }, Math.ceil(ms));
  }

  /** Others took us for dead, or somebody deleted the destination: what these hold is void, and they start anew. */
  rejoin(readers: readonly ReaderState[]): void {
    const failure = this.members.present ? GONE : FENCED;
    for (const reader of readers) {
      if (reader.consumer > 0) {
        this.outbox.event({ event: 'lost', reader: reader.request.reader, epoch: reader.epoch });
        this.outbox.fault(reader.request.reader, failure);
      }
      reader.forget();
    }
    for (const reader of readers) {
      try {
        this.db.write(() => this.#subscribe(reader));
      } catch (error) {
        reader.consumer = 0;
        if (isBusy(error) || reader.missing) continue;
        reader.missing = true;
        this.outbox.fault(reader.request.reader, failureOf(error, this.settings.directory));
      }
    }
    this.#changed();
  }

  /** Partitions may have moved. */
  membersChanged(): void {
    for (const reader of this.#readers.values()) {
      if (!reader.ordered) continue;
      reader.hungry = true;
      if (reader.open === 0 || settlements.foreignPartitions(this.db, reader).length === 0) continue;
      reader.handover ??= setTimeout(() => this.guarded(() => this.#handOver(reader)), HANDOVER_MS);
    }
  }

  /** Gives up what we still hold of partitions that are no longer ours. */
  #handOver(reader: ReaderState): void {
    reader.handover = undefined;
    this.commit();
    const partitions = settlements.foreignPartitions(this.db, reader);
    if (partitions.length === 0) return;
    const released = this.db.write(() =>
      partitions.map((partition) => settlements.release(this.db, reader, partition)),
    );
    for (const [index, partition] of partitions.entries()) {
      reader.opened(-released[index]!);
      this.outbox.event({ event: 'lost', reader: reader.request.reader, epoch: reader.epoch, partition });
    }
    this.members.ringAll();
  }

  #subscribe(reader: ReaderState): groups.Subscribed {
    this.members.enter();
    const subscribed = groups.subscribe(this.db, this.members.id, reader.request);
    reader.missing = false;
    reader.consumer = subscribed.consumer;
    reader.subscription = subscribed.subscription;
    reader.destination = subscribed.destination.id;
    return subscribed;
  }

  #changed(): void {
    this.members.refresh();
    this.members.ringAll();
  }
}

const FENCED = {
  code: 'FENCED',
  message: 'This process was silent longer than its lease; others took over its messages, and it has joined again.',
} as const;

const GONE = {
  code: 'BROKER_UNAVAILABLE',
  message: 'The destination was deleted from the store; what this consumer held is void.',
} as const;

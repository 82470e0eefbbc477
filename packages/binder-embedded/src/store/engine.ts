/**
 * The worker's loop. What arrives in one turn (publications, settlements) and what there is room to claim goes into one
 * transaction; replies, deliveries and rings follow its commit.
 */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import * as claims from './claims.js';
import type { Database } from './database.js';
import { failureOf, isBusy, isRefusal, plain, StoreFailure } from './failure.js';
import * as groups from './groups.js';
import { Members } from './members.js';
import { Outbox } from './outbox.js';
import { Publisher } from './publisher.js';
import type { Burial, Call, Publication, ReaderRequest, Results, Settings, ToWorker } from './protocol.js';
import { Allowance, ReaderState } from './reader.js';
import { FileGone, Upkeep } from './upkeep.js';

/** Acknowledgements may wait so long for company; it only widens what a crash repeats. */
const ACK_LAG_MS = 5;
const ACKS_AT_ONCE = 100;
const POLL_MS = 500;
const RETRY_MS = 250;
const RETRY_LOCKED_MS = 10;
const REPORT_LOCKED_AFTER_MS = 5000;
/** A partition that moved waits so long for what its old owner still has in hand. */
const HANDOVER_MS = 5000;
/** Who sends one by one sends again within this time; waiting for it awake saves two thread switches a message. */
const AWAKE_MS = 0.1;
/** Timers and rings have to get their turn too. */
const LONGEST_TURN_MS = 10;

interface Claim {
  readonly reader: ReaderState;
  readonly result: claims.ClaimResult;
}

export class Engine {
  readonly #outbox: Outbox;
  readonly #members: Members;
  readonly #publisher: Publisher;
  readonly #upkeep: Upkeep;
  readonly #readers = new Map<number, ReaderState>();
  readonly #allowances = new Map<number, Allowance>();
  /** Consumers that ended while the store could not be written. */
  readonly #leaving = new Set<number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #publications: Publication[] = [];
  #calls: { id: number; call: Call }[] = [];
  #calling = false;
  #lag: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #soon = false;
  #trouble = false;
  #lockedSince = 0;
  #repliedAt = 0;
  #closed = false;

  constructor(
    private readonly db: Database,
    private readonly port: MessagePort,
    private readonly settings: Settings,
  ) {
    this.#outbox = new Outbox(port);
    this.#members = new Members(
      db,
      settings.directory,
      settings.member,
      (consumer) => this.#rung(consumer),
      () => this.#membersChanged(),
    );
    this.#publisher = new Publisher(db, this.#members, settings.directory);
    for (const request of settings.targets) this.#publisher.know(request);
    this.#upkeep = new Upkeep(db, settings, (text) => this.#say({ event: 'warning', text }));
  }

  start(): void {
    this.port.on('message', (message: ToWorker) => this.#received(message));
    this.#every(POLL_MS, () => this.#poll());
    this.#every(this.settings.leaseMs / 3, () => this.#beat());
    this.#every(this.#upkeep.intervalMs, () => this.#upkeep.tick());
    this.#outbox.opened();
    this.#outbox.post();
  }

  /** A timer whose work may fail: the store is locked, full, gone. */
  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(() => this.#guarded(work), ms));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#stumbled(error);
    }
    this.#outbox.post();
  }

  #received(first: ToWorker): void {
    const started = performance.now();
    let gap = started - this.#repliedAt;
    let message: ToWorker | undefined = first;
    while (message) {
      let published = false;
      for (; message; message = this.#next()) published = this.#take(message) || published;
      this.#turn();
      this.#repliedAt = performance.now();
      if (!published || gap > AWAKE_MS * 2 || this.#repliedAt - started > LONGEST_TURN_MS) return;
      while (!message && performance.now() - this.#repliedAt < AWAKE_MS) message = this.#next();
      gap = performance.now() - this.#repliedAt;
    }
  }

  #next(): ToWorker | undefined {
    return (receiveMessageOnPort(this.port) as { message: ToWorker } | undefined)?.message;
  }

  #take({ settled, publication, calls }: ToWorker): boolean {
    for (const each of settled ?? []) this.#readers.get(each.reader)?.take(each);
    if (publication) this.#publications.push(publication);
    for (const call of calls ?? []) this.#calls.push(call);
    return publication !== undefined;
  }

  #turn(): void {
    if (this.#closed) return;
    if (this.#publications.length > 0 || this.#calls.length > 0 || this.#worthNow()) this.#commit(false);
    else if ([...this.#readers.values()].some(({ settling }) => settling)) {
      this.#lag ??= setTimeout(() => this.#guarded(() => this.#commit(true)), ACK_LAG_MS);
    }
    this.#outbox.post();
    if (this.#calls.length > 0 && !this.#calling) void this.#answer();
  }

  #worthNow(): boolean {
    let settled = 0;
    for (const { hungry, allowance, acks, returns } of this.#readers.values()) {
      if (hungry && allowance.worthwhile) return true;
      settled += acks.length + returns.length;
    }
    return settled >= ACKS_AT_ONCE;
  }

  /** @param evenLittle also claims where hardly any room became free. */
  #commit(evenLittle: boolean): void {
    clearTimeout(this.#lag);
    this.#lag = undefined;
    if (!this.#trouble) {
      this.#write(this.#publications, true, evenLittle);
    } else {
      // a disk that has no room for a message may have room for an acknowledgement
      if (this.#publications.length > 0) this.#write(this.#publications, false, false);
      this.#write([], true, evenLittle);
    }
  }

  #write(publications: readonly Publication[], consuming: boolean, evenLittle: boolean): void {
    const now = Date.now();
    const readers = consuming ? [...this.#readers.values()].filter(({ consumer }) => consumer > 0) : [];
    const settling = readers.filter((reader) => reader.settling);
    const writing = publications.length > 0 || settling.length > 0;
    const claiming = readers.filter(
      (reader) =>
        reader.hungry &&
        (evenLittle ? reader.allowance.room > 0 : reader.allowance.worthwhile) &&
        (writing || this.#hasWork(reader, now)),
    );
    if (!writing && claiming.length === 0) return;
    const fenced = new Set<ReaderState>();
    const claimed: Claim[] = [];
    try {
      const fates = this.db.write(() => {
        const appended = publications.map((publication) => this.#publisher.append(publication, now));
        for (const reader of new Set([...settling, ...claiming])) {
          if (!groups.isLive(this.db, reader.consumer)) fenced.add(reader);
        }
        for (const reader of settling) if (!fenced.has(reader)) this.#settle(reader, now);
        for (const reader of claiming) if (!fenced.has(reader)) this.#claim(reader, now, claimed);
        return appended;
      }, this.#publisher.isDurable(publications));
      if (publications.length > 0) this.#publications = [];
      for (const fate of fates) this.#outbox.published(fate);
    } catch (error) {
      this.#publisher.forget();
      this.#failed(error, publications);
      return;
    }
    this.#recovered();
    for (const reader of settling) {
      this.#upkeep.touch(reader.destination);
      if (reader.returns.length > 0) this.#wakeWhenDue(reader);
      reader.acks = [];
      reader.returns = [];
      reader.failures = [];
    }
    // the sender need not wait for what follows
    if (publications.length > 0) this.#outbox.post();
    try {
      for (const { reader, result } of claimed) this.#deliver(reader, result);
    } catch (error) {
      // what is claimed and not delivered would wait for ever
      this.#give(failureOf(error, this.settings.directory));
    }
    for (const destination of this.#publisher.ring()) this.#upkeep.touch(destination);
    if (fenced.size > 0) this.#rejoin([...fenced]);
  }

  #hasWork(reader: ReaderState, now: number): boolean {
    reader.hungry = claims.hasWork(this.db, reader, now);
    return reader.hungry;
  }

  #settle(reader: ReaderState, now: number): void {
    for (const message of reader.failures) claims.recordFailure(this.db, reader, message, now);
    if (reader.acks.length > 0) claims.acknowledge(this.db, reader, reader.acks);
    for (let index = 0; index < reader.returns.length; index += 3) {
      const [message, delayMs, failed] = reader.returns.slice(index, index + 3) as [number, number, number];
      claims.giveBack(this.db, reader, { message, delayMs, failed: failed !== 0 }, now);
    }
  }

  #claim(reader: ReaderState, now: number, claimed: Claim[]): void {
    let { room } = reader.allowance;
    for (const other of claimed) {
      if (other.reader.allowance === reader.allowance) room -= other.result.claimed.length;
    }
    if (room > 0) claimed.push({ reader, result: claims.claim(this.db, reader, room, now) });
  }

  #deliver(reader: ReaderState, { claimed, lookAgainMs }: claims.ClaimResult): void {
    reader.hungry = lookAgainMs === 0;
    if (lookAgainMs) this.#wakeIn(reader, lookAgainMs);
    if (claimed.length === 0) return;
    const contents = claims.contents(this.db, claimed);
    const found: (readonly [claims.Claimed, claims.Content])[] = [];
    for (const each of claimed) {
      const content = contents.get(each.message);
      if (content) found.push([each, content]);
      // a cap has dropped it
      else reader.acks.push(each.message);
    }
    reader.opened(found.length);
    this.#outbox.deliver(reader, found);
  }

  #wakeWhenDue(reader: ReaderState): void {
    const due = claims.nextDue(this.db, reader.subscription);
    if (due !== undefined && due < Date.now() + POLL_MS) this.#wakeIn(reader, Math.max(0, due - Date.now()));
  }

  #wakeIn(reader: ReaderState, ms: number): void {
    clearTimeout(reader.wake);
    reader.wake = setTimeout(() => {
      reader.wake = undefined;
      reader.hungry = true;
      this.#guarded(() => {
        this.#wakeWhenDue(reader);
        this.#commit(true);
      });
    }, Math.ceil(ms));
  }

  #rung(consumer: number): void {
    let known = false;
    for (const reader of this.#readers.values()) {
      if (consumer !== 0 && reader.consumer !== consumer) continue;
      known = true;
      reader.hungry = true;
    }
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#guarded(() => {
        if (consumer === 0 || !known) this.#members.refresh();
        if (!this.#closed) this.#commit(false);
      });
    });
  }

  #poll(): void {
    this.#upkeep.requireFile();
    this.#members.refresh();
    for (const consumer of this.#leaving) {
      this.db.write(() => groups.unsubscribe(this.db, consumer));
      this.#leaving.delete(consumer);
    }
    const gone = [...this.#readers.values()].filter(
      ({ consumer }) => consumer === 0 || !groups.isLive(this.db, consumer),
    );
    if (gone.length > 0) this.#rejoin(gone);
    for (const reader of this.#readers.values()) {
      reader.hungry = true;
      this.#wakeWhenDue(reader);
    }
    this.#commit(true);
  }

  #beat(): void {
    if (!this.#members.beat()) this.#rejoin([...this.#readers.values()]);
  }

  /** Others took us for dead, or somebody deleted the destination: what we hold is void, and we start anew. */
  #rejoin(readers: readonly ReaderState[]): void {
    const fenced = !this.#members.present;
    for (const reader of readers) {
      if (reader.consumer > 0) {
        this.#say({ event: 'lost', reader: reader.request.reader, epoch: reader.epoch });
        this.#outbox.fault(reader.request.reader, fenced ? FENCED : GONE);
      }
      reader.forget();
      reader.consumer = 0;
    }
    for (const reader of readers) {
      try {
        this.db.write(() => this.#subscribe(reader));
      } catch (error) {
        if (isBusy(error) || reader.missing) continue;
        reader.missing = true;
        this.#outbox.fault(reader.request.reader, failureOf(error, this.settings.directory));
      }
    }
    this.#members.refresh();
    this.#members.ringAll();
  }

  #subscribe(reader: ReaderState): groups.Subscribed {
    this.#members.enter();
    const subscribed = groups.subscribe(this.db, this.#members.id, reader.request);
    reader.missing = false;
    reader.consumer = subscribed.consumer;
    reader.subscription = subscribed.subscription;
    reader.destination = subscribed.destination.id;
    return subscribed;
  }

  #membersChanged(): void {
    for (const reader of this.#readers.values()) {
      if (!reader.ordered) continue;
      reader.hungry = true;
      if (reader.open > 0 && claims.foreignPartitions(this.db, reader).length > 0) {
        reader.handover ??= setTimeout(() => this.#guarded(() => this.#handOver(reader)), HANDOVER_MS);
      }
    }
  }

  /** Gives up what we still hold of partitions that are no longer ours. */
  #handOver(reader: ReaderState): void {
    reader.handover = undefined;
    this.#commit(true);
    const partitions = claims.foreignPartitions(this.db, reader);
    const released = this.db.write(() => partitions.map((partition) => claims.release(this.db, reader, partition)));
    for (const [index, partition] of partitions.entries()) {
      reader.opened(-released[index]!);
      this.#say({ event: 'lost', reader: reader.request.reader, epoch: reader.epoch, partition });
    }
    if (partitions.length > 0) this.#members.ringAll();
  }

  /** One call after another, because the first subscription has to wait for the door. */
  async #answer(): Promise<void> {
    this.#calling = true;
    for (let next = this.#calls.shift(); next; next = this.#calls.shift()) {
      try {
        this.#outbox.result(next.id, await this.#call(next.call));
      } catch (error) {
        if (!isRefusal(error)) this.#stumbled(error);
        this.#outbox.failed(next.id, failureOf(error, this.settings.directory));
      }
      this.#outbox.post();
      if (next.call.name === 'close') this.port.close();
    }
    this.#calling = false;
    if (!this.#closed) this.#guarded(() => this.#commit(false));
  }

  async #call(call: Call): Promise<unknown> {
    switch (call.name) {
      case 'declare':
        return this.#publisher.declare(call.request);
      case 'subscribe':
        await this.#members.openDoor();
        return this.#open(call.requests);
      case 'unsubscribe':
        return this.#end(call.consumer);
      case 'hold':
        return this.#hold(call.consumer, call.on);
      case 'bury':
        return this.#bury(call.burial);
      case 'close':
        return this.#close();
    }
  }

  #open(requests: readonly ReaderRequest[]): Results['subscribe'] {
    const readers = requests.map((request) => {
      const { consumer, prefetch } = request;
      const allowance = this.#allowances.get(consumer) ?? new Allowance(consumer, prefetch);
      this.#allowances.set(consumer, allowance);
      return new ReaderState(request, allowance);
    });
    const { replaces } = this.settings;
    const contested = this.db.write(() => {
      const each = readers.map((reader) => this.#subscribe(reader).contested);
      if (replaces) groups.removeMember(this.db, replaces, false);
      return each;
    });
    for (const reader of readers) this.#readers.set(reader.request.reader, reader);
    this.#members.refresh();
    this.#members.ringAll();
    return contested;
  }

  #end(consumer: number): void {
    this.#commit(true);
    if ([...this.#readers.values()].some(({ request, settling }) => request.consumer === consumer && settling)) {
      throw new StoreFailure('BROKER_UNAVAILABLE', 'The embedded store cannot take the last acknowledgements now.');
    }
    for (const [id, reader] of this.#readers) {
      if (reader.request.consumer !== consumer) continue;
      this.#readers.delete(id);
      reader.stopTimers();
      if (reader.consumer > 0) this.#leaving.add(reader.consumer);
    }
    this.#allowances.delete(consumer);
    this.db.write(() => {
      for (const leaving of this.#leaving) groups.unsubscribe(this.db, leaving);
    });
    this.#leaving.clear();
    this.#members.refresh();
    this.#members.ringAll();
  }

  #hold(consumer: number, on: boolean): void {
    const allowance = this.#allowances.get(consumer);
    if (allowance) allowance.held = on;
    for (const reader of this.#readers.values()) if (reader.allowance === allowance) reader.hungry = true;
  }

  #bury({ reader: id, epoch, ...burial }: Burial): boolean {
    const reader = this.#readers.get(id);
    if (!reader || reader.epoch !== epoch) return false;
    const buried = this.db.write(() => claims.bury(this.db, reader, burial, Date.now()));
    if (buried) reader.opened(-1);
    this.#publisher.appended(burial.destination);
    this.#publisher.ring();
    this.#upkeep.touch(reader.destination);
    return buried;
  }

  #close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const timer of [this.#lag, this.#retry]) clearTimeout(timer);
    for (const reader of this.#readers.values()) reader.stopTimers();
    try {
      this.#commitLast();
      this.#members.leave();
    } finally {
      this.#publisher.close();
      this.#upkeep.close();
      this.#members.close();
      this.db.close();
    }
  }

  #commitLast(): void {
    for (const allowance of this.#allowances.values()) allowance.held = true;
    this.#commit(true);
  }

  /** Publications get the error; what is settled waits for better times. */
  #failed(error: unknown, publications: readonly Publication[]): void {
    if (!isBusy(error) && publications.length > 0) {
      const failure = failureOf(error, this.settings.directory);
      this.#publications = [];
      for (let count = publications.length; count > 0; count--) this.#outbox.published({ failure });
    }
    this.#stumbled(error);
  }

  #stumbled(error: unknown): void {
    const failure = failureOf(error, this.settings.directory);
    if (this.#closed) return;
    if (failure.code === 'STORE_DAMAGED' || failure.code === 'INTERNAL' || failure instanceof FileGone) {
      this.#give(failure);
    }
    const busy = isBusy(error);
    this.#lockedSince ||= Date.now();
    if (!busy || Date.now() - this.#lockedSince > REPORT_LOCKED_AFTER_MS) {
      if (!this.#trouble) this.#say({ event: 'trouble', failure: plain(failure), nextTryMs: RETRY_MS });
      this.#trouble = true;
    }
    if (failure.code === 'BROKER_FULL') this.#upkeep.shrink();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#guarded(() => this.#commit(true)), busy ? RETRY_LOCKED_MS : RETRY_MS);
  }

  /** Nothing can be saved here: the main thread opens anew, or says why not. */
  #give(failure: StoreFailure): never {
    this.#outbox.ended(failure);
    this.#outbox.post();
    process.exit(1);
  }

  #recovered(): void {
    this.#lockedSince = 0;
    if (!this.#trouble) return;
    this.#trouble = false;
    this.#say({ event: 'trouble', failure: undefined, nextTryMs: 0 });
  }

  #say(event: Parameters<Outbox['event']>[0]): void {
    this.#outbox.event(event);
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

/** The worker's loop: takes what the main thread says, decides when to write, and answers. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Consumers, POLL_MS } from './consumers.js';
import type { Database } from './database.js';
import { failureOf, isRefusal, StoreFailure } from './failure.js';
import { Members } from './members.js';
import { Outbox } from './outbox.js';
import type { Burial, Call, Settings, ToWorker } from './protocol.js';
import { Publisher } from './publisher.js';
import * as settlements from './settlements.js';
import { Transactions } from './transaction.js';
import { Trouble } from './trouble.js';
import { Upkeep } from './upkeep.js';

/** Acknowledgements may wait so long for company; it only widens what a crash repeats. */
const ACK_LAG_MS = 5;
const ACKS_AT_ONCE = 100;
/** Who sends one by one or handles at once says more within this time; waiting for it awake saves two thread switches. */
const AWAKE_MS = 0.2;
/** Timers and rings have to get their turn too. */
const LONGEST_TURN_MS = 10;

export class Engine {
  readonly #outbox: Outbox;
  readonly #members: Members;
  readonly #publisher: Publisher;
  readonly #consumers: Consumers;
  readonly #upkeep: Upkeep;
  readonly #trouble: Trouble;
  readonly #transactions: Transactions;
  readonly #timers: NodeJS.Timeout[] = [];
  #calls: { id: number; call: Call }[] = [];
  #calling = false;
  #lag: NodeJS.Timeout | undefined;
  #soon = false;
  #repliedAt = 0;
  #closed = false;

  constructor(
    private readonly db: Database,
    private readonly port: MessagePort,
    private readonly settings: Settings,
  ) {
    const { directory, member } = settings;
    const guarded = (work: () => void): void => this.#guarded(work);
    const outbox = (this.#outbox = new Outbox(port));
    this.#upkeep = new Upkeep(db, settings, (text) => outbox.event({ event: 'warning', text }));
    this.#trouble = new Trouble(directory, outbox, this.#upkeep, () => guarded(() => this.#commit(true)));
    this.#members = new Members(
      db,
      directory,
      member,
      (consumer) => this.#rung(consumer),
      () => this.#consumers.membersChanged(),
    );
    this.#publisher = new Publisher(db, this.#members, directory);
    this.#consumers = new Consumers(db, this.#members, outbox, settings, guarded, () => this.#commit(true));
    this.#transactions = new Transactions(
      directory,
      db,
      this.#publisher,
      this.#consumers,
      outbox,
      this.#upkeep,
      this.#trouble,
    );
  }

  start(): void {
    this.port.on('message', (message: ToWorker) => this.#received(message));
    this.#every(POLL_MS, () => this.#poll());
    this.#every(this.settings.leaseMs / 3, () => this.#beat());
    this.#every(this.#upkeep.intervalMs, () => this.#upkeep.tick());
    this.#outbox.opened();
    this.#outbox.post();
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(() => this.#guarded(work), ms));
  }

  /** What a timer or a socket starts may fail: the store is locked, full, gone. */
  #guarded(work: () => void): void {
    if (this.#closed) return;
    try {
      work();
    } catch (error) {
      this.#trouble.met(error);
    }
    this.#outbox.post();
  }

  #received(first: ToWorker): void {
    const started = performance.now();
    let gap = started - this.#repliedAt;
    let message: ToWorker | undefined = first;
    while (message) {
      let more = false;
      for (; message; message = this.#next()) more = this.#take(message) || more;
      this.#turn();
      this.#repliedAt = performance.now();
      if (!more || gap > AWAKE_MS * 2 || this.#repliedAt - started > LONGEST_TURN_MS) return;
      while (!message && performance.now() - this.#repliedAt < AWAKE_MS) message = this.#next();
      gap = performance.now() - this.#repliedAt;
    }
  }

  #next(): ToWorker | undefined {
    return (receiveMessageOnPort(this.port) as { message: ToWorker } | undefined)?.message;
  }

  /** @returns whether more of the same is likely to follow soon */
  #take({ settled, publication, calls }: ToWorker): boolean {
    for (const each of settled ?? []) this.#consumers.get(each.reader)?.take(each);
    if (publication) this.#transactions.publications.push(publication);
    for (const call of calls ?? []) this.#calls.push(call);
    return publication !== undefined || settled !== undefined;
  }

  #turn(): void {
    if (this.#closed) return;
    if (this.#transactions.publications.length > 0 || this.#calls.length > 0 || this.#worthNow()) this.#commit(false);
    else if (this.#consumers.all.some(({ settling }) => settling)) {
      this.#lag ??= setTimeout(() => this.#guarded(() => this.#commit(true)), ACK_LAG_MS);
    }
    this.#outbox.post();
    if (this.#calls.length > 0 && !this.#calling) void this.#answer();
  }

  #worthNow(): boolean {
    let settled = 0;
    for (const { hungry, allowance, acks, returns } of this.#consumers.all) {
      if (hungry && allowance.worthwhile) return true;
      settled += acks.length + returns.length;
    }
    return settled >= ACKS_AT_ONCE;
  }

  #commit(evenLittle: boolean): void {
    clearTimeout(this.#lag);
    this.#lag = undefined;
    this.#transactions.commit(evenLittle);
  }

  #rung(consumer: number): void {
    const known = this.#consumers.rung(consumer);
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#guarded(() => {
        if (consumer === 0 || !known) this.#members.refresh();
        this.#commit(false);
      });
    });
  }

  #poll(): void {
    this.#upkeep.requireFile();
    this.#members.refresh();
    this.#consumers.poll();
    this.#commit(true);
  }

  #beat(): void {
    if (!this.#members.beat()) this.#consumers.rejoin(this.#consumers.all);
  }

  /** One call after another, because the first subscription has to wait for the door. */
  async #answer(): Promise<void> {
    this.#calling = true;
    for (let next = this.#calls.shift(); next; next = this.#calls.shift()) {
      try {
        this.#outbox.result(next.id, await this.#call(next.call));
      } catch (error) {
        // what is refused says nothing about the store
        if (!isRefusal(error) && !(error instanceof StoreFailure)) this.#trouble.met(error);
        this.#outbox.failed(next.id, failureOf(error, this.settings.directory));
      }
      this.#outbox.post();
    }
    this.#calling = false;
    if (this.#closed) this.port.close();
    else this.#guarded(() => this.#commit(false));
  }

  async #call(call: Call): Promise<unknown> {
    switch (call.name) {
      case 'declare':
        return this.#publisher.declare(call.request);
      case 'subscribe':
        await this.#members.openDoor();
        return this.#consumers.open(call.requests);
      case 'unsubscribe':
        return this.#consumers.end(call.consumer);
      case 'hold':
        return this.#consumers.hold(call.consumer, call.on);
      case 'bury':
        return this.#bury(call.burial);
      case 'close':
        return this.#close();
    }
  }

  #bury({ reader: id, epoch, ...burial }: Burial): boolean {
    const reader = this.#consumers.get(id);
    if (!reader || reader.epoch !== epoch) return false;
    const buried = this.db.write(() => settlements.bury(this.db, reader, burial, Date.now()));
    if (buried) reader.opened(-1);
    this.#publisher.appended(burial.destination);
    this.#publisher.ring();
    this.#upkeep.touch(reader.destination);
    return buried;
  }

  #close(): void {
    this.#closed = true;
    for (const timer of [...this.#timers, this.#lag]) clearTimeout(timer);
    this.#trouble.stop();
    this.#consumers.stop();
    try {
      this.#commit(true);
      this.#members.leave();
    } finally {
      this.#publisher.close();
      this.#upkeep.close();
      this.#members.close();
      this.db.close();
    }
  }
}

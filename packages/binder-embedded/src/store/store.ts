/**
 * The store of one directory as this process sees it: one worker, shared by every binder and binding, opened again when it
 * breaks, and with it every target and consumer.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor, StreambindError, asError, isStreambindError, type ErrorCode } from '@streambind/core/binder';
import { Link, errorOf, type Send } from './link.js';
import type {
  Burial,
  DeliveredBatch,
  Entered,
  ReaderRequest,
  Settings,
  Settled,
  TargetRequest,
  WorkerEvent,
} from './protocol.js';

export type StoreSettings = Omit<Settings, 'member' | 'replaces'>;

/** A binder, which wants to know how its store is. */
export interface Watcher {
  report(error: Error, nextTryMs: number): void;
  recovered(): void;
  warn(text: string): void;
}

/** A consumer binding, as the store sees it. */
export interface Receiver {
  readonly readers: readonly ReaderRequest[];
  delivered(batch: DeliveredBatch): void;
  /** Nothing that this reader was given is ours any more, or nothing of that partition. */
  lost(reader: number, partition: number | undefined): void;
  fault(error: Error): void;
  entered(reader: number, found: Entered): void;
}

/** No later try will end better. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'STORE_DAMAGED',
  'STORE_VERSION',
  'STORE_INSECURE',
  'STORE_DRIVER',
  'BINDER_FAILED',
  'CLOSED',
]);
const BACK_OFF = { initialMs: 200, maxMs: 5000 };

const stores = new Map<string, Store>();

export class Store {
  readonly #supervisor: Supervisor<Link>;
  readonly #watchers = new Set<Watcher>();
  readonly #targets = new Map<number, TargetRequest>();
  readonly #receivers = new Map<number, Receiver>();
  readonly #byReader = new Map<number, Receiver>();
  readonly #settings: StoreSettings;
  /** Sends that wait for the store. */
  readonly #waiting: { readonly send: Send; publish(on: Link): void }[] = [];
  /** The current link, once it knows all that the last one knew. */
  #restored: Link | undefined;
  #lastId = 0;
  #member: string | undefined;
  #trouble: StreambindError | undefined;

  private constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.#supervisor = new Supervisor({
      connect: (signal) => this.#open(signal),
      dispose: (link) => link.close(),
      report: (error, nextTryMs) => {
        this.#trouble = isStreambindError(error) ? error : undefined;
        for (const watcher of this.#watchers) watcher.report(error, nextTryMs);
        if (isPermanent(error)) this.#leaveRegistry();
      },
      recovered: () => this.#recovered(),
      permanent: isPermanent,
      backOff: BACK_OFF,
    });
    this.#supervisor.onConnected((link) => this.#restore(link));
  }

  /** The store of that directory. Who opens it first decides about lease, retention and caps. */
  static attach(settings: StoreSettings, watcher: Watcher): Store {
    let store = stores.get(settings.directory);
    if (!store) stores.set(settings.directory, (store = new Store(settings)));
    store.#watchers.add(watcher);
    if (!same(store.#settings, settings)) {
      watcher.warn('another binder of this process opened the store with other settings, and those hold');
    }
    // the first binding waits for it; a failure is told to the watcher meanwhile
    store.#supervisor.get().catch(() => undefined);
    return store;
  }

  /** The last to leave closes it. */
  async release(watcher: Watcher): Promise<void> {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.#leaveRegistry();
    await this.#supervisor.close();
  }

  /** Why it cannot be used now, if so. */
  get trouble(): StreambindError | undefined {
    return this.#supervisor.current || this.#trouble
      ? this.#trouble
      : new StreambindError('BROKER_UNAVAILABLE', 'The embedded store is not open yet.');
  }

  get open(): boolean {
    return this.#supervisor.current !== undefined;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** Pending while the store is away. @throws what no retry can cure, and the reason of `signal` */
  async declare(request: TargetRequest, signal: AbortSignal): Promise<number | undefined> {
    const partitions = await this.#persist(signal, (link) => link.call<'declare'>({ name: 'declare', request }));
    this.#targets.set(request.target, request);
    return partitions;
  }

  forget(target: number): void {
    this.#targets.delete(target);
  }

  /** Waits for the store while it is being opened again; the order of calls is kept. */
  send(
    send: Send,
    target: number,
    partition: number,
    key: string | Uint8Array | null,
    headers: string,
    payload: Uint8Array | null,
  ): void {
    const link = this.#restored;
    if (link) {
      link.publish(send, target, partition, key, headers, payload);
      return;
    }
    if (this.#waiting.length === 0)
      this.#supervisor.get().catch((error: unknown) => this.#refuseWaiting(asError(error)));
    const own = payload && Uint8Array.from(payload);
    this.#waiting.push({ send, publish: (on) => on.publish(send, target, partition, key, headers, own) });
  }

  async subscribe(consumer: number, receiver: Receiver, signal: AbortSignal): Promise<void> {
    const enlist = (on: boolean): void => {
      if (on) this.#receivers.set(consumer, receiver);
      else this.#receivers.delete(consumer);
      for (const { reader } of receiver.readers) {
        if (on) this.#byReader.set(reader, receiver);
        else this.#byReader.delete(reader);
      }
      const link = this.#supervisor.current;
      if (link) link.keepsAlive = this.#receivers.size > 0;
    };
    try {
      await this.#persist(signal, async (link) => {
        // deliveries may come before the reply
        enlist(true);
        await this.#enter(link, [receiver]);
      });
    } catch (error) {
      enlist(false);
      throw error;
    }
  }

  /** Delivers nothing more while on; resolves when what was on its way has arrived. */
  async hold(consumer: number, on: boolean): Promise<void> {
    await this.#supervisor.current?.call<'hold'>({ name: 'hold', consumer, on });
  }

  /** Ends a consumer, and gives back what it still held. */
  async unsubscribe(consumer: number): Promise<void> {
    const receiver = this.#receivers.get(consumer);
    this.#receivers.delete(consumer);
    for (const { reader } of receiver?.readers ?? []) this.#byReader.delete(reader);
    const link = this.#supervisor.current;
    if (!link) return;
    link.keepsAlive = this.#receivers.size > 0;
    await link.call<'unsubscribe'>({ name: 'unsubscribe', consumer });
  }

  /** `settled` may be filled until `posted` is called. */
  settle(settled: Settled, posted: () => void): void {
    const link = this.#supervisor.current;
    if (link) link.settle(settled, posted);
    else posted();
  }

  async bury(burial: Burial): Promise<void> {
    const link = this.#supervisor.current;
    if (!link) throw this.trouble ?? new StreambindError('BROKER_UNAVAILABLE', 'The embedded store is not open.');
    await link.call<'bury'>({ name: 'bury', burial });
  }

  async #open(signal: AbortSignal): Promise<Link> {
    const member = randomUUID();
    const link = await Link.open(
      { ...this.#settings, member, replaces: this.#member },
      {
        delivered: (batch) => this.#byReader.get(batch.reader)?.delivered(batch),
        happened: (event) => this.#happened(event),
        broke: (broken, error) => this.#broke(broken, error),
      },
      signal,
    );
    this.#member = member;
    return link;
  }

  #broke(link: Link, error: StreambindError): void {
    if (link === this.#supervisor.current) {
      this.#restored = undefined;
      for (const receiver of this.#receivers.values()) {
        for (const { reader } of receiver.readers) receiver.lost(reader, undefined);
      }
    }
    this.#supervisor.lost(error, link);
  }

  /** Brings back what the last worker knew. */
  async #restore(link: Link): Promise<void> {
    const receivers = [...this.#receivers.values()];
    link.keepsAlive = receivers.length > 0;
    for (let waitMs = BACK_OFF.initialMs; ; waitMs = Math.min(waitMs * 2, BACK_OFF.maxMs)) {
      try {
        const requests = [...this.#targets.values()];
        await Promise.all(requests.map((request) => link.call<'declare'>({ name: 'declare', request })));
        if (receivers.length > 0) await this.#enter(link, receivers);
        break;
      } catch (error) {
        if (this.#supervisor.current !== link) return;
        for (const watcher of this.#watchers) watcher.report(asError(error), waitMs);
        await sleep(waitMs, undefined, { ref: false });
      }
    }
    if (this.#supervisor.current !== link) return;
    this.#restored = link;
    for (const waiting of this.#waiting.splice(0)) {
      if (!waiting.send.settled) waiting.publish(link);
    }
  }

  #refuseWaiting(error: Error): void {
    const reason = isStreambindError(error) ? error : new StreambindError('BROKER_UNAVAILABLE', error.message);
    for (const { send } of this.#waiting.splice(0)) send.failed(reason);
  }

  async #enter(link: Link, receivers: readonly Receiver[]): Promise<void> {
    const requests = receivers.flatMap(({ readers }) => readers);
    const entered = await link.call<'subscribe'>({ name: 'subscribe', requests });
    for (const [index, { reader }] of requests.entries()) this.#byReader.get(reader)?.entered(reader, entered[index]!);
  }

  #happened(event: WorkerEvent): void {
    switch (event.event) {
      case 'lost':
        this.#byReader.get(event.reader)?.lost(event.reader, event.partition);
        break;
      case 'fault':
        this.#byReader.get(event.reader)?.fault(errorOf(event.failure));
        break;
      case 'warning':
        for (const watcher of this.#watchers) watcher.warn(event.text);
        break;
      case 'trouble':
        if (!event.failure) this.#recovered();
        else {
          this.#trouble = errorOf(event.failure);
          for (const watcher of this.#watchers) watcher.report(this.#trouble, event.nextTryMs);
        }
    }
  }

  #recovered(): void {
    this.#trouble = undefined;
    for (const watcher of this.#watchers) watcher.recovered();
  }

  /** Until it works, or cannot. */
  async #persist<T>(signal: AbortSignal, work: (link: Link) => Promise<T>): Promise<T> {
    const aborted = new Promise<never>((_, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
    for (let waitMs = BACK_OFF.initialMs; ; waitMs = Math.min(waitMs * 2, BACK_OFF.maxMs)) {
      const link = await Promise.race([this.#supervisor.get(), aborted]);
      try {
        return await Promise.race([work(link), aborted]);
      } catch (error) {
        if (signal.aborted || isPermanent(asError(error))) throw error;
        for (const watcher of this.#watchers) watcher.report(asError(error), waitMs);
        await Promise.race([sleep(waitMs), aborted]);
      }
    }
  }

  #leaveRegistry(): void {
    if (stores.get(this.#settings.directory) === this) stores.delete(this.#settings.directory);
  }
}

const isPermanent = (error: Error): boolean => isStreambindError(error) && PERMANENT.has(error.code);

const same = (a: StoreSettings, b: StoreSettings): boolean =>
  a.leaseMs === b.leaseMs && a.keepMs === b.keepMs && a.maxAgeMs === b.maxAgeMs && a.maxSize === b.maxSize;

/** The main thread's end of one worker: gathers what is said in one turn of the event loop and posts it at once. */
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { StreambindError } from '@streambind/core/binder';
import { Packer } from './bytes.js';
import type { Failure } from './failure.js';
import { Gate } from './gate.js';
import {
  POST_AT_BYTES,
  type Call,
  type DeliveredBatch,
  type FromWorker,
  type PublishedFields,
  type Results,
  type Settings,
  type Settled,
  type WorkerEvent,
} from './protocol.js';

/** From `src` as from `dist` this is the built file: a worker thread knows no loader of the main thread. */
const WORKER = new URL('../../dist/store/worker.js', import.meta.url);

/** Of every worker that lives: `process.exit` ends them wherever they are. */
const gates = new Set<Gate>();
process.on('exit', () => {
  for (const gate of gates) gate.shut();
});

/** So long a reply is waited for awake, turn after turn of the event loop: falling asleep takes as long as a commit. */
const AWAKE_MS = 0.25;
/** Where several did not come in time the processors are busy, and waiting awake only takes them from the worker. */
const VAIN_WAITS = 3;
const ASLEEP_MS = 100;
const CLOSE_WITHIN_MS = 2000;
/** More are posted before the turn ends, so that both threads have something to do. */
const POST_AT_SENDS = 50;

/** One record on its way. */
export interface Send {
  /** Nobody waits for it any more. */
  readonly settled: boolean;
  confirmed(): void;
  failed(error: StreambindError): void;
}

export interface LinkListener {
  delivered(batch: DeliveredBatch): void;
  happened(event: WorkerEvent): void;
  /** The worker ended without being asked to. */
  broke(link: Link, error: StreambindError): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Link {
  readonly #port: MessagePort;
  readonly #calls = new Map<number, Waiting>();
  /** Posted publications, eldest first. */
  #sent: Send[][] = [];
  #sends: Send[] = [];
  #fields: PublishedFields = [];
  readonly #bytes = new Packer();
  #settled: Settled[] = [];
  #whenPosted: (() => void)[] = [];
  #newCalls: { id: number; call: Call }[] = [];
  #lastCall = 0;
  #scheduled = false;
  #polling = false;
  #postedAt = 0;
  #vainWaits = 0;
  #awakeFrom = 0;
  #keepsAlive = false;
  #referenced = true;
  #ended: StreambindError | undefined;
  #reason: StreambindError | undefined;
  readonly #exited: Promise<void>;

  private constructor(
    private readonly worker: Worker,
    private readonly gate: Gate,
    port: MessagePort,
    private readonly listener: LinkListener,
  ) {
    this.#port = port;
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        gates.delete(gate);
        this.#end();
        resolve();
      });
    });
    worker.on('error', (error) => (this.#reason ??= broken(`The store's worker failed (${error.message}).`)));
    port.on('message', (message: FromWorker) => this.#received(message));
    worker.unref();
    this.#reference();
  }

  /** @throws what the worker met while it opened the store */
  static open(settings: Settings, listener: LinkListener, signal: AbortSignal): Promise<Link> {
    const { port1, port2 } = new MessageChannel();
    const gate = new Gate();
    const worker = new Worker(WORKER, {
      workerData: { port: port2, settings, gate: gate.memory },
      transferList: [port2],
      execArgv: workerArguments(),
    });
    gates.add(gate);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        signal.removeEventListener('abort', abandon);
        port1.close();
        gate.shut();
        void worker.terminate();
        reject(error);
      };
      const abandon = (): void => fail(signal.reason as Error);
      signal.addEventListener('abort', abandon, { once: true });
      worker.once('error', fail);
      worker.once('exit', () => {
        gates.delete(gate);
        // its last words may still be on their way
        const last = receiveMessageOnPort(port1) as { message: FromWorker } | undefined;
        const failure = last?.message.opened?.failure;
        fail(failure ? errorOf(failure) : broken('The worker of the store ended while it opened.'));
      });
      port1.once('message', ({ opened }: FromWorker) => {
        if (opened?.failure) {
          fail(errorOf(opened.failure));
          return;
        }
        signal.removeEventListener('abort', abandon);
        worker.removeAllListeners();
        resolve(new Link(worker, gate, port1, listener));
      });
    });
  }

  /** Whether this link alone keeps the process running. Pending sends and calls do so anyway. */
  set keepsAlive(on: boolean) {
    this.#keepsAlive = on;
    this.#reference();
  }

  publish(
    send: Send,
    target: number,
    partition: number,
    key: string | Uint8Array | null,
    headers: string,
    payload: Uint8Array | null,
  ): void {
    if (this.#ended) {
      send.failed(this.#ended);
      return;
    }
    this.#sends.push(send);
    this.#fields.push(target, partition, key, headers, payload?.byteLength ?? -1);
    // now, because the sender may use its buffer again
    this.#bytes.add(payload);
    if (this.#sends.length >= POST_AT_SENDS || this.#bytes.size >= POST_AT_BYTES) this.#flush();
    else this.#schedule();
  }

  /** `settled` is filled until it is posted, at the end of this turn; then `posted` is called. */
  settle(settled: Settled, posted: () => void): void {
    this.#settled.push(settled);
    this.#whenPosted.push(posted);
    this.#schedule();
  }

  call<Name extends Call['name']>(call: Extract<Call, { name: Name }>): Promise<Results[Name]> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastCall;
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#newCalls.push({ id, call });
      this.#reference();
      this.#schedule();
    });
  }

  /** Gives back what is claimed, leaves the membership, ends the worker. */
  async close(): Promise<void> {
    if (!this.#ended) {
      const timer = setTimeout(() => {
        this.gate.shut();
        void this.worker.terminate();
      }, CLOSE_WITHIN_MS);
      // what the store cannot take any more, the others take over
      await this.call<'close'>({ name: 'close' }).catch(() => undefined);
      await this.#exited;
      clearTimeout(timer);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // after all promises of this turn: what they send goes along
    queueMicrotask(() => process.nextTick(() => this.#flush()));
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#ended) return;
    const sends = this.#sends;
    // a full message went before the end of the turn, and took all with it
    if (sends.length + this.#settled.length + this.#newCalls.length === 0) return;
    const bytes = this.#bytes.take();
    this.#port.postMessage(
      {
        ...(this.#settled.length > 0 ? { settled: this.#settled } : {}),
        ...(sends.length > 0 ? { publication: { fields: this.#fields, bytes } } : {}),
        ...(this.#newCalls.length > 0 ? { calls: this.#newCalls } : {}),
      },
      [bytes],
    );
    for (const posted of this.#whenPosted) posted();
    [this.#settled, this.#whenPosted, this.#newCalls] = [[], [], []];
    if (sends.length === 0) return;
    [this.#sends, this.#fields] = [[], []];
    this.#sent.push(sends);
    this.#reference();
    this.#postedAt = performance.now();
    if (!this.#polling && this.#postedAt > this.#awakeFrom) {
      this.#polling = true;
      setImmediate(() => this.#poll());
    }
  }

  #poll(): void {
    for (let next = this.#next(); next; next = this.#next()) this.#received(next);
    const now = performance.now();
    if (this.#sent.length > 0 && now - this.#postedAt < AWAKE_MS) {
      setImmediate(() => this.#poll());
      return;
    }
    this.#polling = false;
    this.#vainWaits = this.#sent.length > 0 ? this.#vainWaits + 1 : 0;
    if (this.#vainWaits < VAIN_WAITS) return;
    this.#vainWaits = 0;
    this.#awakeFrom = now + ASLEEP_MS;
  }

  #next(): FromWorker | undefined {
    return (receiveMessageOnPort(this.#port) as { message: FromWorker } | undefined)?.message;
  }

  #received({ published, deliveries, results, events }: FromWorker): void {
    if (published) {
      for (const fate of published) this.#settleSends(this.#sent.shift() ?? [], fate);
    }
    for (const batch of deliveries ?? []) this.listener.delivered(batch);
    for (const event of events ?? []) {
      if (event.event === 'ended') this.#reason = errorOf(event.failure);
      else this.listener.happened(event);
    }
    for (const { id, value, failure } of results ?? []) {
      const waiting = this.#calls.get(id);
      this.#calls.delete(id);
      if (failure) waiting?.reject(errorOf(failure));
      else waiting?.resolve(value);
    }
    this.#reference();
  }

  #settleSends(sends: readonly Send[], { failure, refused }: NonNullable<FromWorker['published']>[number]): void {
    if (failure) {
      for (const send of sends) send.failed(errorOf(failure));
      return;
    }
    const failures = refused && new Map(refused);
    for (const [index, send] of sends.entries()) {
      const reason = failures?.get(index);
      if (reason) send.failed(errorOf(reason));
      else send.confirmed();
    }
  }

  #reference(): void {
    const needed = this.#keepsAlive || this.#sent.length > 0 || this.#calls.size > 0;
    if (needed === this.#referenced) return;
    this.#referenced = needed;
    if (needed) this.#port.ref();
    else this.#port.unref();
  }

  #end(): void {
    // what it said before it ended
    for (let next = this.#next(); next; next = this.#next()) this.#received(next);
    const error = (this.#ended = this.#reason ?? broken('The worker of the store ended.'));
    this.#port.close();
    const unknown = new StreambindError(
      'PUBLISH_UNKNOWN',
      'The store broke off before it confirmed; the message may or may not have been stored.',
      {},
      error,
    );
    for (const send of this.#sent.flat()) send.failed(unknown);
    for (const send of this.#sends) send.failed(error);
    for (const waiting of this.#calls.values()) waiting.reject(error);
    [this.#sent, this.#sends] = [[], []];
    this.#calls.clear();
    this.listener.broke(this, error);
  }
}

export const errorOf = ({ code, message, details }: Failure): StreambindError =>
  new StreambindError(code, message, details ?? {});

const broken = (what: string): StreambindError => new StreambindError('BROKER_UNAVAILABLE', what);

/** Loaders and conditions of the main thread would only slow the worker down; flags that Node needs for it stay. */
function workerArguments(): string[] {
  return process.execArgv.filter((argument) => argument.startsWith('--experimental-sqlite'));
}

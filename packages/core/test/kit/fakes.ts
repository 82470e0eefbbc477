/** A broker and a sink made of arrays and promises that the test settles. */
import {
  Intake,
  type ConsumerSink,
  type Delivery,
  type Later,
  type Settlement,
  type Settler,
} from '@streambind/core/binder';

export const ACK: Settlement = { kind: 'ack' };
export const failed = (delayMs: number, message = 'boom'): Settlement => ({
  kind: 'requeue',
  delayMs,
  failure: new Error(message),
});
export const nack = (delayMs = 0): Settlement => ({ kind: 'requeue', delayMs });
export const dead = (message = 'poison'): Settlement => ({ kind: 'deadLetter', reason: new Error(message) });

export const NEVER: AbortSignal = new AbortController().signal;

export function delivery(id: string, over: Partial<Delivery> = {}): Delivery {
  return { id, attempt: 1, lane: id[0]!, lost: NEVER, native: undefined, payload: null, headers: {}, ...over };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Writes down every call as `ack a1`, `requeue a1 0`, `requeue a1 500 boom`, `failed a1 boom`, `dead a1 poison`. */
export class FakeSettler implements Settler {
  readonly calls: string[] = [];
  readonly renewed: string[][] = [];
  onAck: (delivery: Delivery) => void | Promise<void> = () => undefined;
  onDeadLetter: (delivery: Delivery) => Promise<void> = () => Promise.resolve();
  onRequeue: (delivery: Delivery) => void | Promise<void> = () => undefined;

  ack(delivery: Delivery): void | Promise<void> {
    this.calls.push(`ack ${delivery.id}`);
    return this.onAck(delivery);
  }

  deadLetter(delivery: Delivery, reason: Error): Promise<void> {
    this.calls.push(`dead ${delivery.id} ${reason.message}`);
    return this.onDeadLetter(delivery);
  }

  requeue(delivery: Delivery, delayMs: number, failure?: Error): void | Promise<void> {
    this.calls.push(['requeue', delivery.id, delayMs, ...(failure ? [failure.message] : [])].join(' '));
    return this.onRequeue(delivery);
  }

  failed(delivery: Delivery, failure: Error): void {
    this.calls.push(`failed ${delivery.id} ${failure.message}`);
  }

  renew(deliveries: readonly Delivery[]): void {
    this.renewed.push(deliveries.map(({ id }) => id));
  }
}

/** Its handlers run until the test ends them, unless `onDeliver` answers at once. */
export class FakeSink implements ConsumerSink {
  /** `a1#2` is the second attempt of a1. */
  readonly seen: string[] = [];
  readonly faults: string[] = [];
  readonly running = new Map<string, Deferred<Settlement | Later>>();
  mostAtOnce = 0;
  onDeliver: (delivery: Delivery) => Settlement | Later | undefined = () => undefined;

  deliver(delivery: Delivery): Settlement | Later | Promise<Settlement | Later> {
    this.seen.push(`${delivery.id}#${delivery.attempt}`);
    const answer = this.onDeliver(delivery);
    if (answer) return answer;
    const handler = deferred<Settlement | Later>();
    this.running.set(delivery.id, handler);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running.size);
    return handler.promise;
  }

  fault(error: Error): void {
    this.faults.push(error.message);
  }

  /** Ends the handler of that delivery, and lets what follows from it in this turn happen. */
  async end(id: string, outcome: Settlement | Later = ACK): Promise<void> {
    const handler = this.running.get(id);
    if (!handler) throw new Error(`no handler runs for ${id}`);
    this.running.delete(id);
    handler.resolve(outcome);
    await microtasks();
  }
}

/** Lets promises that are settled already run their course; no timer fires. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export interface Setup {
  readonly concurrency?: number;
  readonly prefetch?: number;
  readonly ordered?: boolean;
  readonly delayedRequeue?: 'broker' | 'held';
  readonly minRequeueMs?: number;
  readonly leaseMs?: number;
  /** Parts of the settler that this broker lacks. */
  readonly without?: readonly ('requeue' | 'failed' | 'renew')[];
}

export function setUp(setup: Setup = {}): { intake: Intake; settler: FakeSettler; sink: FakeSink } {
  const settler = new FakeSettler();
  for (const part of setup.without ?? []) Object.defineProperty(settler, part, { value: undefined });
  const sink = new FakeSink();
  const { concurrency = 1, prefetch = 10, ordered = false, leaseMs } = setup;
  const intake = new Intake({
    source: { binding: 'input', concurrency, prefetch, ordered },
    sink,
    settler,
    capabilities: { delayedRequeue: setup.delayedRequeue ?? 'held', minRequeueMs: setup.minRequeueMs ?? 0 },
    ...(leaseMs === undefined ? {} : { leaseMs }),
  });
  return { intake, settler, sink };
}

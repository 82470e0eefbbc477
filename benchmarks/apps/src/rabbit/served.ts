/**
 * One side of the comparison as a process that the benchmark gives orders to: each is one measured run, on connections of
 * its own. All sides are timed by this code.
 */
import { newOrder, type Order } from './order.js';

/** What a side has to offer; it speaks to the exchange and the queue of `wire.ts`, which are there. */
export interface Side {
  sender(): Promise<Sender>;
  /** Calls back with each message and acknowledges it. */
  receiver(handle: (order: Order) => void, prefetch: number, ack: Ack): Promise<Receiver>;
}

/** For the bare client, which has to choose: one frame each, or one for all that came in a turn of the event loop. */
export type Ack = 'each' | 'multiple';

export interface Sender {
  /** So many, so many of them unconfirmed at a time; resolves when all are confirmed. */
  sendAll(order: Order, messages: number, inFlight: number): Promise<void>;
  /** A refusal ends the process. */
  send(order: Order, confirmed: () => void): void;
  close(): Promise<void>;
}

export interface Receiver {
  /** Resolves when the broker has every acknowledgement. */
  stop(): Promise<void>;
}

interface Load {
  readonly messages: number;
  /** Before them, not timed. */
  readonly warmUp: number;
}

interface Receiving {
  readonly prefetch: number;
  readonly ack: Ack;
}

interface Orders {
  send: Load & { readonly inFlight: number };
  receive: Load & Receiving;
  through: Load & Receiving & { readonly inFlight: number };
  latency: Receiving & { readonly rate: number; readonly seconds: number };
  soakSending: Soak & { readonly inFlight: number };
  soakReceiving: Soak & Receiving;
}

interface Soak {
  readonly messages: number;
  readonly samples: number;
}

type Figures = Record<string, number | readonly number[]>;

export function serve(side: Side): void {
  const answers: { [Name in keyof Orders]: (order: Orders[Name]) => Promise<Figures> } = {
    send: (order) => send(side, order),
    receive: (order) => receive(side, order),
    through: (order) => through(side, order),
    latency: (order) => latency(side, order),
    soakSending: (order) => soakSending(side, order),
    soakReceiving: (order) => soakReceiving(side, order),
  };
  process.on('message', ({ name, order }: { name: keyof Orders; order: never }) => {
    void answers[name](order).then((figures) => process.send!({ figures }));
  });
  process.on('disconnect', () => process.exit());
  process.send!({ figures: {} });
}

async function send(side: Side, { messages, warmUp, inFlight }: Orders['send']): Promise<Figures> {
  const sender = await side.sender();
  const order = newOrder();
  await sender.sendAll(order, warmUp, inFlight);
  const watch = new Watch();
  await sender.sendAll(order, messages, inFlight);
  watch.stop();
  await sender.close();
  return watch.figures(messages);
}

/** From the last message of the warm-up to the last message. */
async function receive(side: Side, { messages, warmUp, prefetch, ack }: Orders['receive']): Promise<Figures> {
  const count = new Count(warmUp, messages);
  const receiver = await side.receiver(count.one, prefetch, ack);
  const watch = await count.done;
  await receiver.stop();
  return watch.figures(messages);
}

/** Sends as fast as it can and receives what it sends. */
async function through(side: Side, order: Orders['through']): Promise<Figures> {
  const { messages, warmUp, inFlight, prefetch, ack } = order;
  const count = new Count(warmUp, messages);
  const receiver = await side.receiver(count.one, prefetch, ack);
  const sender = await side.sender();
  await sender.sendAll(newOrder(), warmUp + messages, inFlight);
  const watch = await count.done;
  await sender.close();
  await receiver.stop();
  return watch.figures(messages);
}

/** Before latency is counted. */
const LATENCY_WARM_UP_MS = 500;
/** Sends that nobody has confirmed; what is due beyond them waits, and its latency counts meanwhile. */
const MOST_UNCONFIRMED = 1000;

/** Open loop: what is due by the clock is sent, in steps of a millisecond, and latency counts from when it was due. */
async function latency(side: Side, { rate, seconds, prefetch, ack }: Orders['latency']): Promise<Figures> {
  const all = Math.round((LATENCY_WARM_UP_MS / 1000 + seconds) * rate);
  const taken: number[] = [];
  let countedFrom = Infinity;
  let received = 0;
  let finished!: () => void;
  const done = new Promise<void>((resolve) => (finished = resolve));
  const handle = ({ at }: Order): void => {
    if (at >= countedFrom) taken.push(performance.now() - at);
    if (++received === all) finished();
  };
  const receiver = await side.receiver(handle, prefetch, ack);
  const sender = await side.sender();
  const order = newOrder();
  let sent = 0;
  let unconfirmed = 0;
  const confirmed = (): void => void unconfirmed--;
  const started = performance.now();
  countedFrom = started + LATENCY_WARM_UP_MS;
  while (sent < all) {
    const due = Math.min(all, (Math.floor(performance.now() - started) * rate) / 1000);
    for (; sent < due && unconfirmed < MOST_UNCONFIRMED; sent++) {
      order.at = started + Math.ceil((sent * 1000) / rate);
      unconfirmed++;
      sender.send(order, confirmed);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await done;
  await sender.close();
  await receiver.stop();
  const sorted = taken.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!;
  return { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1) };
}

async function soakSending(side: Side, { messages, samples, inFlight }: Orders['soakSending']): Promise<Figures> {
  const sender = await side.sender();
  const order = newOrder();
  const memory = new Memory();
  const watch = new Watch();
  for (let sample = 0; sample < samples; sample++) {
    await sender.sendAll(order, messages / samples, inFlight);
    memory.take();
  }
  watch.stop();
  await sender.close();
  return { ...watch.figures(messages), ...memory.figures() };
}

async function soakReceiving(
  side: Side,
  { messages, samples, ...receiving }: Orders['soakReceiving'],
): Promise<Figures> {
  const memory = new Memory();
  const count = new Count(0, messages);
  let received = 0;
  const handle = (): void => {
    if (++received % (messages / samples) === 0) memory.take();
    count.one();
  };
  const receiver = await side.receiver(handle, receiving.prefetch, receiving.ack);
  const watch = await count.done;
  await receiver.stop();
  return { ...watch.figures(messages), ...memory.figures() };
}

/** Milliseconds of the clock and microseconds of this process's processors. */
class Watch {
  readonly #started = performance.now();
  readonly #cpu = process.cpuUsage();
  #ms = 0;
  #cpuUs = 0;

  stop(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpuUs = user + system;
    this.#ms = performance.now() - this.#started;
  }

  figures(messages: number): Figures {
    return { perSecond: (messages / this.#ms) * 1000, cpuUs: this.#cpuUs / messages };
  }
}

class Count {
  #left: number;
  #watch: Watch | undefined;
  #done!: (watch: Watch) => void;
  readonly done = new Promise<Watch>((resolve) => (this.#done = resolve));

  constructor(
    warmUp: number,
    private readonly messages: number,
  ) {
    this.#left = warmUp + messages;
    if (warmUp === 0) this.#watch = new Watch();
  }

  readonly one = (): void => {
    this.#left--;
    if (this.#left === this.messages) this.#watch = new Watch();
    if (this.#left > 0) return;
    this.#watch!.stop();
    this.#done(this.#watch!);
  };
}

/** What is held when nothing is left to collect, in 10^6 bytes; needs `--expose-gc`. */
class Memory {
  readonly #heldMB: number[] = [];
  readonly #rssMB: number[] = [];

  take(): void {
    globalThis.gc!();
    const { heapUsed, external, rss } = process.memoryUsage();
    this.#heldMB.push((heapUsed + external) / 1e6);
    this.#rssMB.push(rss / 1e6);
  }

  /** `heldMB`: objects, and buffers outside the heap of objects. */
  figures(): Figures {
    return { heldMB: this.#heldMB, rssMB: this.#rssMB };
  }
}

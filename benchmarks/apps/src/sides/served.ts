/**
 * One side of the comparison as a process that the benchmark gives orders to: each is one measured run, on connections of
 * its own. All sides are timed by this code.
 */
import { newOrder, type Order } from './order.js';

/** What a side has to offer. What it speaks to is there. */
export interface Side {
  sender(place: Place): Promise<Sender>;
  /** Calls back with each message and acknowledges it. */
  receiver(handle: (order: Order) => void, how: Receiving): Promise<Receiver>;
}

/** For the bare client, which has to choose: one by one, or together what came together. */
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

export interface Place {
  readonly destination: string;
  readonly group: string;
}

export interface Receiving extends Place {
  readonly prefetch: number;
  readonly ack: Ack;
  /** Handlers at once; a partition each. */
  readonly concurrency: number;
}

/** Unless an order says otherwise. */
const DEFAULTS = { destination: 'bench', group: 'all', concurrency: 1 };

interface Orders {
  send: Load & Place & { readonly inFlight: number };
  receive: Load & Receiving;
  through: Load & Receiving & { readonly inFlight: number };
  latency: Receiving & { readonly rate: number; readonly seconds: number };
  soakSending: Soak & Place & { readonly inFlight: number };
  soakReceiving: Soak & Receiving;
  idle: Receiving & { readonly seconds: number };
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
    idle: (order) => idle(side, order),
  };
  process.on('message', ({ name, order }: { name: keyof Orders; order: object }) => {
    void answers[name]({ ...DEFAULTS, ...order } as never).then((figures) => process.send!({ figures }));
  });
  process.on('disconnect', () => process.exit());
  process.send!({ figures: {} });
}

async function send(side: Side, { messages, warmUp, inFlight, ...place }: Orders['send']): Promise<Figures> {
  const sender = await side.sender(place);
  const order = newOrder();
  await sender.sendAll(order, warmUp, inFlight);
  const watch = new Watch();
  await sender.sendAll(order, messages, inFlight);
  watch.stop();
  await sender.close();
  return watch.figures(messages);
}

/** From the last message of the warm-up to the last message. */
async function receive(side: Side, { messages, warmUp, ...how }: Orders['receive']): Promise<Figures> {
  const count = new Count(warmUp, messages);
  const receiver = await side.receiver(count.one, how);
  const watch = await count.done;
  await receiver.stop();
  return watch.figures(messages);
}

/** Sends as fast as it can and receives what it sends. */
async function through(side: Side, order: Orders['through']): Promise<Figures> {
  const { messages, warmUp, inFlight } = order;
  const count = new Count(warmUp, messages);
  const receiver = await side.receiver(count.one, order);
  const sender = await side.sender(order);
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
async function latency(side: Side, { rate, seconds, ...how }: Orders['latency']): Promise<Figures> {
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
  const receiver = await side.receiver(handle, how);
  const sender = await side.sender(how);
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

async function soakSending(
  side: Side,
  { messages, samples, inFlight, ...place }: Orders['soakSending'],
): Promise<Figures> {
  const sender = await side.sender(place);
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
  const receiver = await side.receiver(handle, receiving);
  const watch = await count.done;
  await receiver.stop();
  return { ...watch.figures(messages), ...memory.figures() };
}

const SETTLED_MS = 3000;

/** Bound and with nothing to do. */
async function idle(side: Side, { seconds, ...how }: Orders['idle']): Promise<Figures> {
  const receiver = await side.receiver(() => {}, how);
  const sender = await side.sender(how);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const cpu = process.cpuUsage();
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - started;
  await sender.close();
  await receiver.stop();
  return { ofACore: (user + system) / 1000 / ms };
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
    // buffers outside the heap are accounted for when the next collection begins
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

/**
 * A binder without a broker, on the real kit: what core's own tests run on. One `MemoryBroker` is one broker; it can be
 * away, slow, and asked what it got.
 */
import { Intake, StreambindError, Supervisor, schema } from '@streambind/core/binder';
import type { Binder, BinderFactory, ConsumerSource, Delivery, WireRecord } from '@streambind/core/binder';

interface Subscription {
  readonly group: string;
  readonly anonymous: boolean;
  readonly waiting: { readonly id: string; readonly record: WireRecord; attempt: number }[];
  readonly wake: Set<() => void>;
}

export class MemoryBroker {
  readonly #destinations = new Map<string, Map<string, Subscription>>();
  readonly #whenUp = new Set<() => void>();
  #id = 0;
  #up = true;
  /** Resolves before a send is confirmed; a test may hold it. */
  beforeConfirm: () => Promise<void> = () => Promise.resolve();
  /** What each aborted transaction had sent. */
  readonly aborts: string[][] = [];

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    this.#up = up;
    if (up) for (const wake of this.#whenUp) wake();
  }

  subscription(destination: string, group: string, anonymous = false): Subscription {
    const groups = this.#destinations.get(destination) ?? new Map<string, Subscription>();
    this.#destinations.set(destination, groups);
    const found = groups.get(group) ?? { group, anonymous, waiting: [], wake: new Set() };
    groups.set(group, found);
    return found;
  }

  groups(destination: string): string[] {
    return [...(this.#destinations.get(destination)?.keys() ?? [])];
  }

  drop(destination: string, group: string): void {
    this.#destinations.get(destination)?.delete(group);
  }

  publish(destination: string, record: WireRecord): void {
    for (const subscription of this.#destinations.get(destination)?.values() ?? []) {
      subscription.waiting.push({ id: String(++this.#id), record, attempt: 1 });
      for (const wake of subscription.wake) wake();
    }
  }

  /** What waits in a group, oldest first. */
  waiting(destination: string, group: string): WireRecord[] {
    return this.subscription(destination, group).waiting.map(({ record }) => record);
  }
}

const NEVER = new AbortController().signal;

export const memoryBinder = (
  broker: MemoryBroker,
  type = 'memory',
  options: { readonly manual?: boolean; readonly transactional?: boolean } = {},
): BinderFactory => ({
  type,
  system: type,
  capabilities: {
    partitions: 'emulated',
    order: 'destination',
    delayedRequeue: 'held',
    minRequeueMs: 0,
    attempts: 'local',
    durableGroups: true,
    replay: false,
    anonymousGroups: true,
    provisioning: true,
    pause: true,
    transactions: true,
    batch: false,
    headerTypes: 'typed',
    nullPayload: true,
    emptyPayload: true,
    maxPayload: 1 << 20,
    redeliverOnCrashMs: 0,
  },
  schemas: { binder: schema<object>({}), consumer: schema<object>({}), producer: schema<object>({}) },
  producerExpressions: [],
  ...(options.manual ? { policy: () => ({ acknowledge: 'manual' as const }) } : {}),
  create: (_, context) => {
    const connection = new Supervisor<MemoryBroker>({
      connect: () => (broker.up ? Promise.resolve(broker) : Promise.reject(new Error('the broker is away'))),
      report: (error, nextTryMs) => context.report(error, nextTryMs),
      recovered: () => context.recovered(),
      backOff: { initialMs: 5, maxMs: 20 },
    });
    const staged = options.transactional ? new Staged(broker) : undefined;
    const binder: Binder = {
      ...(staged ? { transactions: staged } : {}),
      async bindConsumer(source, sink) {
        await connection.get();
        return consume(broker, source, sink, staged);
      },
      async bindProducer({ destination, requiredGroups }) {
        await connection.get();
        for (const group of requiredGroups) broker.subscription(destination, group);
        let pending = 0;
        let giveUp!: (error: Error) => void;
        const closed = new Promise<never>((_, reject) => (giveUp = reject));
        closed.catch(() => {});
        return {
          async send(record, inside) {
            if (inside && !staged) throw new Error('this binder has no transactions');
            pending++;
            try {
              await Promise.race([broker.beforeConfirm(), closed]);
              if (!broker.up) throw new StreambindError('PUBLISH_REFUSED', 'the broker is away');
              if (inside) staged!.add(inside, destination, record);
              else broker.publish(destination, record);
            } finally {
              pending--;
            }
          },
          close: () => {
            const unconfirmed = pending;
            giveUp(new StreambindError('PUBLISH_UNKNOWN', 'the producer was closed before the broker confirmed'));
            return Promise.resolve({ confirmed: 0, unconfirmed });
          },
        };
      },
      close: () => connection.close(),
    };
    return Promise.resolve(binder);
  },
});

/** What was sent inside deliveries that are not settled, by their ids. */
class Staged {
  readonly #records = new Map<string, { destination: string; record: WireRecord }[]>();

  constructor(private readonly broker: MemoryBroker) {}

  add({ id }: Delivery, destination: string, record: WireRecord): void {
    const records = this.#records.get(id) ?? [];
    this.#records.set(id, records);
    records.push({ destination, record });
  }

  commit({ id }: Delivery): void {
    for (const { destination, record } of this.#records.get(id) ?? []) this.broker.publish(destination, record);
    this.#records.delete(id);
  }

  abort({ id }: Delivery): Promise<void> {
    this.broker.aborts.push((this.#records.get(id) ?? []).map(({ record }) => String(record.payload)));
    this.#records.delete(id);
    return Promise.resolve();
  }
}

let anonymous = 0;

function consume(
  broker: MemoryBroker,
  source: ConsumerSource,
  sink: Parameters<Binder['bindConsumer']>[1],
  staged: Staged | undefined,
) {
  const group = source.group ?? `anonymous.${++anonymous}`;
  const subscriptions = source.destinations.map((destination) => ({
    destination,
    subscription: broker.subscription(destination, group, source.group === undefined),
  }));
  const items = new Map<Delivery, { record: WireRecord; id: string; attempt: number; subscription: Subscription }>();
  const intake = new Intake<Delivery>({
    source,
    sink,
    capabilities: { delayedRequeue: 'held', minRequeueMs: 0 },
    settler: {
      ack: (delivery) => {
        staged?.commit(delivery);
        items.delete(delivery);
      },
      deadLetter: async (delivery, reason) => {
        items.delete(delivery);
        const [destination] = source.destinations;
        const dead = `${destination}.${group}.dlq`;
        broker.subscription(dead, 'parked');
        broker.publish(dead, {
          payload: delivery.payload,
          headers: { ...delivery.headers, 'x-exception-message': reason.message },
        });
      },
      requeue: (delivery) => {
        const item = items.get(delivery)!;
        items.delete(delivery);
        item.subscription.waiting.unshift({ id: item.id, record: item.record, attempt: delivery.attempt });
      },
    },
  });
  const pump = (): void => {
    for (const { subscription } of subscriptions) {
      while (intake.room > 0 && subscription.waiting.length > 0) {
        const { id, record, attempt } = subscription.waiting.shift()!;
        const delivery: Delivery = { ...record, id, attempt, lane: subscription.group, lost: NEVER, native: record };
        items.set(delivery, { record, id, attempt, subscription });
        intake.offer(delivery);
      }
    }
    if (!intake.closed && subscriptions.some(({ subscription }) => subscription.waiting.length > 0)) {
      void intake.whenRoom().then(pump);
    }
  };
  for (const { subscription } of subscriptions) subscription.wake.add(pump);
  setImmediate(pump);
  return intake.binding(() => {
    for (const { destination, subscription } of subscriptions) {
      subscription.wake.delete(pump);
      if (subscription.anonymous) broker.drop(destination, group);
    }
  });
}

/** A binder through its contract, without core's pipelines: bytes and headers in, deliveries out. */
import { randomUUID } from 'node:crypto';
import type { BinderContext, BinderFactory, ConsumerSink, Schema, WireRecord } from '@streambind/core/binder';
import type { Order } from './order.js';
import type { Side } from './served.js';

export function defaultsOf<T>({ options }: Schema<T>): T {
  const all = Object.entries<{ readonly default?: unknown }>(options);
  return Object.fromEntries(
    all.filter(([, option]) => 'default' in option).map(([name, option]) => [name, option.default]),
  ) as T;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const silent = (): void => undefined;
const context: BinderContext = {
  name: 'bench',
  log: { name: 'bench', enabled: () => false, debug: silent, info: silent, warn: say, error: say },
  report: (error) => say(error.message),
  recovered: silent,
};

const ACK = { kind: 'ack' } as const;

/** @param options of the binder, where they are not the defaults */
export function minimal<Options, ConsumerOptions, ProducerOptions>(
  factory: BinderFactory<Options, ConsumerOptions, ProducerOptions>,
  options: Partial<Options>,
): Side {
  const { connection = {}, schemas, capabilities } = factory;
  const open = () => {
    const defaults = [...Object.values(connection), schemas.binder as Schema].map((each) => defaultsOf(each) as object);
    return factory.create(Object.assign({}, ...defaults, options) as Options, context);
  };
  return {
    async sender({ destination }) {
      const binder = await open();
      const producer = await binder.bindProducer({
        binding: 'output',
        destination,
        requiredGroups: [],
        provision: 'create',
        options: defaultsOf(schemas.producer),
      });
      const send = (order: Order): Promise<void> => {
        const record: WireRecord = {
          payload: Buffer.from(JSON.stringify(order)),
          headers: { id: randomUUID(), timestamp: Date.now(), contentType: 'application/json' },
        };
        return producer.send(record);
      };
      return {
        async sendAll(order, messages, inFlight) {
          let left = messages;
          const one = async (): Promise<void> => {
            while (left-- > 0) await send(order);
          };
          await Promise.all(Array.from({ length: inFlight }, one));
        },
        send: (order, confirmed) => void send(order).then(confirmed),
        async close() {
          await producer.close();
          await binder.close();
        },
      };
    },
    async receiver(handle, { destination, group, concurrency, prefetch }) {
      const binder = await open();
      const sink: ConsumerSink = {
        deliver({ payload }) {
          handle(JSON.parse((payload as Buffer).toString()) as Order);
          return ACK;
        },
        fault: (error) => say(error.message),
      };
      const binding = await binder.bindConsumer(
        {
          binding: 'input',
          destinations: [destination],
          group,
          concurrency,
          prefetch,
          ordered: capabilities.partitions === 'broker',
          provision: 'create',
          options: defaultsOf(schemas.consumer),
        },
        sink,
      );
      return {
        async stop() {
          await binding.close();
          await binder.close();
        },
      };
    },
  };
}

/** The binder through its contract, without core's pipelines: bytes and headers in, deliveries out. */
import { randomUUID } from 'node:crypto';
import type { BinderContext, ConsumerSink, Schema, WireRecord } from '@streambind/core/binder';
import { binderFactory } from '@streambind/binder-rabbit';
import type { Order } from './order.js';
import { serve } from './served.js';
import { EXCHANGE, GROUP, address } from './wire.js';

type Options<T> = T extends Schema<infer O> ? O : never;
type BinderOptions = Options<typeof binderFactory.schemas.binder>;

function defaultsOf<T>({ options }: Schema<T>): T {
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

const open = () =>
  binderFactory.create(
    {
      ...defaultsOf(binderFactory.connection!['spring.rabbitmq'] as Schema<BinderOptions>),
      ...defaultsOf(binderFactory.schemas.binder),
      ...address,
      host: address.hostname,
    },
    context,
  );

const ACK = { kind: 'ack' } as const;

serve({
  async sender() {
    const binder = await open();
    const producer = await binder.bindProducer({
      binding: 'output',
      destination: EXCHANGE,
      requiredGroups: [],
      provision: 'create',
      options: defaultsOf(binderFactory.schemas.producer),
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
      close: () => binder.close(),
    };
  },
  async receiver(handle, prefetch) {
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
        destinations: [EXCHANGE],
        group: GROUP,
        concurrency: 1,
        prefetch,
        ordered: false,
        provision: 'create',
        options: defaultsOf(binderFactory.schemas.consumer),
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
});

/**
 * kafkajs alone. Sending: a send for each message, as its users write it, or with `gather` the best that can be had of it:
 * what is sent while a request is out goes together with the next one. Receiving: `eachMessage` or `eachBatch`.
 */
import { CompressionTypes, Kafka, Partitioners, logLevel, type Message, type Producer } from 'kafkajs';
import type { Order } from '../sides/order.js';
import { serve, type Sender } from '../sides/served.js';
import { bootstrapServers } from './wire.js';

const flags = new Set(process.argv.slice(2));
const idempotent = flags.has('idempotent');

const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING });
const FORMAT = { acks: -1, compression: CompressionTypes.None } as const;

const messageOf = (order: Order): Message => ({
  value: JSON.stringify(order),
  headers: { contentType: 'application/json' },
});

/** Asked again when a request is tried again, it would mix up the sequence numbers of an idempotent producer. */
const onePartition: typeof Partitioners.DefaultPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  return (asked) => (asked.message.partition ??= choose(asked));
};

type Send = (message: Message) => Promise<unknown>;

const sendOf = (producer: Producer, topic: string): Send => {
  if (!flags.has('gather')) return (message) => producer.send({ topic, messages: [message], ...FORMAT });
  let waiting: {
    readonly message: Message;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await producer.send({ topic, messages: batch.map(({ message }) => message), ...FORMAT });
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };
  return (message) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ message, resolve, reject });
      if (!running) void run();
    });
};

serve({
  async sender({ destination }): Promise<Sender> {
    const producer = kafka.producer({
      createPartitioner: onePartition,
      ...(idempotent ? { idempotent, maxInFlightRequests: 1 } : {}),
    });
    await producer.connect();
    const send = sendOf(producer, destination);
    return {
      async sendAll(order, messages, inFlight) {
        let left = messages;
        const one = async (): Promise<void> => {
          while (left-- > 0) await send(messageOf(order));
        };
        await Promise.all(Array.from({ length: inFlight }, one));
      },
      send: (order, confirmed) => void send(messageOf(order)).then(confirmed),
      close: () => producer.disconnect(),
    };
  },
  async receiver(handle, { destination, group, concurrency, ack }) {
    const consumer = kafka.consumer({ groupId: group });
    await consumer.connect();
    await consumer.subscribe({ topics: [destination], fromBeginning: true });
    const take = (value: Buffer | null): void => handle(JSON.parse(value!.toString()) as Order);
    await consumer.run({
      partitionsConsumedConcurrently: concurrency,
      ...(ack === 'each'
        ? { eachMessage: ({ message }) => Promise.resolve(take(message.value)) }
        : {
            eachBatch: ({ batch }) => {
              for (const { value } of batch.messages) take(value);
              return Promise.resolve();
            },
          }),
    });
    return {
      async stop() {
        // waits for the commit of the batches that have come
        await consumer.stop();
        await consumer.disconnect();
      },
    };
  },
});

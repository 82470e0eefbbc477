/** The binder without a connection: what it publishes is read back from the very frames, what it is given is handled. */
import type { ConsumerSink, ConsumerSource, Delivery, Settlement, WireRecord } from '@streambind/core/binder';
import type { RawMessage } from '../../src/client/amqplib.js';
import { FrameWriter, type Properties } from '../../src/client/frames.js';
import { DeliveryReader, type RawProperties } from '../../src/client/properties.js';
import { deadLetter } from '../../src/records/dead-letter.js';
import { binderFactory } from '../../src/factory.js';
import { mappedHeaders } from '../../src/records/headers.js';
import type { RabbitConsumerOptions } from '../../src/options/options.js';
import { ReceivedRecord } from '../../src/records/inbound.js';
import { encoder } from '../../src/records/outbound.js';
import { consumerTopology, producerTopology } from '../../src/topology/topology.js';
import { amqplibTable, readFields } from './fields.js';
import type { Published, WireMessage } from './recorded-messages.js';

export const FRAME_MAX = 131_072;

const NAMES: Readonly<Record<keyof RawProperties, string>> = {
  contentType: 'content_type',
  contentEncoding: 'content_encoding',
  headers: 'headers',
  deliveryMode: 'delivery_mode',
  priority: 'priority',
  correlationId: 'correlation_id',
  replyTo: 'reply_to',
  expiration: 'expiration',
  messageId: 'message_id',
  timestamp: 'timestamp',
  type: 'type',
  userId: 'user_id',
  appId: 'app_id',
  clusterId: 'cluster_id',
};

/** Properties in the notation of the recordings. */
export const recordedProperties = (properties: RawProperties): WireMessage['properties'] =>
  Object.fromEntries(
    (Object.keys(NAMES) as (keyof RawProperties)[])
      .filter((name) => properties[name] !== undefined)
      .map((name) => {
        const value = properties[name]!;
        return [NAMES[name], value instanceof Uint8Array ? readFields(value) : value];
      }),
  );

export class PaperWire {
  readonly published: WireMessage[] = [];
  /** Publishes what waits for a batch. */
  flush = (): void => undefined;
  readonly #frames: Buffer[] = [];
  readonly #writer = new FrameWriter(FRAME_MAX, (bytes) => void this.#frames.push(Buffer.from(bytes)));
  #source: ConsumerSource<RabbitConsumerOptions> | undefined;
  #sink: ConsumerSink | undefined;

  readonly binder = {
    ...binderFactory,
    create: (options: Parameters<typeof binderFactory.create>[0]) =>
      Promise.resolve({
        bindProducer: (target: Parameters<typeof producerTopology>[0]) => {
          const { compressionLevel } = options;
          const encode = encoder(producerTopology(target), { ...target.options, compressionLevel });
          const send = (...records: Parameters<typeof encode>): void => {
            const { exchange, routingKey, properties, body } = encode(...records);
            this.#publish(exchange, routingKey, properties, body);
          };
          const batch: WireRecord[] = [];
          this.flush = () => {
            const [first, ...more] = batch.splice(0);
            if (first) send(first, ...more);
          };
          return Promise.resolve({
            send: async (record: WireRecord) => {
              if (target.options.batchingEnabled) batch.push(record);
              else send(record);
            },
            close: () => Promise.resolve({ confirmed: 0, unconfirmed: 0 }),
          });
        },
        bindConsumer: (source: ConsumerSource<RabbitConsumerOptions>, sink: ConsumerSink) => {
          this.#source = source;
          this.#sink = sink;
          const close = () => Promise.resolve({ finished: 0, returned: 0, abandoned: 0 });
          return Promise.resolve({ pause: () => undefined, resume: () => undefined, close });
        },
        close: () => Promise.resolve(),
      }),
  } as typeof binderFactory;

  /** Until its last attempt; a dead letter that is to be published is published. */
  async deliver(message: RawMessage): Promise<Settlement['kind']> {
    const source = this.#source!;
    const [queue] = consumerTopology(source, 'anonymous').queues;
    const filter = mappedHeaders(source.options.headerPatterns);
    for (let attempt = 1; ; attempt++) {
      const delivery: Delivery = Object.assign(new ReceivedRecord(message, queue!.name, filter), {
        id: '1',
        lane: queue!.name,
        lost: new AbortController().signal,
        attempt,
      });
      const settlement = (await this.#sink!.deliver(delivery)) as Settlement;
      if (settlement.kind === 'requeue') continue;
      if (settlement.kind === 'deadLetter' && queue!.deadLetters?.by === 'publishing') {
        const { exchange, routingKey } = queue!.deadLetters;
        const { properties, body } = deadLetter(message, settlement.reason, FRAME_MAX, source.options);
        this.#publish(exchange, routingKey, properties, body);
      }
      return settlement.kind;
    }
  }

  #publish(exchange: string, routingKey: string, properties: Properties, body: Uint8Array): void {
    this.#writer.publish(1, exchange, routingKey, false, properties, body);
    this.#writer.flush();
    this.published.push(readPublished(Buffer.concat(this.#frames.splice(0))));
  }
}

/** The frames of one message: method, header, body. */
function readPublished(bytes: Buffer): WireMessage {
  const payloads: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 7 + bytes.readUInt32BE(at + 3);
    payloads.push(bytes.subarray(at + 7, end));
    at = end + 1;
  }
  const [method, header, ...body] = payloads as [Buffer, Buffer, ...Buffer[]];
  // class, method, ticket; then two short strings
  const exchangeEnd = 7 + method[6]!;
  return {
    exchange: method.toString('utf8', 7, exchangeEnd),
    routingKey: method.toString('utf8', exchangeEnd + 1, exchangeEnd + 1 + method[exchangeEnd]!),
    properties: recordedProperties(new DeliveryReader().properties(header, 12)),
    body: Buffer.concat(body).toString('base64'),
  };
}

/** What a foreign client published, as it arrives: amqplib guesses the types of its headers. */
export function rawMessage({ exchange, routingKey, body, properties }: Published): RawMessage {
  const { headers, ...rest } = properties;
  return {
    fields: { deliveryTag: 1, redelivered: false, exchange, routingKey, consumerTag: 'tag' },
    properties: { ...rest, ...(headers ? { headers: amqplibTable(headers) } : {}) },
    content: Buffer.from(body),
  };
}

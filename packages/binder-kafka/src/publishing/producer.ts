/** One output: its topic, what it sends, and what it leaves to the transaction of the message being handled. */
import {
  type BinderContext,
  type Delivery,
  type FlushReport,
  type ProducerBinding,
  type ProducerTarget,
  type Trouble,
  type WireRecord,
} from '@streambind/core/binder';
import { isPermanent } from '../client/refusals.js';
import type { KafkaClient } from '../client/port.js';
import { KafkaDelivery } from '../consuming/delivery.js';
import type { KafkaOptions, KafkaProducerOptions } from '../options/options.js';
import { producerSettings } from '../options/settings.js';
import { encoder, type Encode, type EncodingSettings } from '../records/outbound.js';
import { provisionProducer } from '../topics/provision.js';
import { Publisher } from './publisher.js';
import { DEFAULT_MAX_MESSAGE_BYTES, room } from './size.js';

export class KafkaProducerBinding implements ProducerBinding {
  readonly #target: ProducerTarget<KafkaProducerOptions>;
  readonly #options: KafkaOptions;
  readonly #client: KafkaClient;
  readonly #context: Pick<BinderContext, 'log' | 'origin'>;
  readonly #encode: Encode;
  readonly #publisher: Publisher;
  #partitions: number | undefined;
  #tellClosed!: () => void;
  /** Resolves once `close` is called. */
  readonly closed = new Promise<void>((resolve) => (this.#tellClosed = resolve));
  #maxBytes = room(DEFAULT_MAX_MESSAGE_BYTES);

  constructor(
    target: ProducerTarget<KafkaProducerOptions>,
    options: KafkaOptions,
    client: KafkaClient,
    trouble: Trouble,
    context: Pick<BinderContext, 'log' | 'origin'>,
  ) {
    this.#target = target;
    this.#options = options;
    this.#client = client;
    this.#context = context;
    this.#encode = encoder(encodingOf(target, options));
    const { settings, notices } = producerSettings(options, target, context);
    for (const notice of notices) context.log.warn(notice);
    this.#publisher = new Publisher({
      name: target.binding,
      open: async () => {
        await this.#provision();
        return client.producer(settings);
      },
      provision: () => this.#provision(),
      maxBytes: () => this.#maxBytes,
      compressed: settings.compression !== 'none',
      reporter: trouble.reporter(),
      permanent: isPermanent,
    });
  }

  /** The number of the topic's partitions, for partitioned outputs: the larger of it and what is written. */
  get partitionCount(): number | undefined {
    return this.#target.partitionCount === undefined ? undefined : this.#partitions;
  }

  /** The one that it sends to, unless a message says otherwise. */
  get topics(): readonly string[] {
    return [this.#target.destination];
  }

  /** Resolves when records can be sent. @throws what cannot be cured by trying again, CLOSED */
  open(): Promise<void> {
    return this.#publisher.open();
  }

  async send(record: WireRecord, inside?: Delivery): Promise<void> {
    const outgoing = this.#encode(record);
    if (inside instanceof KafkaDelivery && inside.sent) {
      // its transaction would fail, again and again, and whoever handles the message would not hear of it
      this.#publisher.requireFits(outgoing);
      inside.sent.push(outgoing);
      return;
    }
    return this.#publisher.send(outgoing);
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    this.#tellClosed();
    return this.#publisher.close(deadlineMs);
  }

  async #provision(): Promise<void> {
    const { destination } = this.#target;
    const { partitions, notices } = await provisionProducer(
      this.#client.admin,
      this.#target,
      this.#options,
      this.#context,
    );
    for (const notice of notices) this.#context.log.warn(notice);
    this.#partitions = partitions;
    try {
      const { 'max.message.bytes': bytes } = await this.#client.admin.topicProperties(destination);
      this.#maxBytes = room(Number(bytes ?? DEFAULT_MAX_MESSAGE_BYTES));
    } catch (error) {
      this.#context.log.debug(`max.message.bytes of ${destination} cannot be asked for: ${(error as Error).message}`);
    }
  }
}

const encodingOf = (
  { destination, headerMode, options: own }: ProducerTarget<KafkaProducerOptions>,
  options: KafkaOptions,
): EncodingSettings => ({
  topic: destination,
  headerMode: headerMode ?? 'headers',
  headerPatterns: own.headerPatterns ?? [],
  useTopicHeader: own.useTopicHeader,
  ...(own.messageKeyExpression === undefined ? {} : { messageKeyExpression: own.messageKeyExpression }),
  embeddedHeaders: options.headers,
});

/** The binder of type `kafka`. */
import {
  StreambindError,
  Trouble,
  type Binder,
  type BinderContext,
  type BinderFactory,
  type BinderHealth,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type Delivery,
  type ProducerBinding,
  type ProducerTarget,
  type Transactions,
} from '@streambind/core/binder';
import { KafkaJsClient } from './client/kafkajs/client.js';
import type { KafkaClient, ProducerSettings } from './client/port.js';
import { toldOfConnection, type Connection } from './client/refusals.js';
import { KafkaConsumer } from './consuming/consumer.js';
import { DeadLetterOffice } from './consuming/dead-letter-office.js';
import { KafkaDelivery } from './consuming/delivery.js';
import {
  binderSchema,
  connectionSchema,
  consumerSchema,
  producerSchema,
  type KafkaConsumerOptions,
  type KafkaOptions,
  type KafkaProducerOptions,
} from './options/options.js';
import { policy, weaknesses } from './options/policy.js';
import { clientSettings, producerSettings } from './options/settings.js';
import { KafkaProducerBinding } from './publishing/producer.js';
import { healthOf } from './health.js';
import { DEFAULT_MAX_MESSAGE_BYTES, room } from './publishing/size.js';

/** Room for headers and a key beside the payload. */
const HEADERS_BYTES = 16 * 1024;

export const capabilities: Capabilities = {
  partitions: 'broker',
  order: 'partition',
  delayedRequeue: 'held',
  minRequeueMs: 0,
  attempts: 'local',
  durableGroups: true,
  replay: true,
  anonymousGroups: true,
  provisioning: true,
  pause: true,
  transactions: true,
  batch: true,
  headerModes: true,
  headerTypes: 'json',
  nullPayload: true,
  emptyPayload: true,
  maxPayload: room(DEFAULT_MAX_MESSAGE_BYTES) - HEADERS_BYTES,
  redeliverOnCrashMs: 12_000,
};

export const binderFactory: BinderFactory<KafkaOptions, KafkaConsumerOptions, KafkaProducerOptions> = {
  type: 'kafka',
  system: 'kafka',
  capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: producerSchema },
  connection: { 'spring.kafka': connectionSchema },
  producerExpressions: ['messageKeyExpression'],
  policy,
  weaknesses,
  create: (options, context) => Promise.resolve(new KafkaBinder(options, context)),
};

class KafkaBinder implements Binder<KafkaConsumerOptions, KafkaProducerOptions> {
  readonly transactions?: Transactions;
  readonly #options: KafkaOptions;
  readonly #context: BinderContext;
  readonly #trouble: Trouble;
  readonly #client: KafkaClient;
  readonly #connection: Connection;
  readonly #deadLetters: DeadLetterOffice;
  readonly #transactional: { readonly prefix: string; readonly settings: ProducerSettings } | undefined;
  readonly #consumers = new Set<KafkaConsumer>();
  readonly #producers = new Set<KafkaProducerBinding>();
  #closed: Promise<void> | undefined;

  constructor(options: KafkaOptions, context: BinderContext) {
    this.#options = options;
    this.#context = context;
    const { settings, notices, places } = clientSettings(options, context);
    this.#connection = { settings, places };
    this.#trouble = new Trouble({
      report: (error, nextTryMs) => context.report(toldOfConnection(error, this.#connection), nextTryMs),
      recovered: () => context.recovered(),
    });
    for (const notice of notices) context.log.warn(notice);
    this.#client = new KafkaJsClient(settings, context.log);
    this.#deadLetters = new DeadLetterOffice(
      this.#client,
      producerSettings(options, undefined, context).settings,
      this.#trouble,
    );
    const prefix = options['transaction.transactionIdPrefix'];
    if (prefix !== undefined) {
      this.#transactional = { prefix, settings: producerSettings(options, undefined, context, true).settings };
      this.transactions = { abort: (inside) => Promise.resolve(forget(inside)) };
    }
  }

  async bindConsumer(source: ConsumerSource<KafkaConsumerOptions>, sink: ConsumerSink): Promise<ConsumerBinding> {
    this.#requireOpen();
    const transactional = this.#transactional;
    const consumer = new KafkaConsumer(source, sink, {
      client: this.#client,
      options: this.#options,
      capabilities,
      trouble: this.#trouble,
      context: this.#context,
      deadLetters: this.#deadLetters,
      ...(transactional
        ? {
            transactions: {
              prefix: transactional.prefix,
              open: (transactionalId) => this.#client.producer({ ...transactional.settings, transactionalId }),
            },
          }
        : {}),
    });
    this.#consumers.add(consumer);
    const { binding } = consumer;
    const close = (deadlineMs?: number): ReturnType<ConsumerBinding['close']> => {
      this.#consumers.delete(consumer);
      return binding.close(deadlineMs);
    };
    try {
      await consumer.open();
    } catch (error) {
      await close(0);
      throw error;
    }
    return { ...binding, close };
  }

  async bindProducer(target: ProducerTarget<KafkaProducerOptions>): Promise<ProducerBinding> {
    this.#requireOpen();
    const producer = new KafkaProducerBinding(target, this.#options, this.#client, this.#trouble, this.#context);
    this.#producers.add(producer);
    void producer.closed.then(() => this.#producers.delete(producer));
    try {
      await producer.open();
    } catch (error) {
      await producer.close(0);
      throw error;
    }
    return producer;
  }

  async health(): Promise<BinderHealth> {
    for (const { degraded } of this.#consumers) {
      if (degraded !== undefined) return { state: 'degraded', reason: degraded };
    }
    const topics = [...this.#consumers, ...this.#producers].flatMap((each) => each.topics);
    return healthOf(this.#client.admin, topics, this.#options, this.#connection);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#trouble.close();
    await Promise.all([
      ...[...this.#consumers].map(({ binding }) => binding.close(0)),
      ...[...this.#producers].map((producer) => producer.close(0)),
    ]);
    await this.#deadLetters.close();
    await this.#client.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new StreambindError('CLOSED', 'The binder is closed.');
  }
}

/** What a handler sent inside waits with its delivery until that is settled. */
function forget(inside: Delivery): void {
  if (inside instanceof KafkaDelivery) inside.sent?.splice(0);
}

/** The binder of type `rabbit`: two connections, one for publishing and one for consuming, so that a broker which blocks publishers still takes acknowledgements. */
import {
  StreambindError,
  Supervisor,
  Trouble,
  type Binder,
  type BinderContext,
  type BinderFactory,
  type BinderHealth,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type ProducerBinding,
  type ProducerTarget,
} from '@streambind/core/binder';
import { destinationOf, type Destination } from './options/addresses.js';
import { RabbitConnection } from './client/connection.js';
import { addressText, type Address } from './client/address.js';
import { RabbitConsumer } from './consuming/consumer.js';
import {
  binderSchema,
  connectionSchema,
  consumerSchema,
  producerSchema,
  type RabbitConsumerOptions,
  type RabbitOptions,
  type RabbitProducerOptions,
} from './options/options.js';
import { policy, weaknesses } from './options/policy.js';
import { RabbitProducer } from './publishing/producer.js';

/** Bytes; `max_message_size` of RabbitMQ 4, where it is not set. */
const MAX_PAYLOAD = 16 * 1024 * 1024;

export const capabilities: Capabilities = {
  partitions: 'emulated',
  order: 'partition',
  delayedRequeue: 'held',
  minRequeueMs: 0,
  attempts: 'local',
  durableGroups: true,
  replay: false,
  anonymousGroups: true,
  provisioning: true,
  pause: true,
  transactions: false,
  batch: true,
  headerTypes: 'typed',
  nullPayload: false,
  emptyPayload: true,
  maxPayload: MAX_PAYLOAD,
  redeliverOnCrashMs: 2000,
};

export const binderFactory: BinderFactory<RabbitOptions, RabbitConsumerOptions, RabbitProducerOptions> = {
  type: 'rabbit',
  system: 'rabbitmq',
  capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: producerSchema },
  connection: { 'spring.rabbitmq': connectionSchema },
  producerExpressions: ['routingKeyExpression', 'delayExpression'],
  policy,
  weaknesses,
  create: (options, context) => Promise.resolve(new RabbitBinder(options, context)),
};

class RabbitBinder implements Binder<RabbitConsumerOptions, RabbitProducerOptions> {
  readonly #options: RabbitOptions;
  readonly #context: BinderContext;
  readonly #destination: Destination;
  readonly #trouble: Trouble;
  readonly #consuming: Supervisor<RabbitConnection>;
  readonly #publishing: Supervisor<RabbitConnection>;
  readonly #consumers = new Set<RabbitConsumer>();
  readonly #producers = new Set<RabbitProducer>();
  #turn = 0;
  #closed: Promise<void> | undefined;

  constructor(options: RabbitOptions, context: BinderContext) {
    this.#options = options;
    this.#context = context;
    this.#destination = destinationOf(options, context.origin);
    this.#trouble = new Trouble(context);
    const prefix = options.connectionNamePrefix ?? `streambind.${context.name}`;
    this.#consuming = this.#connection(`${prefix}#0`);
    this.#publishing = this.#connection(`${prefix}#0.publisher`);
  }

  async bindConsumer(source: ConsumerSource<RabbitConsumerOptions>, sink: ConsumerSink): Promise<ConsumerBinding> {
    this.#requireOpen();
    const connections = { consuming: this.#consuming, publishing: this.#publishing };
    const consumer = new RabbitConsumer(source, sink, connections, capabilities, this.#trouble, this.#context);
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

  async bindProducer(target: ProducerTarget<RabbitProducerOptions>): Promise<ProducerBinding> {
    this.#requireOpen();
    const producer = new RabbitProducer(target, this.#options, this.#publishing, this.#trouble, this.#context);
    this.#producers.add(producer);
    try {
      await producer.open();
    } catch (error) {
      this.#producers.delete(producer);
      await producer.close(0);
      throw error;
    }
    return producer;
  }

  health(): Promise<BinderHealth> {
    const blocked = this.#publishing.current?.blocked;
    if (blocked !== undefined) {
      return Promise.resolve({ state: 'degraded', reason: `RabbitMQ takes no messages: ${blocked}` });
    }
    for (const { degraded } of this.#consumers) {
      if (degraded !== undefined) return Promise.resolve({ state: 'degraded', reason: degraded });
    }
    const unroutable = [...this.#producers].filter((each) => each.unroutable > 0);
    return Promise.resolve({
      state: 'up',
      ...(unroutable.length === 0
        ? {}
        : { detail: { unroutable: Object.fromEntries(unroutable.map((each) => [each.binding, each.unroutable])) } }),
    });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#trouble.close();
    const ends = [
      ...[...this.#consumers].map(({ binding }) => binding.close(0)),
      ...[...this.#producers].map((producer) => producer.close(0)),
    ];
    await Promise.all(ends);
    await Promise.all([this.#consuming.close(), this.#publishing.close()]);
  }

  #connection(name: string): Supervisor<RabbitConnection> {
    const reporter = this.#trouble.reporter();
    const supervisor: Supervisor<RabbitConnection> = new Supervisor<RabbitConnection>({
      connect: async (signal) => {
        const connection = await this.#connect(name, signal);
        const { lost } = connection;
        lost.addEventListener('abort', () => supervisor.lost(lost.reason as Error, connection), { once: true });
        return connection;
      },
      dispose: (connection) => connection.close(),
      report: (error, nextTryMs) => reporter.report(error, nextTryMs),
      recovered: () => reporter.recovered(),
      backOff: { initialMs: 500, maxMs: 5000 },
    });
    return supervisor;
  }

  /** The first address that answers; the error of the first one when none does. */
  async #connect(name: string, signal: AbortSignal): Promise<RabbitConnection> {
    const { target } = this.#destination;
    let failure: unknown;
    for (const address of this.#inOrder()) {
      signal.throwIfAborted();
      try {
        const connection = await RabbitConnection.open(address, { ...target, name });
        this.#context.log.debug(`${name} is connected to ${addressText(address)}`);
        return connection;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  #inOrder(): readonly Address[] {
    const { addresses } = this.#destination;
    const { addressShuffleMode } = this.#options;
    if (addressShuffleMode === 'none') return addresses;
    const first =
      addressShuffleMode === 'inorder' ? this.#turn++ % addresses.length : Math.floor(Math.random() * addresses.length);
    return [...addresses.slice(first), ...addresses.slice(0, first)];
  }

  #requireOpen(): void {
    if (this.#closed) throw new StreambindError('CLOSED', 'The binder is closed.');
  }
}

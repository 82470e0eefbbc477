/** The binder of type `redis`: a connection for what is sent, one for each stream that is read, and one for all else. */
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
import { DirectConnection } from './client/direct.js';
import { MOST_BETWEEN_TRIES_MS, RedisConnection } from './client/connection.js';
import { targetText, type Target } from './client/target.js';
import { RedisConsumer } from './consuming/consumer.js';
import {
  PREFIXES,
  binderSchema,
  connectionSchema,
  consumerSchema,
  producerSchema,
  type RedisConsumerOptions,
  type RedisOptions,
  type RedisProducerOptions,
} from './options/options.js';
import { policy, weaknesses } from './options/policy.js';
import { doubled, targetOf } from './options/target.js';
import { MAX_PAYLOAD, RedisProducer } from './publishing/producer.js';
import { dangers, refusal } from './streams/server-check.js';

export const capabilities: Capabilities = {
  partitions: 'emulated',
  loneInstance: 'all',
  order: 'partition',
  delayedRequeue: 'held',
  minRequeueMs: 0,
  attempts: 'local',
  durableGroups: true,
  replay: true,
  anonymousGroups: true,
  provisioning: true,
  pause: true,
  transactions: false,
  batch: true,
  headerTypes: 'typed',
  nullPayload: true,
  emptyPayload: true,
  maxPayload: MAX_PAYLOAD,
  redeliverOnCrashMs: 5000,
};

export const binderFactory: BinderFactory<RedisOptions, RedisConsumerOptions, RedisProducerOptions> = {
  type: 'redis',
  system: 'redis',
  capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: producerSchema },
  connection: Object.fromEntries(PREFIXES.map((prefix) => [prefix, connectionSchema])),
  producerExpressions: [],
  policy,
  weaknesses,
  create: (options, context) => Promise.resolve(new RedisBinder(options, context)),
};

/** Milliseconds after a refusal. */
const FULL_TOLD_MS = 10_000;

class RedisBinder implements Binder<RedisConsumerOptions, RedisProducerOptions> {
  readonly #options: RedisOptions;
  readonly #context: BinderContext;
  readonly #target: Target;
  readonly #trouble: Trouble;
  readonly #links: Supervisor<RedisConnection>;
  /** There once something is to be sent. */
  readonly #sends: Supervisor<DirectConnection>;
  readonly #consumers = new Set<RedisConsumer>();
  readonly #producers = new Set<RedisProducer>();
  readonly #told = new Set<string>();
  /** Why a connection is not there. */
  readonly #down = new Map<object, Error>();
  /** Why Redis takes no messages, and when it was said last. */
  #full: { readonly reason: string; readonly at: number } | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: RedisOptions, context: BinderContext) {
    this.#options = options;
    this.#context = context;
    this.#target = targetOf(options, context.origin);
    for (const notice of context.origin ? doubled(context.origin) : []) context.log.warn(notice);
    this.#trouble = new Trouble(context);
    this.#links = this.#supervisor((signal) => this.#connect(signal));
    this.#sends = this.#supervisor((signal) => DirectConnection.open(this.#target, { name: this.#name() }, signal));
  }

  async bindConsumer(source: ConsumerSource<RedisConsumerOptions>, sink: ConsumerSink): Promise<ConsumerBinding> {
    this.#requireOpen();
    const consumer = new RedisConsumer({
      source,
      sink,
      links: this.#links,
      connect: (blockMs, signal) => DirectConnection.open(this.#target, { name: this.#name(), blockMs }, signal),
      capabilities,
      binder: this.#options,
      trouble: this.#trouble,
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

  async bindProducer(target: ProducerTarget<RedisProducerOptions>): Promise<ProducerBinding> {
    this.#requireOpen();
    const producer = new RedisProducer(target, {
      links: this.#links,
      connections: this.#sends,
      full: (error) => (this.#full = error && { reason: error.message, at: performance.now() }),
    });
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
    for (const { message } of this.#down.values()) return Promise.resolve({ state: 'down', reason: message });
    // whoever sends nothing while this is told would never hear that it is over
    if (this.#full && performance.now() - this.#full.at < FULL_TOLD_MS) {
      return Promise.resolve({ state: 'degraded', reason: this.#full.reason });
    }
    for (const { degraded } of this.#consumers) {
      if (degraded !== undefined) return Promise.resolve({ state: 'degraded', reason: degraded });
    }
    return Promise.resolve({ state: 'up' });
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
    await Promise.all([this.#links.close(), this.#sends.close()]);
  }

  #name(): string {
    return this.#options.clientName ?? `streambind.${this.#context.name}`;
  }

  #supervisor<T extends RedisConnection | DirectConnection>(
    connect: (signal: AbortSignal) => Promise<T>,
  ): Supervisor<T> {
    const reporter = this.#trouble.reporter();
    const supervisor: Supervisor<T> = new Supervisor<T>({
      connect: async (signal) => {
        const connection = await connect(signal);
        const { lost } = connection;
        lost.addEventListener('abort', () => supervisor.lost(lost.reason as Error, connection), { once: true });
        return connection;
      },
      dispose: (connection) => connection.close(),
      report: (error, nextTryMs) => {
        this.#down.set(reporter, error);
        reporter.report(error, nextTryMs);
      },
      recovered: () => {
        this.#down.delete(reporter);
        reporter.recovered();
      },
      permanent: (error) => error instanceof StreambindError && error.code === 'GUARANTEE',
      backOff: { initialMs: 200, maxMs: MOST_BETWEEN_TRIES_MS },
    });
    return supervisor;
  }

  async #connect(signal: AbortSignal): Promise<RedisConnection> {
    const connection = await RedisConnection.open(this.#target, { name: this.#name() }, signal);
    try {
      await this.#check(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  async #check(connection: RedisConnection): Promise<void> {
    const { serverCheck } = this.#options;
    if (serverCheck === 'off') return;
    for (const danger of await dangers(connection)) {
      if (serverCheck === 'refuse') throw refusal(danger, connection);
      if (this.#told.has(danger.given)) continue;
      this.#told.add(danger.given);
      this.#context.log.warn(`Redis at ${targetText(this.#target)} has ${danger.given}: ${danger.what}. ${danger.fix}`);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new StreambindError('CLOSED', 'The binder is closed.');
  }
}

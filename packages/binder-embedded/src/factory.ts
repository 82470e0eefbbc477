import {
  StreambindError,
  type Binder,
  type BinderContext,
  type BinderFactory,
  type BinderHealth,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type GuaranteedBinding,
  type ProducerBinding,
  type ProducerTarget,
  type Weakness,
} from '@streambind/core/binder';
import { EmbeddedConsumer } from './consumer.js';
import {
  binderSchema,
  consumerSchema,
  noOptions,
  type EmbeddedConsumerOptions,
  type EmbeddedOptions,
  type NoOptions,
} from './options.js';
import { MAX_PAYLOAD, bindProducer } from './producer.js';
import { Store, type Watcher } from './store/store.js';
import { storeDirectory } from './topology.js';

const capabilities: Capabilities = {
  partitions: 'emulated',
  loneInstance: 'all',
  order: 'partition',
  delayedRequeue: 'broker',
  minRequeueMs: 0,
  attempts: 'failures',
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
  redeliverOnCrashMs: 2000,
};

/** The binder of type `embedded`. Processes of one user on one machine that use the same directory meet in it. */
export const binderFactory: BinderFactory<EmbeddedOptions, EmbeddedConsumerOptions, NoOptions> = {
  type: 'embedded',
  system: 'embedded',
  capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: noOptions },
  producerExpressions: [],
  policy: ({ acknowledgeMode }) => ({ acknowledge: acknowledgeMode }),
  weaknesses,
  create: (options, context) => Promise.resolve(new EmbeddedBinder(options, context)),
};

/** Only consumers lose something here: a send is confirmed when it is stored. */
function weaknesses(
  { lease, maxAge, maxSize }: EmbeddedOptions,
  binding: GuaranteedBinding<EmbeddedConsumerOptions, NoOptions>,
): Weakness[] {
  if (binding.direction === 'output') return [];
  const found: Weakness[] = [];
  const { handlerTimeoutMs } = binding;
  if (handlerTimeoutMs !== undefined && handlerTimeoutMs > lease) {
    found.push({
      what: 'a handler may block its process longer than the lease, and another consumer then handles the message too.',
      given: `handler-timeout ${handlerTimeoutMs} ms, lease ${lease} ms`,
      fix: 'Raise spring.cloud.stream.embedded.binder.lease above the handler-timeout.',
    });
  }
  for (const [key, limit] of Object.entries({ 'max-age': maxAge, 'max-size': maxSize })) {
    if (limit === undefined) continue;
    found.push({
      what: `beyond ${key} messages are dropped although nobody has read them.`,
      given: `${key} ${limit}`,
      fix: `Take spring.cloud.stream.embedded.binder.${key} out.`,
    });
  }
  return found;
}

class EmbeddedBinder implements Binder<EmbeddedConsumerOptions, NoOptions> {
  readonly #store: Store;
  readonly #watcher: Watcher;
  readonly #context: BinderContext;
  readonly #durable: boolean;
  readonly #closing = new AbortController();
  readonly #consumers = new Set<EmbeddedConsumer>();
  readonly #producers = new Set<ProducerBinding>();
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedOptions, context: BinderContext) {
    this.#context = context;
    this.#durable = options.durable;
    this.#watcher = {
      report: (error, nextTryMs) => context.report(error, nextTryMs),
      recovered: () => context.recovered(),
      warn: (text) => context.log.warn(text),
    };
    const directory = storeDirectory(options.directory);
    context.log.info(`the embedded store is in ${directory}`);
    this.#store = Store.attach(
      { directory, leaseMs: options.lease, keepMs: options.keep, maxAgeMs: options.maxAge, maxSize: options.maxSize },
      this.#watcher,
    );
  }

  async bindConsumer(source: ConsumerSource<EmbeddedConsumerOptions>, sink: ConsumerSink): Promise<ConsumerBinding> {
    this.#requireOpen();
    const consumer = new EmbeddedConsumer(this.#store, source, sink, capabilities, (text) =>
      this.#context.log.warn(text),
    );
    await consumer.open(this.#closing.signal);
    this.#consumers.add(consumer);
    const { binding } = consumer;
    return {
      ...binding,
      close: (deadlineMs) => {
        this.#consumers.delete(consumer);
        return binding.close(deadlineMs);
      },
    };
  }

  async bindProducer(target: ProducerTarget<NoOptions>): Promise<ProducerBinding> {
    this.#requireOpen();
    const producer = await bindProducer(this.#store, target, this.#durable, this.#closing.signal);
    this.#producers.add(producer);
    return producer;
  }

  health(): Promise<BinderHealth> {
    const { trouble } = this.#store;
    if (trouble) {
      const state = this.#store.open ? 'degraded' : 'down';
      return Promise.resolve({ state, reason: trouble.message, detail: { code: trouble.code } });
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
    this.#closing.abort(closed());
    const ends = [
      ...[...this.#consumers].map(({ binding }) => binding.close(0)),
      ...[...this.#producers].map((producer) => producer.close(0)),
    ];
    await Promise.all(ends);
    await this.#store.release(this.#watcher);
  }

  #requireOpen(): void {
    if (this.#closed) throw closed();
  }
}

const closed = (): StreambindError => new StreambindError('CLOSED', 'The binder is closed.');

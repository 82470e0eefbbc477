/** What consumers and producers can both say about exchanges and queues: `spring.cloud.stream.rabbit.bindings.*`. */
import type { Option } from '@streambind/core/binder';

export type ExchangeType = 'topic' | 'direct' | 'fanout' | 'headers';
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';
export type DeliveryMode = 'persistent' | 'non-persistent';

/** Arguments of a main queue. The same with `dlq` in front describes its dead-letter queue. */
export interface QueueOptions {
  /** Milliseconds. */
  readonly ttl?: number;
  /** Milliseconds. */
  readonly expires?: number;
  readonly maxLength?: number;
  /** Bytes. */
  readonly maxLengthBytes?: number;
  readonly maxPriority?: number;
  readonly lazy: boolean;
  readonly overflowBehavior?: Overflow;
  readonly singleActiveConsumer: boolean;
  readonly 'quorum.enabled': boolean;
  readonly 'quorum.initialGroupSize'?: number;
  readonly 'quorum.deliveryLimit'?: number;
}

type Dlq<T> = { readonly [K in keyof T & string as `dlq${Capitalize<K>}`]: T[K] };

export interface RabbitCommonOptions extends QueueOptions, Dlq<QueueOptions> {
  readonly exchangeType: ExchangeType;
  readonly declareExchange: boolean;
  readonly exchangeDurable: boolean;
  readonly exchangeAutoDelete: boolean;
  readonly delayedExchange: boolean;
  readonly queueNameGroupOnly: boolean;
  readonly bindQueue: boolean;
  readonly bindingRoutingKey?: string;
  readonly bindingRoutingKeyDelimiter?: string;
  readonly queueBindingArguments?: Readonly<Record<string, string>>;
  readonly dlqBindingArguments?: Readonly<Record<string, string>>;
  /** Unset is neither: dead letters have their place, and the arguments of the main queue do not say so. */
  readonly autoBindDlq?: boolean;
  readonly deadLetterQueueName?: string;
  readonly deadLetterExchange?: string;
  readonly deadLetterExchangeType: ExchangeType;
  readonly deadLetterRoutingKey?: string;
  readonly declareDlx: boolean;
  /** `''` is the default exchange, null none. */
  readonly dlqDeadLetterExchange: string | null;
  readonly dlqDeadLetterRoutingKey?: string;
  readonly prefix: string;
}

type Options<T> = { readonly [K in keyof T]-?: Option };

/** Java reads these into an int, and the broker compares them as such when a Java service declares the same queue. */
const INT32_MAX = 2_147_483_647;

const EXCHANGE_TYPES: readonly ExchangeType[] = ['topic', 'direct', 'fanout', 'headers'];
const OVERFLOWS: readonly Overflow[] = ['drop-head', 'reject-publish', 'reject-publish-dlx'];

/** @param queue what the sentences call it */
const queueOptions = (queue: string): Options<QueueOptions> => ({
  ttl: { type: 'duration', min: 0, max: INT32_MAX, doc: `How long a message waits in the ${queue} at most.` },
  expires: { type: 'duration', min: 1, max: INT32_MAX, doc: `How long the ${queue} lives without being used.` },
  maxLength: { type: 'integer', min: 0, max: INT32_MAX, doc: `How many messages the ${queue} holds at most.` },
  maxLengthBytes: { type: 'size', min: 0, max: INT32_MAX, doc: `How many bytes the ${queue} holds at most.` },
  maxPriority: { type: 'integer', min: 1, max: 255, doc: `The highest priority that the ${queue} tells apart.` },
  lazy: { type: 'boolean', default: false, doc: `Whether the ${queue} keeps its messages on disk only.` },
  overflowBehavior: { type: 'enum', values: OVERFLOWS, doc: `What a full ${queue} does. Default: drop-head.` },
  singleActiveConsumer: {
    type: 'boolean',
    default: false,
    doc: `Whether one consumer of the ${queue} gets everything until it is gone.`,
  },
  'quorum.enabled': { type: 'boolean', default: false, doc: `Whether the ${queue} is a quorum queue.` },
  'quorum.initialGroupSize': { type: 'integer', min: 1, max: INT32_MAX, doc: 'How many nodes hold it at first.' },
  'quorum.deliveryLimit': {
    type: 'integer',
    min: 0,
    max: INT32_MAX,
    doc: 'How often the broker delivers a message before it dead-letters it.',
  },
});

const dlqOptions = Object.fromEntries(
  Object.entries(queueOptions('dead-letter queue')).map(([name, option]) => [
    `dlq${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    option,
  ]),
) as Options<Dlq<QueueOptions>>;

export const commonOptions: Options<RabbitCommonOptions> = {
  exchangeType: { type: 'enum', values: EXCHANGE_TYPES, default: 'topic', doc: 'The type of the exchange.' },
  declareExchange: { type: 'boolean', default: true, doc: 'Whether the exchange is declared; false: it has to exist.' },
  exchangeDurable: { type: 'boolean', default: true, doc: 'Whether the exchange survives a restart of the broker.' },
  exchangeAutoDelete: {
    type: 'boolean',
    default: false,
    doc: 'Whether the exchange goes with the last queue bound to it.',
  },
  delayedExchange: {
    type: 'boolean',
    default: false,
    doc: 'Whether the exchange delays messages; needs the plug-in rabbitmq_delayed_message_exchange.',
  },
  queueNameGroupOnly: { type: 'boolean', default: false, doc: 'Whether the queue is named by the group alone.' },
  bindQueue: {
    type: 'boolean',
    default: true,
    doc: 'Whether the queue is declared and bound; false: it has to exist.',
  },
  bindingRoutingKey: {
    type: 'string',
    doc: 'The key, or keys, by which the queue is bound. Default: `#`, or the partition.',
  },
  bindingRoutingKeyDelimiter: { type: 'string', doc: 'What parts several keys in binding-routing-key.' },
  queueBindingArguments: {
    type: 'map',
    doc: 'Arguments of the binding of the queue, for headers exchanges; sent as text.',
  },
  dlqBindingArguments: { type: 'map', doc: 'Arguments of the binding of the dead-letter queue; sent as text.' },
  autoBindDlq: {
    type: 'boolean',
    doc: 'true: dead-letter exchange and queue are declared with the queue, as in Spring. false: exhausted messages are dropped unless the exchange exists, as in Spring. Default: `<queue>.dlq` is declared when it is first needed.',
  },
  deadLetterQueueName: { type: 'string', doc: 'The dead-letter queue. Default: `<destination>.<group>.dlq`.' },
  deadLetterExchange: { type: 'string', doc: 'The dead-letter exchange. Default: `DLX` after the prefix.' },
  deadLetterExchangeType: {
    type: 'enum',
    values: EXCHANGE_TYPES,
    default: 'direct',
    doc: 'The type of the dead-letter exchange.',
  },
  deadLetterRoutingKey: { type: 'string', doc: 'The key of dead letters. Default: the name of the queue.' },
  declareDlx: { type: 'boolean', default: true, doc: 'Whether the dead-letter exchange is declared.' },
  // null, not undefined: an empty text means something only where it replaces a default
  dlqDeadLetterExchange: {
    type: 'string',
    default: null,
    doc: 'Where the dead-letter queue sends what expires in it; empty: straight to a queue.',
  },
  dlqDeadLetterRoutingKey: { type: 'string', doc: 'The key of what expires in the dead-letter queue.' },
  prefix: { type: 'string', default: '', doc: 'Put before the names of exchange, queue and dead-letter queue.' },
  ...queueOptions('queue'),
  ...dlqOptions,
};

/** Options that Spring has and this binder has not, all for one reason. */
export const without = (reason: string, ...names: readonly string[]): Readonly<Record<never, Option>> =>
  Object.fromEntries(names.map((name) => [name, { type: 'map', unsupported: reason, doc: '' } satisfies Option]));

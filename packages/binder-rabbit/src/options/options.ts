/** `spring.cloud.stream.rabbit.binder.*` and `.bindings.<name>.consumer|producer.*`. */
import { schema, type Schema } from '@streambind/core/binder';
import { commonOptions, without, type DeliveryMode, type RabbitCommonOptions } from './common.js';
import type { RabbitConnectionOptions } from './connection.js';

export { connectionSchema, type RabbitConnectionOptions } from './connection.js';
export type { DeliveryMode, ExchangeType, Overflow, QueueOptions, RabbitCommonOptions } from './common.js';

export interface RabbitBinderOptions {
  /** 0 to 9, as in zlib. */
  readonly compressionLevel: number;
  readonly connectionNamePrefix?: string;
}

/** What the binder is created with: its own options, and `spring.rabbitmq.*`. */
export type RabbitOptions = RabbitBinderOptions & RabbitConnectionOptions;

export interface RabbitConsumerOptions extends RabbitCommonOptions {
  readonly acknowledgeMode: 'auto' | 'manual' | 'none';
  /** Unset: core's. */
  readonly prefetch?: number;
  readonly durableSubscription: boolean;
  readonly republishToDlq: boolean;
  readonly republishDeliveyMode: DeliveryMode;
  readonly requeueRejected: boolean;
  readonly headerPatterns: readonly string[];
  readonly exclusive: boolean;
  readonly missingQueuesFatal: boolean;
  readonly consumerTagPrefix?: string;
  /** Bytes. */
  readonly frameMaxHeadroom: number;
  readonly containerType: 'simple' | 'direct';
  readonly anonymousGroupPrefix: string;
  /** -1: none. */
  readonly consumerPriority: number;
}

export interface RabbitProducerOptions extends RabbitCommonOptions {
  readonly routingKeyExpression?: string;
  readonly delayExpression?: string;
  readonly deliveryMode: DeliveryMode;
  readonly headerPatterns: readonly string[];
  readonly compress: boolean;
  readonly batchingEnabled: boolean;
  /** Messages. */
  readonly batchSize: number;
  /** Bytes. */
  readonly batchBufferLimit: number;
  /** Milliseconds. */
  readonly batchTimeout: number;
  readonly mandatory?: boolean;
  readonly producerType: 'amqp';
  readonly 'alternateExchange.name'?: string;
  readonly 'alternateExchange.exists': boolean;
  readonly 'alternateExchange.type': 'topic' | 'direct' | 'fanout' | 'headers';
  readonly 'alternateExchange.binding.queue'?: string;
  readonly 'alternateExchange.binding.routingKey': string;
}

/** Core reads `connectionSchema` beside it into the same options. */
export const binderSchema = schema<RabbitBinderOptions>({
  compressionLevel: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 9,
    doc: 'How hard `compress` tries: 1 is quick, 9 small. 0 only wraps, and is the default of Spring Cloud Stream 3.',
  },
  connectionNamePrefix: {
    type: 'string',
    doc: 'How connections are named in the broker: `<prefix>#0`. Default: after the application.',
  },
  ...without(
    'connections go to the addresses as they are given, not to the node that leads a queue',
    'adminAddresses',
    'adminAdresses',
    'nodes',
  ),
}) as Schema<RabbitOptions>;

const TRANSACTIONS =
  'a send and a dead letter wait for their confirmation, which promises the same; what a handler sent before it threw stays sent';
const STREAMS = 'RabbitMQ streams have their own protocol, which this binder does not speak';

export const consumerSchema: Schema<RabbitConsumerOptions> = schema<RabbitConsumerOptions>({
  ...commonOptions,
  acknowledgeMode: {
    type: 'enum',
    values: ['auto', 'manual', 'none'],
    default: 'auto',
    doc: 'Whether the end of a handler settles its message, or what it does with its Acknowledgment; none: the broker forgets a message when it hands it out.',
  },
  prefetch: {
    type: 'integer',
    min: 1,
    max: 65_535,
    doc: 'Messages taken and not settled. Default: 100, where Spring has 1.',
  },
  durableSubscription: {
    type: 'boolean',
    default: true,
    doc: 'false: the queue of a group goes with its last consumer and with a restart of the broker.',
  },
  republishToDlq: {
    type: 'boolean',
    default: true,
    doc: 'Whether a dead letter is published with the headers that describe its failure, or rejected, so that the broker moves it.',
  },
  republishDeliveyMode: {
    type: 'enum',
    values: ['persistent', 'non-persistent'],
    default: 'persistent',
    oldNames: ['republish-delivery-mode'],
    doc: 'The delivery mode of dead letters.',
  },
  requeueRejected: {
    type: 'boolean',
    default: false,
    doc: 'With republish-to-dlq: false: exhausted messages are given back to the queue, after a pause, for ever.',
  },
  headerPatterns: { type: 'list', default: ['*'], doc: 'Which headers reach the handler: `a*`, and `!b` for not.' },
  exclusive: { type: 'boolean', default: false, doc: 'Whether nobody else may consume from the queue.' },
  missingQueuesFatal: {
    type: 'boolean',
    default: false,
    doc: 'With bind-queue: false: whether a queue that is not there ends the binding, instead of being waited for.',
  },
  consumerTagPrefix: { type: 'string', doc: 'How consumers are named in the broker: `<prefix>#0`.' },
  frameMaxHeadroom: {
    type: 'size',
    default: 20_000,
    min: 0,
    doc: 'Room that the stack trace in a dead letter leaves to the other headers.',
  },
  containerType: {
    type: 'enum',
    values: ['simple', 'direct'],
    default: 'simple',
    doc: 'No difference here. Streams are not supported.',
  },
  anonymousGroupPrefix: {
    type: 'string',
    default: 'anonymous.',
    doc: 'Put before the random name of an input without a group.',
  },
  consumerPriority: {
    type: 'integer',
    default: -1,
    min: -1,
    max: 2_147_483_647,
    doc: 'The broker delivers to the highest first; -1: none.',
  },
  ...without('a waiting handler holds no thread: raise concurrency, the number of handlers at once', 'maxConcurrency'),
  ...without(TRANSACTIONS, 'transacted'),
  ...without('batches come in a later version', 'batchSize', 'txSize', 'enableBatching', 'receiveTimeout'),
  ...without(
    'a lost connection or queue is tried again with growing gaps',
    'recoveryInterval',
    'queueDeclarationRetries',
    'failedDeclarationRetryInterval',
  ),
  ...without('max-priority is the name', 'queueMaxPriority'),
  ...without(STREAMS, 'superStream', 'streamStreamMessageConverterBeanName'),
});

export const producerSchema: Schema<RabbitProducerOptions> = schema<RabbitProducerOptions>({
  ...commonOptions,
  routingKeyExpression: { type: 'expression', doc: 'The routing key. Default: the destination.' },

  delayExpression: { type: 'expression', doc: 'Milliseconds for which a delayed exchange keeps the message.' },
  deliveryMode: {
    type: 'enum',
    values: ['persistent', 'non-persistent'],
    default: 'persistent',
    doc: 'Whether messages survive a restart of the broker.',
  },
  headerPatterns: { type: 'list', default: ['*'], doc: 'Which headers are sent: `a*`, and `!b` for not.' },
  compress: { type: 'boolean', default: false, doc: 'Whether payloads are sent as gzip.' },
  batchingEnabled: {
    type: 'boolean',
    default: false,
    doc: "Whether several messages are sent as one, in Spring's format.",
  },
  batchSize: { type: 'integer', default: 100, min: 1, doc: 'Messages in one batch at most.' },
  batchBufferLimit: { type: 'size', default: 10_000, min: 1, doc: 'Bytes in one batch at most.' },
  batchTimeout: { type: 'duration', default: 5000, min: 1, doc: 'How long a message waits for others at most.' },
  mandatory: {
    type: 'boolean',
    doc: 'Whether a send fails when no queue takes the message. Default: as spring.rabbitmq.template.mandatory. Ours.',
  },
  producerType: { type: 'enum', values: ['amqp'], default: 'amqp', doc: 'Streams are not supported.' },
  'alternateExchange.name': { type: 'string', doc: 'Where messages go that no queue takes.' },
  'alternateExchange.exists': { type: 'boolean', default: false, doc: 'Whether it is left undeclared.' },
  'alternateExchange.type': {
    type: 'enum',
    values: ['topic', 'direct', 'fanout', 'headers'],
    default: 'topic',
    doc: 'The type of the alternate exchange.',
  },
  'alternateExchange.binding.queue': { type: 'string', doc: 'A queue to declare and bind to the alternate exchange.' },
  'alternateExchange.binding.routingKey': { type: 'string', default: '#', doc: 'The key by which it is bound.' },
  ...without(
    'Spring Cloud Stream 3 ignores it when it publishes, and so does this binder: set routing-key-expression, a text in quotes',
    'routingKey',
  ),
  ...without(TRANSACTIONS, 'transacted'),
  ...without('every send waits for its confirmation', 'confirmAckChannel', 'useConfirmHeader'),
  ...without('batches are made by count, bytes and time', 'batchingStrategyBeanName'),
  ...without(STREAMS, 'superStream', 'streamMessageConverterBeanName', 'streamStreamMessageConverterBeanName'),
});

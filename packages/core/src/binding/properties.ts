/** The keys of `spring.cloud.stream` that core itself reads, with Spring's names and defaults (3.2), and our own. */
import type { HeaderMode } from '../binder/index.js';
import { schema } from '../schema/index.js';

const WITH_FUNCTIONS = 'functions come in a later version';
const WITH_POLLING = 'polled consumers come in a later version';

export interface StreamProperties {
  readonly defaultBinder?: string;
  readonly instanceCount: number;
  readonly instanceIndex: number;
  readonly instanceIndexList: readonly string[];
  readonly startTimeout?: number;
  readonly bindingRetryInterval?: number;
  readonly dynamicDestinations?: readonly string[];
  readonly dynamicDestinationCacheSize?: number;
  readonly source?: string;
  readonly inputBindings?: string;
  readonly outputBindings?: string;
  readonly pollableSource?: string;
  readonly overrideCloudConnectors?: boolean;
}

/** `spring.cloud.stream` */
export const STREAM = schema<StreamProperties>({
  defaultBinder: { type: 'string', doc: 'The binder of the bindings that name none.' },
  instanceCount: { type: 'integer', default: 1, min: 1, doc: 'How many instances of the application run.' },
  instanceIndex: { type: 'integer', default: 0, min: 0, doc: 'Which of them this one is, from 0.' },
  instanceIndexList: { type: 'list', default: [], doc: 'Several indexes that this one instance owns.' },
  startTimeout: {
    type: 'duration',
    doc: 'The start fails when the bindings are not ready in this time. Unset: brokers are waited for without end. Ours.',
  },
  bindingRetryInterval: {
    type: 'duration',
    unit: 's',
    unsupported: 'a binder tries again by itself, with growing gaps; see spring.cloud.stream.start-timeout',
    doc: 'Spring: seconds between the tries to bind.',
  },
  dynamicDestinations: { type: 'list', unsupported: WITH_FUNCTIONS, doc: 'Names that may be bound on demand.' },
  dynamicDestinationCacheSize: { type: 'integer', unsupported: WITH_FUNCTIONS, doc: 'How many of them are kept.' },
  source: { type: 'string', unsupported: WITH_FUNCTIONS, doc: 'Old name of output-bindings.' },
  inputBindings: { type: 'string', unsupported: WITH_FUNCTIONS, doc: 'Inputs to create without code.' },
  outputBindings: { type: 'string', unsupported: WITH_FUNCTIONS, doc: 'Outputs to create without code.' },
  pollableSource: { type: 'string', unsupported: WITH_POLLING, doc: 'Polled inputs to create.' },
  overrideCloudConnectors: { type: 'boolean', unsupported: 'it belongs to Cloud Foundry connectors', doc: 'Legacy.' },
});

export interface BinderProperties {
  readonly type?: string;
  readonly inheritEnvironment: boolean;
  readonly defaultCandidate: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** `spring.cloud.stream.binders.<name>` */
export const BINDER = schema<BinderProperties>({
  type: {
    type: 'string',
    doc: 'rabbit, kafka, redis, rocketmq, embedded, or the package of a binder. Default: the name of the binder.',
  },
  inheritEnvironment: { type: 'boolean', default: true, doc: 'Read the application’s own keys below the environment.' },
  defaultCandidate: { type: 'boolean', default: true, doc: 'May be chosen for bindings that name no binder.' },
  environment: { type: 'map', doc: 'Keys for this binder alone, above those of the application.' },
});

export interface BindingProperties {
  readonly destination?: string;
  readonly group?: string;
  readonly contentType: string;
  readonly binder?: string;
  readonly errorHandlerDefinition?: string;
}

/** `spring.cloud.stream.bindings.<name>` and `spring.cloud.stream.default` */
export const BINDING = schema<BindingProperties>({
  destination: {
    type: 'string',
    doc: 'Exchange, topic or stream; several for an input, by comma. Default: the name of the binding.',
  },
  group: { type: 'string', doc: 'The consumer group. Unset: anonymous, from now on, gone at the end.' },
  contentType: { type: 'string', default: 'application/json', doc: 'For messages that carry none.' },
  binder: { type: 'string', doc: 'The name of a binder. Default: default-binder, else the only one.' },
  errorHandlerDefinition: { type: 'bean', unsupported: WITH_FUNCTIONS, doc: 'A function for failed messages.' },
});

export interface ConsumerProperties {
  readonly autoStartup: boolean;
  readonly concurrency: number;
  readonly prefetch?: number;
  readonly partitioned: boolean;
  readonly instanceCount: number;
  readonly instanceIndex: number;
  readonly instanceIndexList?: readonly string[];
  readonly maxAttempts: number;
  readonly backOffInitialInterval: number;
  readonly backOffMaxInterval: number;
  readonly backOffMultiplier: number;
  readonly defaultRetryable: boolean;
  readonly retryableExceptions: Readonly<Record<string, boolean>>;
  readonly startFrom?: 'earliest' | 'latest';
  readonly multiplex: boolean;
  readonly onExhausted?: 'dlq' | 'drop' | 'requeue';
  readonly handlerTimeout?: number;
  readonly ordered?: boolean;
  readonly guarantee: 'at-least-once' | 'at-most-once';
  readonly headerMode?: HeaderMode;
  readonly useNativeDecoding?: boolean;
  readonly batchMode?: boolean;
  readonly retryTemplateName?: string;
}

/** `spring.cloud.stream.bindings.<name>.consumer` */
export const CONSUMER = schema<ConsumerProperties>({
  autoStartup: { type: 'boolean', default: true, doc: 'Bind when the application starts.' },
  concurrency: { type: 'integer', default: 1, min: 1, doc: 'Handlers that run at once.' },
  prefetch: {
    type: 'integer',
    min: 1,
    doc: 'Messages taken and not yet settled. Default 100, where the binder has no setting of its own. Ours.',
  },
  partitioned: { type: 'boolean', default: false, doc: 'The producers of the destination send to partitions.' },
  instanceCount: {
    type: 'integer',
    default: -1,
    min: -1,
    doc: 'As spring.cloud.stream.instance-count, for this input; -1 takes that.',
  },
  instanceIndex: {
    type: 'integer',
    default: -1,
    min: -1,
    doc: 'As spring.cloud.stream.instance-index, for this input; -1 takes that.',
  },
  instanceIndexList: { type: 'list', doc: 'As spring.cloud.stream.instance-index-list, for this input.' },
  maxAttempts: { type: 'integer', default: 3, min: 1, doc: 'Calls of the handler for one message; 1 turns retry off.' },
  backOffInitialInterval: { type: 'duration', default: 1000, min: 0, doc: 'The gap after the first failure.' },
  backOffMaxInterval: { type: 'duration', default: 10000, min: 0, doc: 'The longest gap.' },
  backOffMultiplier: { type: 'number', default: 2, min: 1, doc: 'What a gap is to the one before.' },
  defaultRetryable: {
    type: 'boolean',
    default: true,
    doc: 'Whether errors are retried that retryable-exceptions does not name.',
  },
  retryableExceptions: {
    type: 'boolean-map',
    default: {},
    doc: 'Error classes by name, subclasses included: retry or not.',
  },
  startFrom: {
    type: 'enum',
    values: ['earliest', 'latest'],
    doc: 'Where a new named group begins. Default: latest; on Kafka, as in Spring, earliest. Ours.',
  },
  multiplex: { type: 'boolean', default: false, doc: 'One binding reads all its destinations.' },
  onExhausted: {
    type: 'enum',
    values: ['dlq', 'drop', 'requeue'],
    doc: 'What becomes of a message after its last attempt. Default: dlq for named groups, drop for anonymous ones. Ours.',
  },
  handlerTimeout: {
    type: 'duration',
    min: 1,
    doc: 'An attempt that takes longer has failed; an error listener is waited for no longer. Default: none. Ours.',
  },
  ordered: {
    type: 'boolean',
    doc: 'Keep order through retries: a failing message holds its lane. Default: for partitions. Ours.',
  },
  guarantee: {
    type: 'enum',
    values: ['at-least-once', 'at-most-once'],
    default: 'at-least-once',
    doc: 'What the start refuses to run without. Ours.',
  },
  headerMode: {
    type: 'enum',
    values: ['none', 'headers', 'embeddedHeaders'],
    doc: 'Where headers travel: as the broker’s own, within the payload, or nowhere. Default: as the broker’s own; Kafka has the choice.',
  },
  useNativeDecoding: {
    type: 'boolean',
    unsupported: 'take a Buffer to decode a payload yourself',
    doc: 'Spring: leave the payload to the broker’s client.',
  },
  batchMode: {
    type: 'boolean',
    unsupported: 'batches come in a later version',
    doc: 'Spring: many messages in one call.',
  },
  retryTemplateName: {
    type: 'bean',
    doc: 'A RetryTemplate component that decides about retries instead of max-attempts, back-off-… and …-retryable.',
  },
});

export interface ProducerProperties {
  readonly autoStartup: boolean;
  readonly partitionKeyExpression?: string;
  readonly partitionSelectorExpression?: string;
  readonly partitionCount: number;
  readonly requiredGroups: readonly string[];
  readonly sendTimeout: number;
  readonly maxInFlight: number;
  readonly guarantee: 'at-least-once' | 'at-most-once';
  readonly partitionKeyExtractorName?: string;
  readonly partitionSelectorName?: string;
  readonly headerMode?: HeaderMode;
  readonly useNativeEncoding?: boolean;
  readonly errorChannelEnabled?: boolean;
  readonly dynamicPartitionUpdatesEnabled?: boolean;
}

/** `spring.cloud.stream.bindings.<name>.producer` */
export const PRODUCER = schema<ProducerProperties>({
  autoStartup: { type: 'boolean', default: true, doc: 'Bind when the application starts.' },
  partitionKeyExpression: { type: 'expression', doc: 'The partition key of a message; turns partitioning on.' },
  partitionSelectorExpression: {
    type: 'expression',
    doc: 'The partition of a key, modulo partition-count. Default: Java’s hash of the key.',
  },
  partitionCount: { type: 'integer', default: 1, min: 1, doc: 'How many partitions the destination has.' },
  requiredGroups: { type: 'list', default: [], doc: 'Groups that keep what is sent before they have a consumer.' },
  sendTimeout: {
    type: 'duration',
    default: 30_000,
    min: 1,
    doc: 'How long a send waits for the broker’s confirmation, then PUBLISH_UNKNOWN. Ours.',
  },
  maxInFlight: {
    type: 'integer',
    default: 1000,
    min: 1,
    doc: 'Sends that wait for a confirmation; as many more wait their turn, then BUFFER_FULL. Ours.',
  },
  guarantee: {
    type: 'enum',
    values: ['at-least-once', 'at-most-once'],
    default: 'at-least-once',
    doc: 'What the start refuses to run without. Ours.',
  },
  partitionKeyExtractorName: {
    type: 'bean',
    doc: 'A PartitionKeyExtractorStrategy component, asked before the expression. Default: the only one there is.',
  },
  partitionSelectorName: {
    type: 'bean',
    doc: 'A PartitionSelectorStrategy component. Default: the only one there is.',
  },
  headerMode: {
    type: 'enum',
    values: ['none', 'headers', 'embeddedHeaders'],
    doc: 'Where headers travel: as the broker’s own, within the payload, or nowhere. Default: as the broker’s own; Kafka has the choice.',
  },
  useNativeEncoding: {
    type: 'boolean',
    unsupported: 'send a Buffer to encode a payload yourself',
    doc: 'Spring: leave the payload to the broker’s client.',
  },
  errorChannelEnabled: {
    type: 'boolean',
    unsupported: 'a failed send rejects its promise',
    doc: 'Spring: failed sends go to an error channel.',
  },
  dynamicPartitionUpdatesEnabled: {
    type: 'boolean',
    unsupported: 'the number of partitions is always the broker’s own, where it has one',
    doc: 'Spring: follow the broker when it adds partitions.',
  },
});

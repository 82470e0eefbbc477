/** `spring.cloud.stream.kafka.binder.*` and `.bindings.<name>.consumer|producer.*`. */
import { schema, type Schema } from '@streambind/core/binder';
import { topicOptions, without, type TopicOptions } from './common.js';
import type { KafkaConnectionOptions } from './connection.js';

export { connectionSchema, type KafkaConnectionOptions } from './connection.js';
export type { TopicOptions } from './common.js';

/** Properties of Java's Kafka clients, by their own names: `max.partition.fetch.bytes`. */
export type ClientProperties = Readonly<Record<string, string>>;

export interface KafkaBinderOptions {
  /** `host` or `host:port` each. Unset: `spring.kafka.bootstrap-servers`. */
  readonly brokers?: readonly string[];
  readonly defaultBrokerPort: number;
  readonly configuration?: ClientProperties;
  readonly consumerProperties?: ClientProperties;
  readonly producerProperties?: ClientProperties;
  readonly autoCreateTopics: boolean;
  readonly autoAlterTopics: boolean;
  readonly autoAddPartitions: boolean;
  readonly minPartitionCount: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  /** Unset: all. */
  readonly requiredAcks?: string;
  /** Milliseconds. */
  readonly healthTimeout: number;
  readonly considerDownWhenAnyPartitionHasNoLeader: boolean;
  /** Embedded beside the standard ones, where headers travel within the payload. */
  readonly headers: readonly string[];
  readonly 'jaas.loginModule'?: string;
  readonly 'jaas.options'?: ClientProperties;
  readonly 'transaction.transactionIdPrefix'?: string;
  readonly 'transaction.producer.configuration'?: ClientProperties;
}

/** What the binder is created with: its own options, and `spring.kafka.*`. */
export type KafkaOptions = KafkaConnectionOptions & KafkaBinderOptions;

export interface KafkaConsumerOptions extends TopicOptions {
  readonly autoRebalanceEnabled: boolean;
  readonly ackMode?: 'RECORD' | 'BATCH' | 'TIME' | 'COUNT' | 'COUNT_TIME' | 'MANUAL' | 'MANUAL_IMMEDIATE';
  readonly autoCommitOffset: boolean;
  readonly autoCommitOnError: boolean;
  /** Unset: `startFrom` of core, `auto.offset.reset`, then earliest for a group and latest without. */
  readonly startOffset?: 'earliest' | 'latest';
  readonly resetOffsets: boolean;
  /** Unset is neither: dead letters have their topic when the first one comes. */
  readonly enableDlq?: boolean;
  readonly dlqName?: string;
  readonly dlqPartitions?: number;
  readonly trustedPackages: readonly string[];
  readonly destinationIsPattern: boolean;
  readonly configuration?: ClientProperties;
}

export interface KafkaProducerOptions extends TopicOptions {
  readonly compressionType?: Compression;
  readonly messageKeyExpression?: string;
  readonly headerPatterns?: readonly string[];
  readonly useTopicHeader: boolean;
  readonly configuration?: ClientProperties;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
export const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const CLIENT_PROPERTIES = "Properties of Java's clients, by their own names";
const GATHERED = 'what is sent while a request is out goes with the next one, without waiting for more';
const TRANSACTIONS = 'transaction.transaction-id-prefix of the binder is what turns transactions on';
const ZOOKEEPER = 'clients of Kafka have not talked to ZooKeeper since Kafka 0.9';

/** Core reads `connectionSchema` beside it into the same options. */
export const binderSchema = schema<KafkaBinderOptions>({
  brokers: {
    type: 'list',
    doc: 'Where the brokers are: `host` or `host:port`. Default: spring.kafka.bootstrap-servers.',
  },
  defaultBrokerPort: { type: 'integer', default: 9092, min: 1, max: 65_535, doc: 'The port of brokers without one.' },
  configuration: { type: 'map', doc: `${CLIENT_PROPERTIES}, for consumers and producers.` },
  consumerProperties: { type: 'map', doc: `${CLIENT_PROPERTIES}, for consumers.` },
  producerProperties: { type: 'map', doc: `${CLIENT_PROPERTIES}, for producers.` },
  autoCreateTopics: { type: 'boolean', default: true, doc: 'Whether topics are made; false: they have to exist.' },
  autoAlterTopics: {
    type: 'boolean',
    default: false,
    doc: 'Whether topic.properties of a binding are also set on a topic that exists.',
  },
  autoAddPartitions: {
    type: 'boolean',
    default: false,
    doc: 'Whether a topic that has fewer partitions than its bindings need gets more.',
  },
  minPartitionCount: {
    type: 'integer',
    default: 1,
    min: 1,
    doc: 'Partitions of a topic that is made, at least; with auto-add-partitions also of one that exists.',
  },
  replicationFactor: {
    type: 'integer',
    default: -1,
    min: -1,
    doc: "Copies of each partition of a topic that is made. -1: the broker's default.",
  },
  requiredAcks: {
    type: 'string',
    doc: 'In how many copies a record is before it is confirmed: all, which is -1 too, 1 or 0. Default: all, where Spring Cloud Stream 3 has 1.',
  },
  healthTimeout: {
    type: 'duration',
    unit: 's',
    default: 60_000,
    min: 1,
    doc: 'How long the question whether the brokers are well may take.',
  },
  considerDownWhenAnyPartitionHasNoLeader: {
    type: 'boolean',
    default: false,
    doc: 'Whether a partition without a leader makes the binder down. false: degraded.',
  },
  headers: {
    type: 'list',
    default: [],
    doc: 'Headers that are embedded beside contentType, correlationId and the sequence, where header-mode is embeddedHeaders.',
  },
  'jaas.loginModule': {
    type: 'string',
    doc: 'As spring.kafka.jaas.login-module; `org.apache.kafka.common.security.plain.PlainLoginModule` or `…scram.ScramLoginModule`.',
  },
  'jaas.options': { type: 'map', secret: true, doc: 'Its options: `username` and `password`.' },
  'transaction.transactionIdPrefix': {
    type: 'string',
    doc: 'Turns transactions on: what a handler sends is committed with the offset of its message.',
  },
  'transaction.producer.configuration': {
    type: 'map',
    doc: `${CLIENT_PROPERTIES}, for the producers in transactions.`,
  },
  ...without(
    'they are those of the bindings; transaction.producer.configuration is read',
    ...[
      'bufferSize',
      'batchTimeout',
      'compressionType',
      'sync',
      'headerMode',
      'headerPatterns',
      'useNativeEncoding',
    ].map((name) => `transaction.producer.${name}`),
    ...['partitionKeyExpression', 'partitionCount', 'errorChannelEnabled', 'messageKeyExpression', 'topic'].map(
      (name) => `transaction.producer.${name}`,
    ),
  ),
  ...without('payloads and headers are mapped as docs/messages.md of this package says', 'headerMapperBeanName'),
  ...without('what the broker refuses is tried again with growing gaps', 'authorizationExceptionRetryInterval'),
  ...without('there is no class path to copy stores from; name files', 'certificateStoreDirectory'),
  ...without('a password is given as it is in either case', 'jaas.controlFlag'),
  ...without('counters are those of the application', 'metrics', 'enableObservation'),
  ...without('the health of a binder asks for no group', 'healthIndicatorConsumerGroup'),
  ...without(ZOOKEEPER, 'zkNodes', 'defaultZkPort', 'zkSessionTimeout', 'zkConnectionTimeout'),
  ...without(
    'releases before 2.0 had it; see configuration',
    'offsetUpdateTimeWindow',
    'offsetUpdateCount',
    'socketBufferSize',
    'fetchSize',
    'maxWait',
    'queueSize',
  ),
}) as Schema<KafkaOptions>;

export const consumerSchema: Schema<KafkaConsumerOptions> = schema<KafkaConsumerOptions>({
  ...topicOptions,
  autoRebalanceEnabled: {
    type: 'boolean',
    default: true,
    doc: 'false is not supported: the members of a group share the partitions, and instance-index assigns none.',
  },
  ackMode: {
    type: 'enum',
    values: ['RECORD', 'BATCH', 'TIME', 'COUNT', 'COUNT_TIME', 'MANUAL', 'MANUAL_IMMEDIATE'],
    doc: 'MANUAL, MANUAL_IMMEDIATE: what the handler does with its Acknowledgment settles its message. Otherwise its end does; there is no difference between the others.',
  },
  autoCommitOffset: { type: 'boolean', default: true, doc: 'false: as ack-mode: MANUAL.' },
  autoCommitOnError: {
    type: 'boolean',
    default: false,
    doc: 'true: an exhausted message is committed without a dead letter, unless enable-dlq is true.',
  },
  startOffset: {
    type: 'enum',
    values: ['earliest', 'latest'],
    doc: 'Where a group begins that is new. Default: earliest, without a group latest.',
  },
  resetOffsets: {
    type: 'boolean',
    default: false,
    doc: 'Whether each start goes back to start-offset, whatever the group had committed.',
  },
  enableDlq: {
    type: 'boolean',
    doc: 'true: the topic of dead letters is made at start, as in Spring. false: exhausted messages are dropped, as in Spring. Default: it is made when the first dead letter comes.',
  },
  dlqName: { type: 'string', doc: 'The topic of dead letters. Default: `error.<destination>.<group>`.' },
  dlqPartitions: {
    type: 'integer',
    min: 0,
    doc: 'Its partitions. 0, 1: dead letters go to partition 0. Default: as many as the topic has; a dead letter keeps the number of its partition.',
  },
  trustedPackages: {
    type: 'list',
    default: [],
    doc: 'Java packages, beside java.lang, java.net and java.util, whose header types are decoded; `*`: all.',
  },
  destinationIsPattern: {
    type: 'boolean',
    default: false,
    doc: 'The destination is a regular expression, and all topics that match it when the binding starts are read.',
  },
  configuration: { type: 'map', doc: `${CLIENT_PROPERTIES}, for this consumer.` },
  ...without(
    'offsets are committed as soon as no message before them is still open, at most a fraction of a second later',
    'ackEachRecord',
  ),
  ...without(
    'dead letters are sent as producer-properties and configuration of the binder say',
    'dlqProducerProperties',
  ),
  ...without(
    "a message has an id and a time of its own; the record's are kafka_offset and kafka_receivedTimestamp",
    'standardHeaders',
  ),
  ...without('payloads are converted by their content type', 'converterBeanName'),
  ...without('there are no application events', 'idleEventInterval'),
  ...without('records are taken as they come, and the start does not wait for them', 'pollTimeout'),
  ...without(TRANSACTIONS, 'transactionManager'),
  ...without('a dead letter and the offset of its message are always committed together', 'txCommitRecovered'),
  ...without('retries and dead letters are those of the binding', 'commonErrorHandlerBeanName'),
  ...without('a consumer that was lost is made anew with growing gaps', 'recoveryInterval'),
  ...without('handlers are not reactive streams', 'reactiveAutoCommit', 'reactiveAtMostOnce'),
});

export const producerSchema: Schema<KafkaProducerOptions> = schema<KafkaProducerOptions>({
  ...topicOptions,
  compressionType: {
    type: 'enum',
    values: COMPRESSIONS,
    oldNames: ['compression'],
    doc: 'How the client packs records. Default: none.',
  },
  messageKeyExpression: { type: 'expression', doc: 'The key of the record; by it the broker orders and compacts.' },
  headerPatterns: { type: 'list', doc: 'Which headers are sent: `a*`, and `!b` for not. Default: all.' },
  useTopicHeader: {
    type: 'boolean',
    default: false,
    doc: 'Whether the header kafka_topic of a message says where it goes.',
  },
  configuration: { type: 'map', doc: `${CLIENT_PROPERTIES}, for this producer.` },
  ...without(GATHERED, 'bufferSize', 'batchTimeout'),
  ...without('every send waits until the record is confirmed', 'sync'),
  ...without('send-timeout of the binding is the limit', 'sendTimeoutExpression'),
  ...without('a send that resolved was confirmed', 'recordMetadataChannel'),
  ...without(TRANSACTIONS, 'transactionManager', 'allowNonTransactional'),
  ...without('spring.lifecycle.timeout-per-shutdown-phase is the limit', 'closeTimeout'),
});

/** `spring.kafka.*`, as Spring Boot's KafkaProperties has it, and the names that Java's clients give the same things. */
import { schema, type Option, type Schema } from '@streambind/core/binder';
import { without } from './common.js';

type Properties = Readonly<Record<string, string>>;

/** What stands below `spring.kafka` itself, and below its `consumer` and `producer` again. */
interface SideOptions {
  readonly bootstrapServers?: readonly string[];
  readonly clientId?: string;
  readonly properties?: Properties;
  readonly 'security.protocol'?: string;
  readonly 'ssl.keyPassword'?: string;
  readonly 'ssl.keyStoreCertificateChain'?: string;
  readonly 'ssl.keyStoreKey'?: string;
  readonly 'ssl.keyStoreLocation'?: string;
  readonly 'ssl.keyStorePassword'?: string;
  readonly 'ssl.trustStoreCertificates'?: string;
  readonly 'ssl.trustStoreLocation'?: string;
}

interface ConsumerOptions {
  readonly autoOffsetReset?: 'earliest' | 'latest';
  /** Milliseconds. */
  readonly fetchMaxWait?: number;
  /** Bytes. */
  readonly fetchMinSize?: number;
  /** Milliseconds. */
  readonly heartbeatInterval?: number;
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
  /** Milliseconds. */
  readonly maxPollInterval?: number;
  readonly groupId?: string;
  readonly enableAutoCommit?: boolean;
  readonly keyDeserializer?: string;
  readonly valueDeserializer?: string;
}

interface ProducerOptions {
  readonly acks?: string;
  readonly compressionType?: string;
  readonly keySerializer?: string;
  readonly valueSerializer?: string;
}

type Below<Prefix extends string, T> = { readonly [K in keyof T & string as `${Prefix}.${K}`]: T[K] };

export interface KafkaConnectionOptions
  extends
    SideOptions,
    Below<'consumer', SideOptions>,
    Below<'producer', SideOptions>,
    Below<'consumer', ConsumerOptions>,
    Below<'producer', ProducerOptions> {
  readonly 'jaas.loginModule'?: string;
  readonly 'jaas.options'?: Properties;
}

type Options<T> = { readonly [K in keyof T]-?: Option };

/** What an option of Spring Boot's is called by Java's clients. */
interface Named {
  readonly java: string;
  readonly option: Option;
}

type NamedOptions<T> = { readonly [K in keyof T]-?: Named };

const SIDE: NamedOptions<Omit<SideOptions, 'properties'>> = {
  bootstrapServers: {
    java: 'bootstrap.servers',
    option: { type: 'list', doc: 'Where the brokers are: `host:port`. Default: localhost:9092.' },
  },
  clientId: {
    java: 'client.id',
    option: { type: 'string', doc: 'How the broker calls this application in its logs.' },
  },
  'security.protocol': {
    java: 'security.protocol',
    option: { type: 'string', doc: 'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. Default: PLAINTEXT.' },
  },
  'ssl.keyPassword': {
    java: 'ssl.key.password',
    option: { type: 'string', secret: true, doc: 'Opens the private key.' },
  },
  'ssl.keyStoreCertificateChain': {
    java: 'ssl.keystore.certificate.chain',
    option: { type: 'string', doc: "The client's certificate, and those above it, as PEM." },
  },
  'ssl.keyStoreKey': {
    java: 'ssl.keystore.key',
    option: { type: 'string', secret: true, doc: 'Its private key, as PEM.' },
  },
  'ssl.keyStoreLocation': {
    java: 'ssl.keystore.location',
    option: { type: 'string', doc: 'A file with both: PKCS#12 or PEM.' },
  },
  'ssl.keyStorePassword': {
    java: 'ssl.keystore.password',
    option: { type: 'string', secret: true, doc: 'Opens that file.' },
  },
  'ssl.trustStoreCertificates': {
    java: 'ssl.truststore.certificates',
    option: { type: 'string', doc: 'Certificates of authorities to trust, as PEM. Default: those of Node.' },
  },
  'ssl.trustStoreLocation': {
    java: 'ssl.truststore.location',
    option: {
      type: 'string',
      doc: 'A file with them, PEM; `keytool -exportcert -rfc` makes one from a Java trust store.',
    },
  },
};

const CONSUMER: NamedOptions<ConsumerOptions> = {
  autoOffsetReset: {
    java: 'auto.offset.reset',
    option: {
      type: 'enum',
      values: ['earliest', 'latest'],
      doc: 'Where a group begins that is new, unless start-offset of the binding says it.',
    },
  },
  fetchMaxWait: {
    java: 'fetch.max.wait.ms',
    option: { type: 'duration', min: 0, doc: 'How long the broker waits for fetch-min-size. Default: 500 ms.' },
  },
  fetchMinSize: {
    java: 'fetch.min.bytes',
    option: { type: 'size', min: 0, doc: 'What the broker waits for before it answers. Default: 1 byte.' },
  },
  heartbeatInterval: {
    java: 'heartbeat.interval.ms',
    option: { type: 'duration', min: 1, doc: 'How often a member shows that it lives. Default: 1 s.' },
  },
  isolationLevel: {
    java: 'isolation.level',
    option: {
      type: 'enum',
      values: ['read_uncommitted', 'read_committed'],
      doc: 'Whether records of open and aborted transactions are read too. Default: read-uncommitted.',
    },
  },
  maxPollInterval: {
    java: 'max.poll.interval.ms',
    option: { type: 'duration', min: 1, doc: 'How long a group waits for a member when it rebalances. Default: 60 s.' },
  },
  groupId: { java: 'group.id', option: { type: 'string', doc: 'Ignored: the group of the binding is used.' } },
  enableAutoCommit: {
    java: 'enable.auto.commit',
    option: { type: 'boolean', doc: 'Ignored: what was handled is committed.' },
  },
  keyDeserializer: {
    java: 'key.deserializer',
    option: { type: 'string', doc: 'Ignored: keys are bytes.' },
  },
  valueDeserializer: {
    java: 'value.deserializer',
    option: { type: 'string', doc: 'Ignored: payloads are converted by their content type.' },
  },
};

const PRODUCER: NamedOptions<ProducerOptions> = {
  acks: { java: 'acks', option: { type: 'string', doc: 'As required-acks of the binder, above it.' } },
  compressionType: {
    java: 'compression.type',
    option: { type: 'string', doc: 'As compression-type of a binding, above it.' },
  },
  keySerializer: { java: 'key.serializer', option: { type: 'string', doc: 'Ignored: keys are bytes or text.' } },
  valueSerializer: {
    java: 'value.serializer',
    option: { type: 'string', doc: 'Ignored: payloads are converted by their content type.' },
  },
};

const properties: Option = { type: 'map', doc: "Properties of Java's clients, by their own names." };

const optionsOf = <T>(named: NamedOptions<T>, prefix = '', doc?: string): Readonly<Record<string, Option>> =>
  Object.fromEntries(
    Object.entries<Named>(named as Readonly<Record<string, Named>>).map(([name, { option }]) => [
      `${prefix}${name}`,
      doc === undefined ? option : { ...option, doc },
    ]),
  );

const OF_A_SIDE = 'As without it in front: consumers and producers of a binder share its connection.';

const SSL_WITHOUT = ['ssl.keyStoreType', 'ssl.trustStoreType', 'ssl.trustStorePassword', 'ssl.protocol', 'ssl.bundle'];

export const connectionSchema: Schema<KafkaConnectionOptions> = schema<KafkaConnectionOptions>({
  ...(optionsOf(SIDE) as Options<SideOptions>),
  ...(optionsOf(SIDE, 'consumer.', OF_A_SIDE) as Options<Below<'consumer', SideOptions>>),
  ...(optionsOf(SIDE, 'producer.', OF_A_SIDE) as Options<Below<'producer', SideOptions>>),
  ...(optionsOf(CONSUMER, 'consumer.') as Options<Below<'consumer', ConsumerOptions>>),
  ...(optionsOf(PRODUCER, 'producer.') as Options<Below<'producer', ProducerOptions>>),
  properties,
  'consumer.properties': properties,
  'producer.properties': properties,
  'jaas.loginModule': {
    type: 'string',
    doc: 'How to log in, where sasl.jaas.config does not say it: `org.apache.kafka.common.security.plain.PlainLoginModule` or `…scram.ScramLoginModule`.',
  },
  'jaas.options': { type: 'map', secret: true, doc: 'Its options: `username` and `password`.' },
  ...without('a password is given as it is in either case', 'jaas.controlFlag'),
  ...without('jaas.login-module is enough', 'jaas.enabled'),
  ...['', 'consumer.', 'producer.'].reduce(
    (all, side) => ({
      ...all,
      ...without(
        'a key store is PKCS#12 or PEM, a trust store PEM, which the files themselves show; Node picks the version of TLS',
        ...SSL_WITHOUT.map((name) => `${side}${name}`),
      ),
    }),
    {},
  ),
  ...without('what was handled is committed as it ends', 'consumer.autoCommitInterval'),
  ...without('prefetch of the binding says how many messages are taken', 'consumer.maxPollRecords'),
  ...without(
    'what is sent while a request is out goes with the next one, without waiting for more',
    'producer.batchSize',
    'producer.bufferMemory',
  ),
  ...without('a send is tried again until send-timeout of its binding', 'producer.retries'),
  ...without(
    'spring.cloud.stream.kafka.binder.transaction.transaction-id-prefix turns transactions on',
    'producer.transactionIdPrefix',
  ),
  ...without('topics are made over the connection that everything uses', 'admin'),
  ...without('only bindings receive, there as here', 'listener', 'retry'),
  ...without('only bindings send', 'template'),
  ...without('Kafka Streams is a library of Java', 'streams'),
});

/** One option of Spring Boot's that has a name of Java's. */
export interface BootOption {
  /** In `KafkaOptions`: `consumer.fetchMinSize`. */
  readonly name: keyof KafkaConnectionOptions;
  readonly java: string;
}

const bootOptions = (prefix: string, named: Readonly<Record<string, Named>>): BootOption[] =>
  Object.entries(named).map(([name, { java }]) => ({
    name: `${prefix}${name}` as keyof KafkaConnectionOptions,
    java,
  }));

export const BOOT_OPTIONS: Readonly<Record<'client' | 'consumer' | 'producer', readonly BootOption[]>> = {
  client: bootOptions('', SIDE),
  consumer: [...bootOptions('consumer.', SIDE), ...bootOptions('consumer.', CONSUMER)],
  producer: [...bootOptions('producer.', SIDE), ...bootOptions('producer.', PRODUCER)],
};

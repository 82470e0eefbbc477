/** `spring.rabbitmq.*`, as Spring Boot's RabbitProperties has it. */
import { schema, type Schema } from '@streambind/core/binder';
import { without } from './common.js';

export interface RabbitConnectionOptions {
  readonly host: string;
  /** Unset: 5672, with TLS 5671. */
  readonly port?: number;
  readonly addresses: readonly string[];
  readonly addressShuffleMode: 'none' | 'random' | 'inorder';
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
  /** Milliseconds; 0: none. */
  readonly requestedHeartbeat: number;
  readonly requestedChannelMax: number;
  /** Milliseconds; 0: no limit. */
  readonly connectionTimeout: number;
  readonly publisherReturns: boolean;
  readonly 'template.mandatory'?: boolean;
  readonly 'ssl.enabled'?: boolean;
  readonly 'ssl.keyStore'?: string;
  readonly 'ssl.keyStoreType': 'PKCS12' | 'PEM';
  readonly 'ssl.keyStorePassword'?: string;
  readonly 'ssl.trustStore'?: string;
  readonly 'ssl.trustStoreType': 'PEM';
  readonly 'ssl.algorithm'?: 'TLSv1.2' | 'TLSv1.3';
  readonly 'ssl.validateServerCertificate': boolean;
  readonly 'ssl.verifyHostname': boolean;
}

export const connectionSchema: Schema<RabbitConnectionOptions> = schema<RabbitConnectionOptions>({
  host: { type: 'string', default: 'localhost', doc: 'Where the broker is.' },
  port: { type: 'integer', min: 1, max: 65_535, doc: 'Default: 5672, with TLS 5671.' },
  addresses: {
    type: 'list',
    default: [],
    doc: 'Several nodes, instead of host and port: `[amqp[s]://][user:password@]host[:port][/vhost]`.',
  },
  addressShuffleMode: {
    type: 'enum',
    values: ['none', 'random', 'inorder'],
    default: 'none',
    doc: 'Which of the addresses is tried first: the first; any; each in turn.',
  },
  username: { type: 'string', default: 'guest', doc: 'Who connects.' },
  password: { type: 'string', default: 'guest', secret: true, doc: 'With what password.' },
  virtualHost: { type: 'string', default: '/', doc: 'The virtual host.' },
  requestedHeartbeat: {
    type: 'duration',
    unit: 's',
    default: 60_000,
    min: 0,
    max: 65_535_000,
    doc: 'After twice as long without a sign of life the connection is given up. 0: never.',
  },
  requestedChannelMax: { type: 'integer', default: 2047, min: 0, max: 65_535, doc: 'Channels in one connection.' },
  connectionTimeout: {
    type: 'duration',
    default: 10_000,
    min: 0,
    doc: 'How long one try to connect takes at most. 0: no limit.',
  },
  publisherReturns: { type: 'boolean', default: false, doc: 'As template.mandatory, where that is not set.' },
  'template.mandatory': {
    type: 'boolean',
    doc: 'Whether a send fails when no queue takes the message. Default: it is counted, with one warning.',
  },
  'ssl.enabled': { type: 'boolean', doc: 'TLS. Default: where the first address says `amqps:`.' },
  'ssl.keyStore': { type: 'string', doc: "The client's certificate and key; one file." },
  'ssl.keyStoreType': { type: 'enum', values: ['PKCS12', 'PEM'], default: 'PKCS12', doc: 'What that file is.' },
  'ssl.keyStorePassword': { type: 'string', secret: true, doc: 'Opens it.' },
  'ssl.trustStore': { type: 'string', doc: 'Certificates of authorities to trust. Default: those of Node.' },
  'ssl.trustStoreType': {
    type: 'enum',
    values: ['PEM'],
    default: 'PEM',
    doc: 'What that file is; `keytool -exportcert -rfc` makes one from a Java trust store.',
  },
  'ssl.algorithm': { type: 'enum', values: ['TLSv1.2', 'TLSv1.3'], doc: 'The one version of TLS to speak.' },
  'ssl.validateServerCertificate': {
    type: 'boolean',
    default: true,
    doc: "Whether the broker's certificate must come from an authority that is trusted.",
  },
  'ssl.verifyHostname': { type: 'boolean', default: true, doc: "Whether it must be made out to the broker's name." },
  ...without('every send waits for its confirmation', 'publisherConfirmType', 'publisherConfirms'),
  ...without('a broker that does not answer is found by the heartbeat', 'channelRpcTimeout'),
  ...without('the broker limits it, by max_message_size', 'maxInboundMessageBodySize'),
  ...without('there is one channel for each consumer and producer, and no cache', 'cache'),
  ...without('a send waits for its connection, as long as send-timeout of the binding says', 'template.retry'),
  ...without(
    'only bindings send',
    'template.exchange',
    'template.routingKey',
    'template.defaultReceiveQueue',
    'template.receiveTimeout',
    'template.replyTimeout',
    'template.observationEnabled',
    'template.allowedListPatterns',
  ),
  ...without('only bindings receive, there as here; what they take stands with the binding', 'listener'),
  ...without('exchanges and queues are declared by bindings', 'dynamic'),
  ...without('RabbitMQ streams have their own protocol, which this binder does not speak', 'stream'),
  ...without(
    'certificates are named by files: ssl.key-store, ssl.trust-store',
    'ssl.bundle',
    'ssl.keyStoreAlgorithm',
    'ssl.trustStoreAlgorithm',
  ),
  ...without('a PEM file has no password', 'ssl.trustStorePassword'),
});

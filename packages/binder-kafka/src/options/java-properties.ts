/** The properties of Java's Kafka clients (3.9 and 4.1): which are read here, and why the others are not. */

export type Scope = 'client' | 'consumer' | 'producer';

/** Of the connection, which consumers and producers of a binder share. */
const CONNECTION = [
  'client.id',
  'request.timeout.ms',
  'socket.connection.setup.timeout.ms',
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'ssl.endpoint.identification.algorithm',
  'ssl.key.password',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.key',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.truststore.certificates',
  'ssl.truststore.location',
] as const;

const CONSUMER = [
  'auto.offset.reset',
  'client.rack',
  'fetch.max.bytes',
  'fetch.max.wait.ms',
  'fetch.min.bytes',
  'heartbeat.interval.ms',
  'isolation.level',
  'max.partition.fetch.bytes',
  'max.poll.interval.ms',
  'metadata.max.age.ms',
  'partition.assignment.strategy',
  'session.timeout.ms',
] as const;

const PRODUCER = [
  'acks',
  'compression.type',
  'enable.idempotence',
  'metadata.max.age.ms',
  'request.timeout.ms',
] as const;

export type ConnectionProperty = (typeof CONNECTION)[number];
export type ConsumerProperty = (typeof CONSUMER)[number];
export type ProducerProperty = (typeof PRODUCER)[number];
export type ReadProperty = ConnectionProperty | ConsumerProperty | ProducerProperty | 'bootstrap.servers';

const CONVERSION = 'payloads are converted by their content type, and keys are bytes or text';
const OWN_GROUP = 'the group of the binding is used';
const STORES = 'a key store is PKCS#12 or PEM, a trust store PEM, which the files themselves show';
const TLS = 'Node picks the version of TLS, its ciphers and its sources of chance';
const CLASSES = 'there are no classes of Java to load';
const GATHERED = 'what is sent while a request is out goes with the next one, without waiting for more';
const DEADLINE = 'a send is tried again until send-timeout of its binding';
const METRICS = 'counters are those of the application';
const RETRIES = 'a request is tried again with growing gaps';
const SOCKETS = 'the operating system sizes the buffers of a connection, which stays open';
const TRANSACTIONS = 'transaction.transaction-id-prefix of the binder turns transactions on and names their producers';
const LOGIN = 'the binder logs in with PLAIN or SCRAM';
const PROTOCOL = 'members share partitions by the classic group protocol, and leave when they stop';

interface Unread {
  readonly reason: string;
  readonly of: Scope;
  readonly names: readonly string[];
}

const UNREAD: readonly Unread[] = [
  { reason: STORES, of: 'client', names: ['ssl.keystore.type', 'ssl.truststore.type', 'ssl.truststore.password'] },
  {
    reason: TLS,
    of: 'client',
    names: [
      'ssl.protocol',
      'ssl.provider',
      'ssl.cipher.suites',
      'ssl.enabled.protocols',
      'ssl.secure.random.implementation',
      'ssl.keymanager.algorithm',
      'ssl.trustmanager.algorithm',
    ],
  },
  { reason: CLASSES, of: 'client', names: ['ssl.engine.factory.class', 'security.providers', 'interceptor.classes'] },
  { reason: METRICS, of: 'client', names: ['metric.reporters', 'auto.include.jmx.reporter', 'enable.metrics.push'] },
  {
    reason: METRICS,
    of: 'client',
    names: ['metrics.num.samples', 'metrics.recording.level', 'metrics.sample.window.ms'],
  },
  {
    reason: RETRIES,
    of: 'client',
    names: [
      'reconnect.backoff.ms',
      'reconnect.backoff.max.ms',
      'retry.backoff.ms',
      'retry.backoff.max.ms',
      'default.api.timeout.ms',
      'metadata.recovery.strategy',
      'metadata.recovery.rebootstrap.trigger.ms',
    ],
  },
  {
    reason: 'socket.connection.setup.timeout.ms is the limit of each try',
    of: 'client',
    names: ['socket.connection.setup.timeout.max.ms'],
  },
  { reason: SOCKETS, of: 'client', names: ['send.buffer.bytes', 'receive.buffer.bytes', 'connections.max.idle.ms'] },
  { reason: 'all addresses of a name are tried', of: 'client', names: ['client.dns.lookup'] },
  {
    reason: LOGIN,
    of: 'client',
    names: [
      'sasl.client.callback.handler.class',
      'sasl.login.callback.handler.class',
      'sasl.login.class',
      'sasl.kerberos.service.name',
    ],
  },
  { reason: OWN_GROUP, of: 'consumer', names: ['group.id'] },
  { reason: PROTOCOL, of: 'consumer', names: ['group.protocol', 'group.remote.assignor', 'group.instance.id'] },
  { reason: PROTOCOL, of: 'consumer', names: ['internal.leave.group.on.close', 'share.acknowledgement.mode'] },
  {
    reason: 'what was handled is committed as it ends',
    of: 'consumer',
    names: ['enable.auto.commit', 'auto.commit.interval.ms'],
  },
  {
    reason: 'prefetch of the binding says how many messages are taken',
    of: 'consumer',
    names: ['max.poll.records'],
  },
  {
    reason: 'auto-create-topics of the binder says whether topics are made',
    of: 'consumer',
    names: ['allow.auto.create.topics'],
  },
  { reason: 'a destination names its topic', of: 'consumer', names: ['exclude.internal.topics'] },
  { reason: 'a checksum is always checked', of: 'consumer', names: ['check.crcs'] },
  { reason: CONVERSION, of: 'consumer', names: ['key.deserializer', 'value.deserializer'] },
  { reason: CONVERSION, of: 'producer', names: ['key.serializer', 'value.serializer'] },
  { reason: GATHERED, of: 'producer', names: ['batch.size', 'linger.ms'] },
  {
    reason: 'max-in-flight of the binding says how many sends may wait',
    of: 'producer',
    names: ['buffer.memory', 'max.block.ms'],
  },
  { reason: DEADLINE, of: 'producer', names: ['retries', 'delivery.timeout.ms'] },
  {
    reason: 'one request at a time goes to a broker, so that order is kept',
    of: 'producer',
    names: ['max.in.flight.requests.per.connection'],
  },
  { reason: "the broker's limit holds: message.max.bytes", of: 'producer', names: ['max.request.size'] },
  {
    reason: 'the levels of the compression are those of its library',
    of: 'producer',
    names: ['compression.gzip.level', 'compression.lz4.level', 'compression.zstd.level'],
  },
  {
    reason:
      'a key goes to the partition where Java puts it, and partition-key-expression of the binding decides otherwise',
    of: 'producer',
    names: [
      'partitioner.class',
      'partitioner.ignore.keys',
      'partitioner.adaptive.partitioning.enable',
      'partitioner.availability.timeout.ms',
    ],
  },
  {
    reason: 'metadata.max.age.ms is the only age',
    of: 'producer',
    names: ['metadata.max.idle.ms'],
  },
  {
    reason: TRANSACTIONS,
    of: 'producer',
    names: ['transactional.id', 'transaction.timeout.ms', 'transaction.two.phase.commit.enable'],
  },
];

/** Families of names, most of them of libraries that serialize. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^sasl\.(kerberos|login|oauthbearer)\./, LOGIN],
  [
    /^(schema\.registry|schema\.reflection|specific\.avro|spring\.json|spring\.deserializer|json\.|value\.subject|key\.subject|auto\.register)/,
    CONVERSION,
  ],
];

const READ: Readonly<Record<Scope, ReadonlySet<string>>> = {
  client: new Set(['bootstrap.servers', ...CONNECTION]),
  consumer: new Set(CONSUMER),
  producer: new Set(PRODUCER),
};

const WHY_NOT = new Map(
  UNREAD.flatMap(({ names, reason, of }) => names.map((name) => [name, { reason, of }] as const)),
);

/** Values at which an unread property says nothing that is not so anyway. */
const AGREES: Readonly<Record<string, RegExp>> = {
  'enable.auto.commit': /^false$/i,
  'key.serializer': /\.ByteArraySerializer$/,
  'value.serializer': /\.ByteArraySerializer$/,
  'key.deserializer': /\.ByteArrayDeserializer$/,
  'value.deserializer': /\.ByteArrayDeserializer$/,
  'allow.auto.create.topics': /^false$/i,
  'max.in.flight.requests.per.connection': /^1$/,
  'check.crcs': /^true$/i,
};

export type Judgement =
  | { readonly kind: 'read' }
  | { readonly kind: 'unread'; readonly reason: string }
  /** Java's other kind of client takes it. */
  | { readonly kind: 'other'; readonly of: Scope }
  | { readonly kind: 'unknown' };

/** @param scope whose properties it stands among; `client`: those of consumers and of producers */
export function judge(name: string, value: string, scope: Scope): Judgement {
  const takes = (of: Scope): boolean => of === 'client' || scope === 'client' || of === scope;
  const scopes = (['client', 'consumer', 'producer'] as const).filter((of) => READ[of].has(name));
  if (scopes.some(takes)) return { kind: 'read' };
  if (scopes[0] !== undefined) return { kind: 'other', of: scopes[0] };
  const why = WHY_NOT.get(name);
  if (why !== undefined) {
    if (AGREES[name]?.test(value) === true) return { kind: 'read' };
    return takes(why.of) ? { kind: 'unread', reason: why.reason } : { kind: 'other', of: why.of };
  }
  const family = FAMILIES.find(([pattern]) => pattern.test(name));
  return family ? { kind: 'unread', reason: family[1] } : { kind: 'unknown' };
}

export const isConnectionProperty = (name: string): boolean => READ.client.has(name);

/** For telling what was meant. */
export const KNOWN_NAMES: readonly string[] = [...CONNECTION, ...CONSUMER, ...PRODUCER, ...WHY_NOT.keys()];

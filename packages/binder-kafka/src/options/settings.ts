/** What the client is told, from options and Java's names, by Spring's order; and our defaults. */
import { StreambindError, type BinderContext, type ConsumerSource, type ProducerTarget } from '@streambind/core/binder';
import type { Assignor, ClientSettings, MemberSettings, ProducerSettings } from '../client/port.js';
import { bindingLayer, binderLayers, transactionLayer, type Layer } from './layers.js';
import type { ReadProperty } from './java-properties.js';
import { COMPRESSIONS, type KafkaConsumerOptions, type KafkaOptions, type KafkaProducerOptions } from './options.js';
import {
  MergedProperties,
  connectionProperties,
  noticesOf,
  refuseOtherConnection,
  withWhere,
  type Origin,
} from './properties.js';
import { securityOf } from './security.js';

type Context = Pick<BinderContext, 'name' | 'origin'>;

export interface Told<T> {
  readonly settings: T;
  /** What is written down and has no effect, for the log: a text each, of one line or several. */
  readonly notices: readonly string[];
}

/** Where it is written down how brokers are reached: a place and its key each, or the key alone. */
export interface Places {
  readonly brokers: string;
  readonly protocol: string;
  readonly login: string;
  readonly trust: string;
}

const LOCAL = 'localhost:9092';
const BROKERS = 'spring.cloud.stream.kafka.binder.brokers';

/**
 * How the brokers are reached. Notices are those of everything that is not written for one binding.
 * @throws CONFIG_VALUE
 */
export function clientSettings(
  options: KafkaOptions,
  { name, origin }: Context,
): Told<ClientSettings> & { readonly places: Places } {
  const layers = binderLayers(options);
  const notices = noticesOf([...layers, transactionLayer(options)], origin);
  const connection = connectionProperties(layers, origin);
  const { notices: more, ...security } = securityOf(connection, options, origin);
  return {
    settings: {
      brokers: brokersOf(options, connection),
      clientId: connection.get('client.id') ?? `streambind.${name}`,
      connectionTimeoutMs: connection.integer('socket.connection.setup.timeout.ms', 10_000, 1),
      requestTimeoutMs: connection.integer('request.timeout.ms', 30_000, 1),
      ...security,
    },
    notices: [...notices, ...more],
    places: placesOf(connection, origin),
  };
}

function placesOf(connection: MergedProperties, origin: Origin): Places {
  const own = origin?.(BROKERS);
  const first = (...names: readonly ReadProperty[]): string =>
    names.map((name) => connection.where(name)).find((where) => where !== undefined) ?? names[0]!;
  return {
    brokers: own === undefined ? (connection.where('bootstrap.servers') ?? BROKERS) : `${own} (${BROKERS})`,
    protocol: first('security.protocol'),
    login: first('sasl.jaas.config', 'sasl.mechanism'),
    trust: first('ssl.truststore.location', 'ssl.truststore.certificates'),
  };
}

/** Those of the binder, unless they are Spring's default and `spring.kafka.bootstrap-servers` says otherwise. */
function brokersOf({ brokers = [], defaultBrokerPort }: KafkaOptions, connection: MergedProperties): readonly string[] {
  const own = brokers.map((broker) =>
    /^(\[[^\]]*\]|[^:]*):\d+$/.test(broker) ? broker : `${broker}:${defaultBrokerPort}`,
  );
  const boot = connection.get('bootstrap.servers');
  const found =
    boot !== undefined && (own.length === 0 || own.join() === LOCAL)
      ? boot.split(',').map((broker) => broker.trim())
      : own;
  const given = found.filter((broker) => broker !== '');
  for (const broker of given) {
    const port = /^(?:\[[^\]]+\]|[^:/\s]+):(\d{1,5})$/.exec(broker)?.[1];
    if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) continue;
    throw new StreambindError('CONFIG_VALUE', 'The address of a broker cannot be read.', {
      ...withWhere(connection.where('bootstrap.servers') ?? BROKERS),
      given: broker,
      allowed: 'host:port',
    });
  }
  return given.length === 0 ? [LOCAL] : given;
}

/** Ours, where Java has 45 s: what a consumer held that was killed comes to another one after it. */
const SESSION_MS = 10_000;
/** Ours, where Java has 5 min: partitions that were added are noticed after it. */
const METADATA_MS = 30_000;
/** Ours, where Java has 5 min: a group waits no longer for handlers that run. */
const REBALANCE_MS = 60_000;
/** Java's is 3000: by its heartbeats a member hears that the group changes, so each join would take so long. */
const HEARTBEAT_MS = 1000;
const MEBIBYTE = 1024 * 1024;

/**
 * @param subscription the group, invented for an input without, and the topics that are read
 * @throws CONFIG_VALUE
 */
export function memberSettings(
  options: KafkaOptions,
  source: Pick<ConsumerSource<KafkaConsumerOptions>, 'binding' | 'options'>,
  subscription: Pick<MemberSettings, 'group' | 'topics'>,
  { origin }: Pick<Context, 'origin'>,
): Told<MemberSettings> {
  const own = bindingLayer('consumer', source.binding, source.options.configuration);
  const { properties, notices } = merged('consumer', options, [own], origin);
  const strategy = assignorsOf(properties);
  const rackId = properties.get('client.rack')?.trim();
  return {
    settings: {
      ...subscription,
      assignors: strategy.assignors,
      sessionTimeoutMs: properties.integer('session.timeout.ms', SESSION_MS, 1),
      rebalanceTimeoutMs: properties.integer('max.poll.interval.ms', REBALANCE_MS, 1),
      heartbeatIntervalMs: properties.integer('heartbeat.interval.ms', HEARTBEAT_MS, 1),
      metadataMaxAgeMs: properties.integer('metadata.max.age.ms', METADATA_MS, 1),
      minBytes: properties.integer('fetch.min.bytes', 1),
      maxBytes: properties.integer('fetch.max.bytes', 50 * MEBIBYTE, 1),
      maxBytesPerPartition: properties.integer('max.partition.fetch.bytes', MEBIBYTE, 1),
      maxWaitMs: properties.integer('fetch.max.wait.ms', 500),
      readUncommitted:
        properties.word('isolation.level', ['read_uncommitted', 'read_committed'], 'read_uncommitted') ===
        'read_uncommitted',
      ...(rackId === undefined || rackId === '' ? {} : { rackId }),
    },
    notices: [...notices, ...strategy.notices],
  };
}

/** Where an input begins to read. */
export interface Start {
  /** Partitions for which its group has committed nothing. */
  readonly from: 'earliest' | 'latest';
  /** Whether the others go there too when the input starts. */
  readonly reset: boolean;
}

/**
 * By Spring's order: start-offset, start-from of core, auto.offset.reset, and then earliest for a group, latest without.
 * @throws CONFIG_VALUE
 */
export function startOf(
  options: KafkaOptions,
  source: Pick<ConsumerSource<KafkaConsumerOptions>, 'binding' | 'group' | 'startFrom' | 'options'>,
  { origin }: Pick<Context, 'origin'>,
): Start {
  const own = bindingLayer('consumer', source.binding, source.options.configuration);
  const { properties } = merged('consumer', options, [own], origin);
  const written = source.options.startOffset ?? source.startFrom;
  const fallback = source.group === undefined ? 'latest' : 'earliest';
  const reset = properties.word('auto.offset.reset', ['earliest', 'latest'], fallback);
  return { from: written ?? reset, reset: source.options.resetOffsets };
}

const ASSIGNORS: Readonly<Record<string, Assignor>> = {
  range: 'range',
  rangeassignor: 'range',
  roundrobin: 'roundrobin',
  roundrobinassignor: 'roundrobin',
};

/** Java's default has range too, so that its members and ours can be of one group. */
function assignorsOf(properties: MergedProperties): { assignors: readonly Assignor[]; notices: readonly string[] } {
  const given = (properties.get('partition.assignment.strategy') ?? 'range,roundrobin')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = (name: string): Assignor | undefined => ASSIGNORS[name.split('.').at(-1)!.toLowerCase()];
  const assignors = given.flatMap((name) => known(name) ?? []);
  if (assignors.length === 0) {
    throw properties.refused('partition.assignment.strategy', 'RangeAssignor, RoundRobinAssignor');
  }
  const others = given.filter((name) => known(name) === undefined);
  if (others.length === 0) return { assignors, notices: [] };
  const told = `partition.assignment.strategy: ${others.join(', ')} is not supported; ${assignors.join(', ')} is used.`;
  return { assignors, notices: [`${told}\n  where:   ${properties.where('partition.assignment.strategy')}`] };
}

const ACKS = { all: -1, '-1': -1, '0': 0, '1': 1 } as const;

/**
 * @param target undefined for what belongs to no output: dead letters
 * @param transactional with what `transaction.producer` of the binder says
 * @throws CONFIG_VALUE
 */
export function producerSettings(
  options: KafkaOptions,
  target: Pick<ProducerTarget<KafkaProducerOptions>, 'binding' | 'options'> | undefined,
  { origin }: Pick<Context, 'origin'>,
  transactional = false,
): Told<ProducerSettings> {
  const own = [
    ...(target === undefined ? [] : [bindingLayer('producer', target.binding, target.options.configuration)]),
    ...(transactional ? [transactionLayer(options)] : []),
  ];
  const { properties, notices } = merged('producer', options, own, origin);
  const acks = ACKS[properties.word('acks', ['all', '-1', '0', '1'], 'all')];
  const idempotent = properties.flag('enable.idempotence', acks === -1);
  if (idempotent && acks !== -1) throw properties.refused('enable.idempotence', 'false, or acks: all');
  if (transactional && !idempotent) {
    throw new StreambindError('CONFIG_VALUE', 'Transactions need records that every copy has, each once.', {
      ...withWhere(properties.where('acks') ?? properties.where('enable.idempotence')),
      given: `acks: ${acks === -1 ? 'all' : acks}, enable.idempotence: ${idempotent}`,
      allowed: 'acks: all, enable.idempotence: true',
    });
  }
  return {
    settings: {
      idempotent,
      acks,
      compression: properties.word('compression.type', COMPRESSIONS, target?.options.compressionType ?? 'none'),
      timeoutMs: properties.integer('request.timeout.ms', 30_000, 1),
      metadataMaxAgeMs: properties.integer('metadata.max.age.ms', METADATA_MS, 1),
    },
    notices,
  };
}

/** @throws CONFIG_VALUE when the binding asks for a connection of its own */
function merged(
  side: 'consumer' | 'producer',
  options: KafkaOptions,
  own: readonly Layer[],
  origin: Origin,
): { properties: MergedProperties; notices: readonly string[] } {
  const layers = binderLayers(options);
  const notices = noticesOf(own, origin);
  const connection = connectionProperties(layers, origin);
  for (const layer of own) refuseOtherConnection(layer, connection, origin);
  const ofSide = layers.filter(({ scope }) => scope === 'client' || scope === side);
  return { properties: new MergedProperties([...ofSide, ...own], origin), notices };
}

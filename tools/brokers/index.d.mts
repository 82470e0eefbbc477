/** What `index.mjs` offers to tests, tools and samples. */

/** Where a RabbitMQ listens, and as whom to log in. */
export interface RabbitAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

/** Where a Kafka listens for clients without encryption and login. */
export interface KafkaAddress {
  /** Of the first of several servers. */
  readonly host: string;
  readonly port: number;
  /** As `spring.kafka.bootstrap-servers` has it: `host:port`, several joined by commas. */
  readonly bootstrapServers: string;
}

export interface Broker<Address = { readonly host: string; readonly port: number }> {
  readonly name: BrokerName;
  /** As its makers write it. */
  readonly title: string;
  /**
   * `found`: somebody else's, at the configured address; what would start, stop or hurt it throws.
   * `process`: the rig's. `compose`: the rig's, in a container.
   */
  readonly origin: 'found' | 'process' | 'compose';
  readonly address: Address;
  /** The address as environment variables of Spring's names. */
  readonly environment: Readonly<Record<string, string>>;
  /** The address as application.yml. */
  readonly yml: string;
  /** Of the rig's own folder for it. */
  readonly directory: string;
  /** The id of the process a private broker belongs to; undefined for a shared one. */
  readonly owner: number | undefined;
  /** Process ids by role, `main` among them, where it is a process of the rig's. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ports beside that of the address, by role. */
  readonly ports: Readonly<Record<string, number>>;
  /** Asks by the broker's protocol: its product and version, or an error that says why it is of no use. */
  probe(): Promise<string>;
  /** Whether its main process exists, frozen or not. */
  running(): Promise<boolean>;
  /** Starts it after `stop` or `kill9`, on the same port, with its data; returns when it answers by its protocol. */
  start(): Promise<string>;
  /** Orderly; returns when the port is closed. */
  stop(): Promise<void>;
  /** SIGKILL; returns when the port is closed. */
  kill9(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** `stop` and `start`; `data` is `keep` unless told otherwise. */
  restart(options?: { data?: 'keep' | 'empty' }): Promise<string>;
  /** Ends it, in whatever state it is, and removes its data. */
  remove(): Promise<void>;
  /** The broker's own administration program (rabbitmqctl, redis-cli, one of Kafka's tools): what it printed; throws with its words. */
  ctl(...args: string[]): Promise<string>;
  /** As `ctl`, with something to read from its standard input. */
  ctlWith(input: string, ...args: string[]): Promise<string>;
  /** The last lines the broker wrote to its console. */
  output(): string;
}

export interface VirtualHost {
  readonly name: string;
  readonly address: RabbitAddress;
  readonly environment: Readonly<Record<string, string>>;
  readonly yml: string;
  /** rabbitmqctl for this virtual host: `ctl('list_queues', 'name', 'messages')`. */
  ctl(command: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export interface RabbitBroker extends Broker<RabbitAddress> {
  /** A fresh virtual host in which the address's user may do everything; `name` is made when missing. */
  virtualHost(name?: string): Promise<VirtualHost>;
}

export type RedisBroker = Broker<RedisAddress>;

/** Kafka's tools, as its scripts are named without `kafka-` and `.sh`. */
export type KafkaTool =
  | 'topics'
  | 'configs'
  | 'consumer-groups'
  | 'get-offsets'
  | 'delete-records'
  | 'console-producer'
  | 'console-consumer'
  | 'verifiable-producer'
  | 'verifiable-consumer'
  | 'producer-perf-test'
  | 'consumer-perf-test';

export interface KafkaBroker extends Broker<KafkaAddress> {
  /**
   * One of Kafka's own tools; the address is given to it unless `--bootstrap-server` is another: `ctl('topics', '--create', '--topic', 't', '--partitions', '3')`.
   * What `producer-perf-test` is told first are further properties of its producer: `ctl('producer-perf-test', 'acks=all', '--topic', 't', …)`.
   */
  ctl(tool: KafkaTool, ...args: string[]): Promise<string>;
  ctlWith(input: string, tool: KafkaTool, ...args: string[]): Promise<string>;
  /** The command line of such a tool, for who runs it by himself. */
  command(tool: KafkaTool, ...args: string[]): Promise<{ program: string; args: string[] }>;
  /** The jars of the broker, its tools and Kafka's clients, for `java -cp`; got by Maven where they are not there yet. */
  classpath(): Promise<string>;
}

export interface Brokers {
  rabbit: RabbitBroker;
  redis: RedisBroker;
  kafka: KafkaBroker;
}

export type BrokerName = keyof Brokers;

/** A broker that cannot be had on this machine; the message says why, and how to get it. */
export class Unavailable extends Error {}

export interface StartOptions {
  /** Hears what takes long. */
  tell?: (line: string) => void;
}

export interface PrivateOptions extends StartOptions {
  /** Lines for rabbitmq.conf, redis.conf or server.properties; they need the system's packages. */
  config?: readonly string[];
}

export type KafkaVersion = '3.9' | '4.1';

/** What a broker is that the rig starts; one that is there already is taken as it is. */
export interface Kinds {
  rabbit: object;
  redis: {
    /** `requirepass`. */
    password?: string;
    /** PEM files for a listener with TLS beside that of the address, at `ports.tls`; it asks clients for a certificate of the authority. */
    tls?: { readonly certificate: string; readonly key: string; readonly authority: string };
    /** A node that can be joined to a cluster; see `redis-sets.mjs`. */
    cluster?: boolean;
    /** No store but a sentinel, of the master by this name at a loopback port. */
    sentinel?: { readonly name: string; readonly port: number };
  };
  kafka: {
    /** `3.9` unless told otherwise. */
    version?: KafkaVersion;
    /** The JVM compiles as it does in production; false, which starts sooner and is smaller, unless told otherwise. */
    load?: boolean;
    /**
     * Listeners beside that of the address: protocol by name; `ports` of the broker has theirs. What they need more is for
     * `config`, as `listener.name.<name in lower case>.…`. `advertised`: the port that clients are told to use, as one of a proxy.
     */
    listeners?: Readonly<
      Record<string, KafkaProtocol | { readonly protocol: KafkaProtocol; readonly advertised?: number }>
    >;
  };
}

export type KafkaProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export interface SharedOptions extends StartOptions {
  /** A broker that is found is used only when `ctl` works with it; false unless told otherwise. */
  administered?: boolean;
}

export const names: readonly BrokerName[];

/**
 * The shared broker: one that answers at the configured address, else the one the rig has running, else a new one that
 * stays until `down`.
 * @throws {Unavailable}
 */
export function broker<N extends BrokerName>(name: N, options?: SharedOptions & Kinds[N]): Promise<Brokers[N]>;

/**
 * A broker of the caller's own; `remove()` it. One whose caller died is removed by whoever starts the next.
 * @throws {Unavailable}
 */
export function startPrivate<N extends BrokerName>(name: N, options?: PrivateOptions & Kinds[N]): Promise<Brokers[N]>;

/** The shared broker if it can be used now; nothing is started. */
export function running<N extends BrokerName>(name: N): Promise<Brokers[N] | undefined>;

/** Every broker the rig has started and not removed. */
export function started(): Broker[];

/** Ends and removes every broker the rig started, or those of some names; those another living process owns only when told. */
export function down(only?: readonly BrokerName[], options?: { owned?: boolean }): Promise<Broker[]>;

/** A loopback port that nobody listens on, from below the range of outgoing connections. */
export function freePort(): Promise<number>;

/** Polls a condition until it is truthy, at most `ms` milliseconds, and returns what it gave. */
export function until<T>(condition: () => T | Promise<T>, ms: number, what?: string): Promise<T>;

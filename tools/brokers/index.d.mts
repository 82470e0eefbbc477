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
  /** The broker's own administration program (rabbitmqctl, redis-cli): what it printed; throws with its words. */
  ctl(...args: string[]): Promise<string>;
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

export interface Brokers {
  rabbit: RabbitBroker;
  redis: RedisBroker;
}

export type BrokerName = keyof Brokers;

/** A broker that cannot be had on this machine; the message says why, and how to get it. */
export class Unavailable extends Error {}

export interface StartOptions {
  /** Hears what takes long. */
  tell?: (line: string) => void;
}

export interface PrivateOptions extends StartOptions {
  /** Lines for rabbitmq.conf or redis.conf; they need the system's packages. */
  config?: readonly string[];
}

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
export function broker<N extends BrokerName>(name: N, options?: SharedOptions): Promise<Brokers[N]>;

/**
 * A broker of the caller's own; `remove()` it. One whose caller died is removed by whoever starts the next.
 * @throws {Unavailable}
 */
export function startPrivate<N extends BrokerName>(name: N, options?: PrivateOptions): Promise<Brokers[N]>;

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

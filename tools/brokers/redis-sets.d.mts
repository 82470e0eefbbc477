import type { RedisBroker } from './index.mjs';

export interface RedisCluster {
  /** Three masters; each may be killed, frozen and started again. */
  readonly nodes: readonly RedisBroker[];
  /** `host:port` of each, as `spring.data.redis.cluster.nodes` has them. */
  readonly members: readonly string[];
  remove(): Promise<void>;
}

export interface RedisSentinel {
  /** Of the master, as `spring.data.redis.sentinel.master` has it. */
  readonly name: string;
  /** The one that is master at the start. */
  readonly master: RedisBroker;
  readonly replica: RedisBroker;
  /** Makes the replica the master when the master has been away for 2 s. */
  readonly sentinel: RedisBroker;
  remove(): Promise<void>;
}

/** @throws {import('./index.mjs').Unavailable} */
export function startCluster(): Promise<RedisCluster>;

/** @throws {import('./index.mjs').Unavailable} */
export function startSentinel(): Promise<RedisSentinel>;

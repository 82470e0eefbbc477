/** What the processes of many machines have handled: one key in Redis for each message, claimed by `SET NX PX`. */
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { IdempotencyStore, StreambindError, type IdempotencyClaim } from '@streambind/core';

export interface RedisIdempotencyOptions {
  /** Default `localhost`. */
  readonly host?: string;
  /** Default 6379. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** The number of the database. Default 0. */
  readonly database?: number;
  /** true, or how to trust the server and to be trusted by it. Default: no TLS. */
  readonly tls?: boolean | ConnectionOptions;
  /** In front of each key. Default `streambind:handled:`. */
  readonly prefix?: string;
}

const COMPLETED = 'completed';
/** No token is taken for the word above. */
const claimOf = (token: string): string => `claim ${token}`;

const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('pexpire', KEYS[1], ARGV[2]) end`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/** What waits longer has failed, and its message is tried again later. */
const ANSWER_WITHIN_MS = 2000;

/**
 * An `IdempotencyStore` in Redis 2.6 or newer. It connects with the first claim and again by itself; while Redis is away,
 * messages wait. Redis has to keep what it is given: with an eviction policy of `allkeys-…`, or after a fail-over, it may
 * have forgotten a key, and its message is handled again.
 */
export class RedisIdempotencyStore extends IdempotencyStore {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #address: string;
  /** Why there is no connection. */
  #trouble: Error | undefined;

  constructor(options: RedisIdempotencyOptions = {}) {
    super();
    const { host = 'localhost', port = 6379, username, password, database, tls, prefix } = options;
    this.#prefix = prefix ?? 'streambind:handled:';
    this.#address = `${host}:${port}`;
    this.#redis = new Redis({
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(database === undefined ? {} : { db: database }),
      ...(tls === undefined || tls === false ? {} : { tls: tls === true ? {} : tls }),
      lazyConnect: true,
      connectTimeout: ANSWER_WITHIN_MS,
      commandTimeout: ANSWER_WITHIN_MS,
      maxRetriesPerRequest: 1,
    });
    this.#redis.on('error', (error: Error) => (this.#trouble = error));
    this.#redis.on('ready', () => (this.#trouble = undefined));
  }

  /** In one round trip: what the key holds after the `SET` tells whose it is, also where that was sent twice. */
  claim(key: string, token: string, leaseMs: number): Promise<IdempotencyClaim> {
    const own = claimOf(token);
    return this.#told(async () => {
      const [, held] = await Promise.all([
        this.#redis.set(this.#prefix + key, own, 'PX', leaseMs, 'NX'),
        this.#redis.get(this.#prefix + key),
      ]);
      return held === own ? 'claimed' : held === COMPLETED ? 'completed' : 'busy';
    });
  }

  async renew(key: string, token: string, leaseMs: number): Promise<void> {
    await this.#told(() => this.#redis.eval(RENEW, 1, this.#prefix + key, claimOf(token), leaseMs));
  }

  async complete(key: string, ttlMs: number): Promise<void> {
    await this.#told(() => this.#redis.set(this.#prefix + key, COMPLETED, 'PX', ttlMs));
  }

  async release(key: string, token: string): Promise<void> {
    await this.#told(() => this.#redis.eval(RELEASE, 1, this.#prefix + key, claimOf(token)));
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { message } = this.#trouble ?? (error as Error);
      throw new StreambindError(
        'BROKER_UNAVAILABLE',
        `Redis at ${this.#address} does not serve the idempotency store: ${message}`,
        {},
        error,
      );
    }
  }
}

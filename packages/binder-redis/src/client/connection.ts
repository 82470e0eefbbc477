/**
 * One connection, which lives once: it never connects again by itself, so that nothing is sent twice unseen and nothing
 * waits for a connection that may never come. Who supervises it makes the next one.
 */
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { asError, type StreambindError } from '@streambind/core/binder';
import { connectFailed, connectionLost, replyCode } from './errors.js';
import type { Login, Target } from './target.js';

export type Client = Redis | Cluster;

/**
 * Milliseconds between two tries to connect, at most: within a lease there is time for several, so that who was only cut off
 * is not taken for dead.
 */
export const MOST_BETWEEN_TRIES_MS = 2000;

export interface ConnectionOptions {
  /** As CLIENT LIST shows it. */
  readonly name: string;
  /**
   * Milliseconds for which a command blocks at most, on a connection that is for blocking reads. Default 0. When nothing
   * at all comes for so long and the target's timeout after a command, the connection is lost.
   */
  readonly blockMs?: number;
}

export class RedisConnection {
  /**
   * Commands that wait when it is lost fail with an outcome that nobody knows. Ask `lost` before each: what is given to a
   * lost one fails in the same way, and was never sent.
   */
  readonly client: Client;
  readonly target: Target;
  readonly #lost = new AbortController();
  /** What the socket said last. */
  #trouble: Error | undefined;

  private constructor(target: Target, options: ConnectionOptions) {
    this.target = target;
    this.client = target.kind === 'cluster' ? clusterOf(target, options) : redisOf(target, options);
    this.client.on('error', (error: Error) => (this.#trouble = error));
    this.client.once('end', () => this.#end(connectionLost(this.#trouble, target)));
  }

  /**
   * Resolves when Redis answers: logged in, its data loaded, the database selected.
   * @throws BROKER_UNAVAILABLE, AUTH, BINDER_FAILED; what the signal says
   */
  static async open(target: Target, options: ConnectionOptions, signal?: AbortSignal): Promise<RedisConnection> {
    signal?.throwIfAborted();
    const connection = new RedisConnection(target, options);
    const cancel = (): void => connection.close();
    signal?.addEventListener('abort', cancel, { once: true });
    const timer = setTimeout(() => {
      connection.#trouble ??= new Error(`no answer within ${target.connectTimeout} ms`);
      connection.close();
    }, target.connectTimeout);
    try {
      await connection.client.connect();
      // a SELECT that was refused is an event for ioredis, which goes on with database 0
      if (replyCode(connection.#trouble) !== undefined) throw connection.#trouble!;
      return connection;
    } catch (error) {
      connection.close();
      signal?.throwIfAborted();
      throw connectFailed(connection.#trouble ?? error, target);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Fires when it is gone, `close` included; the reason is a BROKER_UNAVAILABLE. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives it up although it may still work: what waits for an answer fails. */
  fail(error: unknown): void {
    this.#trouble ??= asError(error);
    this.close();
  }

  /** At once; a command that blocks does not hold it up. Idempotent. */
  close(): void {
    if (this.#lost.signal.aborted) return;
    this.client.disconnect(false);
    this.#end(connectionLost(this.#trouble, this.target));
  }

  #end(reason: StreambindError): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(reason);
  }
}

/** Milliseconds in which a server may close its side, before ours is torn down. */
const GOODBYE_MS = 100;

const LOADING_MS = 200;

const never = (): null => null;

const login = ({ username, password }: Login): Login => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
});

function common(target: Target, { name, blockMs = 0 }: ConnectionOptions): RedisOptions {
  return {
    ...login(target),
    ...(target.tls ? { tls: target.tls } : {}),
    connectionName: name,
    connectTimeout: target.connectTimeout,
    disconnectTimeout: GOODBYE_MS,
    socketTimeout: target.timeout + blockMs,
    // replies have one shape on every server
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // how often a server that loads its data is asked; a timer that outlives the connection
    maxLoadingRetryTime: LOADING_MS,
  };
}

function redisOf(target: Target, options: ConnectionOptions): Redis {
  const { database, nodes, master, sentinelLogin = {}, tls } = target;
  const base: RedisOptions = { ...common(target, options), db: database, retryStrategy: never };
  if (target.kind === 'standalone') return new Redis({ ...base, ...nodes[0]! });
  const { username, password } = sentinelLogin;
  return new Redis({
    ...base,
    sentinels: nodes.map((node) => ({ ...node })),
    name: master!,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
    sentinelRetryStrategy: never,
  });
}

function clusterOf(target: Target, options: ConnectionOptions): Cluster {
  const settings: ClusterOptions = {
    lazyConnect: true,
    // of a node to which a connection is only just made; when that fails, it fails
    enableOfflineQueue: true,
    maxRedirections: target.maxRedirects,
    clusterRetryStrategy: never,
    // a command whose node went away may have been executed there
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: target.connectTimeout,
    redisOptions: common(target, options),
    // certificates are made out to names, which a lookup would replace by addresses
    ...(target.tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
  };
  return new Cluster(
    target.nodes.map((node) => ({ ...node })),
    settings,
  );
}

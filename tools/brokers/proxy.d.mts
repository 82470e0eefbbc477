/** Towards the broker, towards the client, or both; both when it is not said. */
export type Direction = 'toBroker' | 'toClient' | 'both';

export interface Directed {
  direction?: Direction;
}

/** A TCP proxy with faults, for open and for new connections, until `restore()`. */
export interface Proxy {
  readonly host: string;
  /** A free loopback port; the same for the proxy's whole life. */
  readonly port: number;
  /** How many connections clients have opened so far. */
  readonly accepted: number;
  /** How many connections are open now. */
  readonly connections: number;
  /** Closes every connection and refuses new ones. */
  down(): Promise<void>;
  /** Delays what passes by `ms` milliseconds, give or take up to `jitter`; the order is kept. */
  latency(ms: number, options?: Directed & { jitter?: number }): void;
  /** Lets `bytes` a second pass, on each connection. */
  bandwidth(bytes: number, options?: Directed): void;
  /** Nothing passes and no end is told; what is held arrives after `restore()`. */
  blackHole(options?: Directed): void;
  /** Passes everything in segments of `min` to `max` bytes. */
  slice(min: number, max: number, options?: Directed): void;
  /** Lets exactly `bytes` more bytes pass on each connection, then closes it. */
  limit(bytes: number, options?: Directed): void;
  /** New connections wait as in a full backlog; open ones go on. */
  pauseAccept(): void;
  /** RST on the open connections: `toClient` for the client only, and the broker hears nothing. */
  reset(options?: Directed): void;
  /** FIN on the open connections in one direction; the other direction goes on. */
  halfClose(options?: Directed): void;
  /** Ends every fault and listens again. */
  restore(): Promise<void>;
  /** Ends the proxy and its connections. */
  close(): Promise<void>;
}

/**
 * A proxy in front of a broker; `host` is 127.0.0.1 when it is not said. `at.port` is for a broker that was told before where
 * its clients find it, as Kafka is by `listeners`; a free one when it is not said.
 */
export function proxy(target: { host?: string; port: number }, at?: { port?: number }): Promise<Proxy>;

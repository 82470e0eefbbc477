import type { BrokerName, Brokers, Kinds } from './index.mjs';

export interface WithBrokerOptions {
  /** A broker of this block alone, for tests that hurt it; it is removed after the last test. False unless told otherwise. */
  own?: boolean;
  /** Lines for the own broker's rabbitmq.conf, redis.conf or server.properties. */
  config?: readonly string[];
}

/**
 * `describe` with a real broker, to be awaited at the top of a test file. Where the broker cannot be had the block is one
 * skipped test that says why; where `CI` is set, the file fails. Tests and hooks of the file may take 30 seconds, if they do not
 * say otherwise.
 */
export function describeWithBroker<N extends BrokerName>(
  name: N,
  title: string,
  define: (broker: Brokers[N]) => void,
  options?: WithBrokerOptions & Kinds[N],
): Promise<void>;

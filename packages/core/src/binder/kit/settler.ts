import type { Delivery } from '../spi.js';

/**
 * What a binder can do with one delivery on its broker. The kit calls at most one of `ack`, `deadLetter` (until it is
 * confirmed) and `requeue` for a delivery, always with the very object that was offered, and nothing for one that is lost.
 * What throws or rejects goes to `ConsumerSink.fault`; apart from dead letters it is not tried again: a broker delivers
 * again what was never settled.
 */
export interface Settler<D extends Delivery = Delivery> {
  /** Returning nothing is cheapest; a promise keeps the delivery's place of `prefetch` until it settles. */
  ack(delivery: D): void | Promise<void>;
  /** Resolves once the dead letter is confirmed and the delivery is acknowledged. A refused one is tried again. */
  deadLetter(delivery: D, reason: Error): Promise<void>;
  /**
   * Gives it back. `delayMs` is 0, or a delay that the capabilities say the broker can keep. `failure`: a handler's
   * failure that the broker has not been told of yet. Absent: what stays unsettled is given back by closing the
   * connection.
   */
  requeue?(delivery: D, delayMs: number, failure?: Error): void | Promise<void>;
  /** A handler failed, and the kit keeps the delivery for the next attempt: the place to write the failure down. */
  failed?(delivery: D, failure: Error): void;
  /** Keeps slow deliveries ours; called every third of the lease with all that are not settled. */
  renew?(deliveries: readonly D[]): void | Promise<void>;
}

/**
 * - `claimed`: the key is the caller's, who now handles the message.
 * - `busy`: another has claimed it and has not finished, or died a moment ago.
 * - `completed`: a message of this key has been handled.
 */
export type IdempotencyClaim = 'claimed' | 'busy' | 'completed';

/**
 * Where `@IdempotentReceiver` remembers what was handled: extend it in a component, or make one in a `@Bean` method. All
 * consumers that shall not repeat each other's work use one store. Methods may be synchronous; what they throw or reject
 * with loses no message: a claim is tried again later, and a key that could not be completed or released runs out.
 */
export abstract class IdempotencyStore {
  /**
   * Claims a key that nobody has, or whose claim or memory has run out. Has to be atomic among all processes.
   * @param token the claim's own name, never used for another
   * @param leaseMs the claim runs out after so long, unless it is renewed
   */
  abstract claim(key: string, token: string, leaseMs: number): IdempotencyClaim | Promise<IdempotencyClaim>;

  /** The claim runs out in `leaseMs` from now. Does nothing when the key is not held by this token. */
  abstract renew(key: string, token: string, leaseMs: number): void | Promise<void>;

  /** The message was handled: for `ttlMs` the key is `completed`, whoever holds it. */
  abstract complete(key: string, ttlMs: number): void | Promise<void>;

  /** Gives the claim up. Does nothing when the key is not held by this token. */
  abstract release(key: string, token: string): void | Promise<void>;
}

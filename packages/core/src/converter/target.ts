import type { StandardSchemaV1 } from './standard-schema.js';

/** What a handler wants its payload to be. */
export interface PayloadTarget {
  readonly kind: 'unknown' | 'string' | 'number' | 'boolean' | 'bytes' | 'class';
  /** For `class`: made with `new` and no arguments, then given the own keys of the JSON object. */
  readonly type?: new (...args: never[]) => object;
  /** Validates what was read; its output is what the handler gets. */
  readonly schema?: StandardSchemaV1;
}

/**
 * Reads one body; null is a tombstone and stays null. A promise only where the target's schema validates asynchronously.
 * @throws CONVERSION, PAYLOAD_INVALID
 */
export type PayloadReader = (bytes: Uint8Array | null) => unknown;

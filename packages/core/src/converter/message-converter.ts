import type { MediaType } from './media-type.js';
import type { PayloadTarget } from './target.js';

/**
 * A format of the application's own: extend it in a component. Converters are asked before the built-in ones, in the
 * order in which they were registered. They work synchronously; what they throw fails the message without retry.
 *
 * @example
 * ```ts
 * @Component()
 * class CsvConverter extends MessageConverter {
 *   supports(mime: MediaType) { return mime.subtype === 'csv'; }
 *   fromBytes(bytes: Uint8Array) { return new TextDecoder().decode(bytes).split('\n').map((line) => line.split(',')); }
 *   toBytes(payload: unknown) { return Array.isArray(payload) ? Buffer.from(payload.join('\n')) : undefined; }
 * }
 * ```
 */
export abstract class MessageConverter {
  /** Asked once for each content type. */
  abstract supports(mime: MediaType): boolean;

  /**
   * @param bytes never null: a tombstone is not converted
   * @returns the payload; undefined leaves it to the next converter
   */
  abstract fromBytes(bytes: Uint8Array, target: PayloadTarget, mime: MediaType): unknown;

  /**
   * @param payload never null, undefined or a Uint8Array: those are not converted
   * @returns the body; undefined leaves it to the next converter
   */
  abstract toBytes(payload: unknown, mime: MediaType): Uint8Array | undefined;
}

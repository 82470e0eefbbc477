/** What the compiler wrote about types, and what of it says anything. */
import type { ListenerDescription } from './descriptions.js';
import type { Class } from './record.js';

/** What a compiler writes where it knows nothing; Node's own MessageChannel is what `import type` of ours turns into. */
const SAYS_NOTHING: ReadonlySet<unknown> = new Set([
  Object,
  Function,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Array,
  Promise,
  globalThis.MessageChannel,
]);

/** A class that something can be looked up by, or undefined. */
export const usableType = (designType: unknown): Class | undefined =>
  typeof designType === 'function' && !SAYS_NOTHING.has(designType) ? (designType as Class) : undefined;

/** What cannot be the type of a channel's field, however little else the compiler knew. */
const NO_CHANNEL: ReadonlySet<unknown> = new Set([String, Number, Boolean, Symbol, BigInt, Array, Promise]);

/** The declared class of a channel's field: also one that is plainly none. */
export const channelType = (designType: unknown): Class | undefined =>
  NO_CHANNEL.has(designType) ? (designType as Class) : usableType(designType);

/** `void` is written as undefined, an interface as Object, an async method as Promise, whatever that resolves to. */
export function returnsOf(type: Class, method: string): ListenerDescription['returns'] {
  const prototype = type.prototype as object;
  if (!Reflect.hasMetadata('design:returntype', prototype, method)) return 'unknown';
  const returned: unknown = Reflect.getMetadata('design:returntype', prototype, method);
  if (returned === undefined) return 'nothing';
  return returned === Object || returned === Promise ? 'unknown' : 'value';
}

/** As many as the method declares, even where the compiler wrote nothing. */
export function parameterTypes(type: Class, method: string): readonly unknown[] {
  const prototype = type.prototype as Record<string, unknown>;
  const written = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  const declared = typeof prototype[method] === 'function' ? prototype[method].length : 0;
  return written ?? Array.from({ length: declared }, () => undefined);
}

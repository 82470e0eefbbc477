import { StreambindError, asError, isStreambindError } from '../errors/index.js';
import { encoderOf } from './charset.js';
import { writeJson } from './json.js';
import { parseMediaType, type MediaType } from './media-type.js';
import type { MessageConverter } from './message-converter.js';
import { builtInReader, type Read } from './readers.js';
import type { PayloadReader, PayloadTarget } from './target.js';
import { instantiate, validate } from './validation.js';

export interface Encoded {
  /** null for a tombstone. */
  readonly bytes: Uint8Array | null;
  /** What the message has to say its content type is; not always what was asked for. */
  readonly contentType: string;
}

interface Format {
  readonly mime: MediaType;
  readonly custom: readonly MessageConverter[];
}

/** Content types come from outside: more than these many at a time are forgotten, the oldest first. */
const MAX_TYPES = 100;

/** Payloads to bodies and back, by content type. Stateless but for its caches. */
export class Converters {
  readonly #custom: readonly MessageConverter[];
  readonly #formats = new Map<string, Format>();
  /** Targets without class and schema are the same wherever they are written. */
  readonly #byKind = new Map<string, Map<string, PayloadReader>>();
  readonly #byTarget = new WeakMap<PayloadTarget, Map<string, PayloadReader>>();

  /** @param custom asked before the built-in ones, in this order */
  constructor(custom: readonly MessageConverter[] = []) {
    this.#custom = custom;
  }

  /**
   * The body of a payload. JSON for JSON types, but a string is sent as it is and not quoted; `String(payload)` in the
   * content type's charset for `text/…`; bytes as they are under any type; null is a tombstone.
   * @param explicit the message itself names the content type. A string under a type that is neither JSON nor text then
   *   leaves as `text/plain`, as in Spring; under such a type of the binding it is refused
   * @throws CONVERSION
   */
  encode(payload: unknown, contentType: string, explicit = false): Encoded {
    if (payload === null || payload instanceof Uint8Array) return { bytes: payload, contentType };
    if (payload === undefined) {
      throw new StreambindError('CONVERSION', 'The payload is undefined', { fix: 'Send null for a tombstone.' });
    }
    const { mime, custom } = this.#format(contentType);
    for (const converter of custom) {
      const bytes = guarded(converter, () => converter.toBytes(payload, mime));
      if (bytes !== undefined) return { bytes, contentType };
    }
    if (mime.json) {
      const text = typeof payload === 'string' ? payload : writeJson(payload);
      return { bytes: encoderOf(mime.charset)(text), contentType };
    }
    if (mime.plain) return { bytes: encoderOf(mime.charset)(textOf(payload)), contentType };
    if (explicit && typeof payload === 'string') return { bytes: Buffer.from(payload), contentType: 'text/plain' };
    throw new StreambindError('CONVERSION', `A ${nameOf(payload)} cannot be sent as ${contentType}`, {
      allowed: 'bytes under any type; other payloads under JSON and text types',
      fix: `Send a Buffer, change the content type, or add a MessageConverter component for ${contentType}.`,
    });
  }

  /**
   * How bodies of a content type become what the target wants; made once and remembered.
   * @throws CONVERSION the content type or its charset cannot be read
   */
  reader(contentType: string, target: PayloadTarget): PayloadReader {
    const readers = this.#readersOf(target);
    const known = readers.get(contentType);
    return known ?? remember(readers, contentType, this.#makeReader(contentType, target));
  }

  #readersOf(target: PayloadTarget): Map<string, PayloadReader> {
    const simple = target.type === undefined && target.schema === undefined;
    let readers = simple ? this.#byKind.get(target.kind) : this.#byTarget.get(target);
    if (!readers) {
      readers = new Map();
      if (simple) this.#byKind.set(target.kind, readers);
      else this.#byTarget.set(target, readers);
    }
    return readers;
  }

  #makeReader(contentType: string, target: PayloadTarget): PayloadReader {
    const { mime, custom } = this.#format(contentType);
    const builtIn = builtInReader(mime, target);
    const read = custom.length > 0 ? customFirst(custom, mime, target, builtIn) : builtIn;
    const { schema } = target;
    if (!schema) return (bytes) => (bytes === null ? null : read(bytes));
    return (bytes) => {
      if (bytes === null) return null;
      const valid = validate(schema, read(bytes));
      return valid instanceof Promise ? valid.then((value) => ofClass(target, value)) : ofClass(target, valid);
    };
  }

  #format(contentType: string): Format {
    const known = this.#formats.get(contentType);
    if (known) return known;
    const mime = parseMediaType(contentType);
    const custom = this.#custom.filter((converter) => guarded(converter, () => converter.supports(mime)));
    return remember(this.#formats, contentType, { mime, custom });
  }
}

const customFirst =
  (custom: readonly MessageConverter[], mime: MediaType, target: PayloadTarget, builtIn: Read): Read =>
  (bytes) => {
    for (const converter of custom) {
      const payload = guarded(converter, () => converter.fromBytes(bytes, target, mime));
      if (payload !== undefined) return payload;
    }
    return builtIn(bytes);
  };

function guarded<T>(converter: MessageConverter, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (isStreambindError(thrown)) throw thrown;
    const error = asError(thrown);
    throw new StreambindError('CONVERSION', `${converter.constructor.name} failed: ${error.message}`, {}, error);
  }
}

/** Most schemas give a plain object back; a handler that asked for a class gets the class. */
function ofClass({ kind, type }: PayloadTarget, value: unknown): unknown {
  return kind === 'class' && type && !(value instanceof type) ? instantiate(type, value) : value;
}

function remember<T>(cache: Map<string, T>, key: string, value: T): T {
  if (cache.size >= MAX_TYPES) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
  return value;
}

/** `String(payload)`, but never `[object Object]`: that would lose the payload without a word. */
function textOf(payload: unknown): string {
  if (typeof payload === 'string') return payload;
  try {
    const text = String(payload);
    const lost = typeof payload === 'object' && /\[object \w+\]/.test(text);
    if (!lost && typeof payload !== 'function' && typeof payload !== 'symbol') return text;
  } catch {
    // an object without toString, or one whose toString throws, has no text either
  }
  throw new StreambindError('CONVERSION', `A ${nameOf(payload)} has no text to be sent as`, {
    fix: 'Send a string, give the class a toString(), or use application/json.',
  });
}

function nameOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) return typeof payload;
  const name: unknown = (payload as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== 'Object' ? name : 'plain object';
}

/**
 * Headers within the value, for brokers and clients without record headers: 0xff, how many there are (a byte), then for
 * each its name behind its length (a byte) and its JSON behind its length (32 bits), and the payload. Spring:
 * `EmbeddedHeaderUtils`.
 */
import { StreambindError, type HeaderValue } from '@streambind/core/binder';
import { jsonOf } from './json.js';

/** Embedded wherever they are set, before those that the binder is told. Spring: `BinderHeaders.STANDARD_HEADERS`. */
const STANDARD = ['correlationId', 'sequenceSize', 'sequenceNumber', 'contentType'];

const MARK = 0xff;
const MOST = 255;

export interface Embedded {
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly payload: Buffer;
}

/**
 * @param more names that are embedded beside the standard ones
 * @throws CONVERSION more than 255 of them, a name of more than 255 bytes
 */
export function embedHeaders(
  headers: Readonly<Record<string, HeaderValue>>,
  payload: Uint8Array,
  more: readonly string[],
): Buffer {
  const parts: Uint8Array[] = [];
  let count = 0;
  for (const name of new Set([...STANDARD, ...more])) {
    const value = headers[name];
    if (value === undefined || value === null) continue;
    const nameBytes = Buffer.from(name);
    const json = Buffer.from(jsonOf(value));
    if (++count > MOST || nameBytes.length > MOST) {
      throw new StreambindError('CONVERSION', `The header "${name}" cannot be embedded.`, {
        given: count > MOST ? `${count} headers` : `a name of ${nameBytes.length} bytes`,
        allowed: `${MOST} headers with names of ${MOST} bytes`,
      });
    }
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(json.length);
    parts.push(Buffer.of(nameBytes.length), nameBytes, length, json);
  }
  return Buffer.concat([Buffer.of(MARK, count), ...parts, payload]);
}

/** @returns undefined where nothing is embedded, or what looks so is not */
export function readEmbedded(value: Buffer): Embedded | undefined {
  if (value.length < 2 || value[0] !== MARK) return undefined;
  const headers: Record<string, HeaderValue> = {};
  let at = 2;
  try {
    for (let left = value[1]!; left > 0; left--) {
      const nameAt = at + 1;
      const lengthAt = nameAt + value.readUInt8(at);
      const jsonAt = lengthAt + 4;
      const end = jsonAt + value.readUInt32BE(lengthAt);
      if (end > value.length) return undefined;
      const name = value.toString('utf8', nameAt, lengthAt);
      headers[name] = JSON.parse(value.toString('utf8', jsonAt, end)) as HeaderValue;
      at = end;
    }
  } catch {
    return undefined;
  }
  return { headers, payload: value.subarray(at) };
}

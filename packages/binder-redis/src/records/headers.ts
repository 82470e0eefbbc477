/**
 * Headers as one field of JSON. A person with redis-cli reads and writes them as they are; only what JSON cannot say is
 * tagged: `{"$bigint":"12"}` `{"$date":"2026-01-31T00:00:00.000Z"}` `{"$bytes":"AQI="}` `{"$number":"NaN"}`. Inside a
 * value, a user's own key that begins with `$` is written with one `$` more, so that it is never taken for a tag.
 */
import { StreambindError, type HeaderValue } from '@streambind/core/binder';

export type Headers = Record<string, HeaderValue>;

const MAYBE_TAGGED = /"\$/;

/**
 * Without `contentType`, which has a field of its own, and what the filter does not let pass; `id` and `timestamp` always
 * do.
 * @returns undefined where there are none
 */
export function encodeHeaders(
  headers: Readonly<Headers>,
  passes: ((name: string) => boolean) | undefined,
): string | undefined {
  const sent: Record<string, unknown> = {};
  let count = 0;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || (name === 'contentType' && typeof value === 'string')) continue;
    if (passes && name !== 'id' && name !== 'timestamp' && !passes(name)) continue;
    const encoded = typeof value === 'string' ? value : encode(value);
    if (name === '__proto__') Object.defineProperty(sent, name, { value: encoded, enumerable: true });
    else sent[name] = encoded;
    count++;
  }
  return count === 0 ? undefined : JSON.stringify(sent);
}

/** @throws CONVERSION it is no JSON object, or a tag holds what it cannot hold */
export function decodeHeaders(text: string): Headers {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new StreambindError('CONVERSION', 'The field "headers" is not JSON.', { given: shown(text) }, error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new StreambindError('CONVERSION', 'The field "headers" is not a JSON object.', {
      given: shown(text),
      allowed: '{"name": value, …}',
    });
  }
  if (!MAYBE_TAGGED.test(text)) return parsed as Headers;
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, decode(name, value)]));
}

const LONGEST_SHOWN = 200;

/** For errors. */
export const shown = (text: string): string =>
  text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : text;

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function encode(value: HeaderValue): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) };
    case 'number':
      return isPlain(value) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (Array.isArray(value)) return value.map(encode);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.startsWith('$') ? `$${key}` : key, encode(each as HeaderValue)]),
  );
}

/** @param header whose value it is a part of, for errors */
function decode(header: string, value: unknown): HeaderValue {
  if (typeof value !== 'object' || value === null) return value as HeaderValue;
  if (Array.isArray(value)) return value.map((each) => decode(header, each));
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first && first[0].startsWith('$') && !first[0].startsWith('$$')) {
    return untag(header, first[0], first[1]);
  }
  return Object.fromEntries(
    entries.map(([key, each]) => [key.startsWith('$$') ? key.slice(1) : key, decode(header, each)]),
  );
}

const INTEGER = /^-?\d+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function untag(header: string, tag: string, value: unknown): HeaderValue {
  switch (tag) {
    case '$bigint':
      if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value);
      throw badTag(header, tag, value, '{"$bigint":"-12"}');
    case '$number':
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity' || value === '-0') return Number(value);
      throw badTag(header, tag, value, '{"$number":"NaN"}, "Infinity", "-Infinity" or "-0"; others as they are');
    case '$date': {
      if (value === null) return new Date(Number.NaN);
      const date = typeof value === 'string' ? new Date(value) : undefined;
      if (date && !Number.isNaN(date.getTime())) return date;
      throw badTag(header, tag, value, '{"$date":"2026-01-31T00:00:00.000Z"}');
    }
    case '$bytes':
      if (typeof value === 'string' && BASE64.test(value)) return new Uint8Array(Buffer.from(value, 'base64'));
      throw badTag(header, tag, value, '{"$bytes":"AQI="}, in base64');
    default:
      return { [tag]: decode(header, value) };
  }
}

const badTag = (header: string, tag: string, value: unknown, allowed: string): StreambindError =>
  new StreambindError('CONVERSION', `The header "${header}" in the field "headers" cannot be read.`, {
    given: shown(JSON.stringify({ [tag]: value })),
    allowed,
  });

/**
 * Headers as text. A person reading the log with a SQL tool sees plain JSON; only what JSON cannot say is tagged:
 * `{"$bigint":"12"}` `{"$date":"2026-01-31T00:00:00.000Z"}` `{"$bytes":"AQI="}` `{"$number":"NaN"}`. Inside a value, a
 * user's own key that begins with `$` is written with one `$` more, so that it can never be taken for a tag.
 */
import type { HeaderValue } from '@streambind/core/binder';

export type Headers = Readonly<Record<string, HeaderValue>>;

const TAG = /"\$/;

export function encodeHeaders(headers: Headers): string {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) continue;
    if (typeof value === 'number' && isPlain(value)) continue;
    return JSON.stringify(Object.fromEntries(Object.entries(headers).map(([key, each]) => [key, encode(each)])));
  }
  return JSON.stringify(headers);
}

/** @throws SyntaxError when a foreign hand wrote something else than a JSON object. */
export function decodeHeaders(text: string): Headers {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  if (!TAG.test(text)) return parsed as Headers;
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, decode(value)]));
}

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

function decode(value: unknown): HeaderValue {
  if (typeof value !== 'object' || value === null) return value as HeaderValue;
  if (Array.isArray(value)) return value.map(decode);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first && first[0].startsWith('$') && !first[0].startsWith('$$')) {
    return untag(first[0], first[1]);
  }
  // fromEntries defines its keys, so that `__proto__` stays a key like any other
  return Object.fromEntries(entries.map(([key, each]) => [key.startsWith('$$') ? key.slice(1) : key, decode(each)]));
}

function untag(tag: string, value: unknown): HeaderValue {
  switch (tag) {
    case '$bigint':
      return BigInt(value as string);
    case '$number':
      return Number(value as string);
    case '$date':
      return new Date(value === null ? Number.NaN : (value as string));
    case '$bytes':
      return new Uint8Array(Buffer.from(value as string, 'base64'));
    default:
      return { [tag]: decode(value) };
  }
}

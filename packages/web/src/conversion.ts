/** Texts of a request to what a parameter is declared as, by the class that the compiler wrote for it. */
import { instantiate, isStreambindError, usableType } from '@streambind/core/internal';
import { badRequest, ResponseStatusException } from './status.js';

/** @param what the value is, for the reason of a 400 */
export type Convert = (text: string, what: string) => unknown;

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const TRUE = new Set(['true', 'on', 'yes', '1']);
const FALSE = new Set(['false', 'off', 'no', '0']);

/** Undefined for a class that no text can become. What a compiler does not know is the text itself. */
export function converterTo(type: unknown): Convert | undefined {
  switch (type) {
    case Number:
      return toNumber;
    case BigInt:
      return toBigInt;
    case Boolean:
      return toBoolean;
    case undefined:
    case String:
    case Object:
    case Function:
      return (text) => text;
    default:
      return undefined;
  }
}

function toNumber(text: string, what: string): number {
  const trimmed = text.trim();
  const value = Number(trimmed);
  if (!DECIMAL.test(trimmed) || !Number.isFinite(value)) throw badRequest(`${what} is not a number`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(trimmed)) {
    throw badRequest(`${what} is an integer too large to be exact`);
  }
  return value;
}

function toBigInt(text: string, what: string): bigint {
  if (!/^-?\d+$/.test(text.trim())) throw badRequest(`${what} is not an integer`);
  return BigInt(text.trim());
}

function toBoolean(text: string, what: string): boolean {
  const word = text.trim().toLowerCase();
  if (!TRUE.has(word) && !FALSE.has(word)) throw badRequest(`${what} is neither true nor false`);
  return TRUE.has(word);
}

/** A body to what `@RequestBody` is declared as. */
export type ReadBody = (body: Uint8Array, contentType: string) => unknown;

export function bodyReader(type: unknown): ReadBody {
  if (type === String) return text;
  if (type === Uint8Array) return (body) => body;
  if (type === Buffer) return (body) => Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const made = usableType(type) as (new () => object) | undefined;
  return (body, contentType) => {
    const value = json(body, contentType);
    if (type === Number || type === Boolean) {
      if (typeof value !== (type === Number ? 'number' : 'boolean')) throw badRequest('The body is of another type');
      return value;
    }
    if (type === Array && !Array.isArray(value)) throw badRequest('The body is not a JSON array');
    return made === undefined ? value : instance(made, value);
  };
}

function json(body: Uint8Array, contentType: string): unknown {
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (media !== 'application/json' && !media.endsWith('+json')) {
    throw new ResponseStatusException(415, 'The body is not JSON');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch (cause) {
    throw badRequest('The body cannot be parsed as JSON', cause);
  }
}

/** As core makes the payload of a message, so that one class is the same in both. */
function instance(type: new () => object, value: unknown): object {
  try {
    return instantiate(type, value);
  } catch (error) {
    throw isStreambindError(error, 'PAYLOAD_INVALID') ? badRequest(error.message, error) : error;
  }
}

function text(body: Uint8Array, contentType: string): string {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch (cause) {
    throw new ResponseStatusException(415, 'The charset of the body is not known', { cause });
  }
}

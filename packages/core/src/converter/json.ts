import { StreambindError } from '../errors/index.js';
import { jsonErrorAt } from './json-position.js';

const NEAR = 20;

/** @throws CONVERSION with `line`, `column` (both from 1) and `near`, the text around it */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown;
  } catch (cause) {
    // a byte order mark counts as no character: it is dropped here as it was above
    const json = text.replace(/^\uFEFF/, '');
    const at = jsonErrorAt(json);
    throw notJson(json, at, at >= json.length ? 'it ends too early' : `unexpected ${JSON.stringify(json[at])}`, cause);
  }
}

/** What is wrong with a JSON text, and where. */
export function notJson(text: string, at: number, what: string, cause?: unknown): StreambindError {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const near = text.slice(Math.max(0, at - NEAR), at + NEAR);
  return new StreambindError(
    'CONVERSION',
    `The payload is not JSON: ${what} at line ${line}, column ${column}, near ${JSON.stringify(near)}`,
    { line, column, near },
    cause,
  );
}

/**
 * JSON as Spring writes it: dates in ISO-8601, nulls included. `Map` and `Set` as the payload itself are an object and an
 * array.
 * @throws CONVERSION a bigint (`details.path` says where), a payload that contains itself, a function
 */
export function writeJson(payload: unknown): string {
  const value = payload instanceof Map ? fromEntries(payload) : payload instanceof Set ? [...payload] : payload;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const path = pathOfBigint(value, '$', new Set());
    if (path !== undefined) {
      throw new StreambindError('CONVERSION', `JSON cannot hold the bigint at ${path}`, {
        path,
        fix: 'Send it as a string, or as a number where it is exact.',
      });
    }
    throw new StreambindError('CONVERSION', `The payload cannot be written as JSON: ${reason(cause)}`, {}, cause);
  }
  if (text !== undefined) return text;
  throw new StreambindError('CONVERSION', `A ${typeof payload} cannot be written as JSON`);
}

const fromEntries = (map: Map<unknown, unknown>): object =>
  Object.fromEntries([...map].map(([key, value]) => [String(key), value]));

const reason = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!.trim();

function pathOfBigint(value: unknown, path: string, seen: Set<object>): string | undefined {
  if (typeof value === 'bigint') return path;
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  for (const [key, item] of Object.entries(value)) {
    const found = pathOfBigint(item, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Java's view of JavaScript values: what kind they are, when they are equal, their order, their text, their hash. */
import { Failure } from './failure.js';

export type Kind = 'null' | 'string' | 'number' | 'boolean' | 'list' | 'map' | 'bytes' | 'date' | 'object' | 'function';

/** Plain objects are maps, as are `Map`s and records without `Object.prototype` (headers); the rest are objects. */
export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'null';
  const type = typeof value;
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'function':
      return type;
    case 'bigint':
      return 'number';
    default:
      if (Array.isArray(value)) return 'list';
      if (value instanceof Map || isPlain(value as object) || isRecord(value as object)) return 'map';
      if (value instanceof Uint8Array) return 'bytes';
      return value instanceof Date ? 'date' : 'object';
  }
}

export const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

function isRecord(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || (prototype !== Object.prototype && Object.getPrototypeOf(prototype) === null);
}

export const entriesOf = (map: object): [unknown, unknown][] =>
  map instanceof Map ? [...(map as Map<unknown, unknown>)] : Object.entries(map);

/** The value of a key that the map itself has; null for others. */
export function entryOf(map: object, key: unknown): unknown {
  if (map instanceof Map) return (map as Map<unknown, unknown>).get(key) ?? null;
  const name = String(key);
  return Object.hasOwn(map, name) ? ((map as Record<string, unknown>)[name] ?? null) : null;
}

export const hasKey = (map: object, key: unknown): boolean =>
  map instanceof Map ? map.has(key) : Object.hasOwn(map, String(key));

/** Equal by value: 1 and 1L, lists and maps by what they hold, dates by time. A string is never equal to a number. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === 'string' || typeof right === 'string') return false;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return false;
  switch (kind) {
    case 'null':
      return true;
    case 'number':
      return (left as number) >= (right as number) && (left as number) <= (right as number);
    case 'date':
      return (left as Date).getTime() === (right as Date).getTime();
    case 'bytes':
      return Buffer.compare(left as Uint8Array, right as Uint8Array) === 0;
    case 'list': {
      const other = right as unknown[];
      return (
        (left as unknown[]).length === other.length && (left as unknown[]).every((item, i) => equal(item, other[i]))
      );
    }
    case 'map': {
      const entries = entriesOf(left as object);
      return (
        entries.length === entriesOf(right as object).length &&
        entries.every(([key, value]) => hasKey(right as object, key) && equal(value, entryOf(right as object, key)))
      );
    }
    default:
      return false;
  }
}

/** Negative, 0 or positive. null comes before everything. Kinds that have no common order fail. */
export function compare(left: unknown, right: unknown, at: number): number {
  const kind = kindOf(left);
  const other = kindOf(right);
  if (kind === 'null' || other === 'null') return Number(other === 'null') - Number(kind === 'null');
  if (kind !== other || !['number', 'string', 'boolean', 'date'].includes(kind)) {
    throw new Failure(`${nameOf(left)} cannot be compared with ${nameOf(right)}`, at);
  }
  return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0;
}

/** What Java's `toString()` gives: `[a, b]`, `{a=1}`, a class's own `toString()`. Dates are ISO-8601. */
export function textOf(value: unknown, at: number): string {
  switch (kindOf(value)) {
    case 'null':
      return 'null';
    case 'list':
      return `[${(value as unknown[]).map((item) => textOf(item, at)).join(', ')}]`;
    case 'map':
      return `{${entriesOf(value as object)
        .map(([key, item]) => `${textOf(key, at)}=${textOf(item, at)}`)
        .join(', ')}}`;
    case 'date':
      return (value as Date).toISOString();
    case 'string':
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (hasOwnText(value as object)) return String(value);
  }
  throw new Failure(`${nameOf(value)} has no text of its own`, at);
}

const hasOwnText = (value: object): boolean =>
  // oxlint-disable-next-line typescript/unbound-method -- compared, not called
  typeof value.toString === 'function' && value.toString !== Object.prototype.toString;

/** What a person would call the value, without showing it. */
export function nameOf(value: unknown): string {
  const kind = kindOf(value);
  if (kind === 'object') return `an object of class ${(value as object).constructor?.name || 'without name'}`;
  return kind === 'null' ? 'null' : `a ${kind}`;
}

/**
 * Java's `hashCode()`. Numbers: an int32 hashes as Integer, other integers and bigints as Long, the rest as Double.
 * @returns undefined where Java's hash has nothing to do with the content, or is the class's own secret
 */
export function hashOf(value: unknown): number | undefined {
  switch (kindOf(value)) {
    case 'null':
      return 0;
    case 'string': {
      let hash = 0;
      const text = value as string;
      for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
      return hash;
    }
    case 'number':
      return hashOfNumber(value as number | bigint);
    case 'boolean':
      return value === true ? 1231 : 1237;
    case 'date':
      return hashOfLong(BigInt((value as Date).getTime()));
    case 'list': {
      let hash = 1;
      for (const item of value as unknown[]) {
        const own = hashOf(item);
        if (own === undefined) return undefined;
        hash = (Math.imul(31, hash) + own) | 0;
      }
      return hash;
    }
    default:
      return undefined;
  }
}

function hashOfNumber(value: number | bigint): number {
  if (typeof value === 'bigint') return hashOfLong(value);
  if (Number.isInteger(value)) return value === (value | 0) ? value | 0 : hashOfLong(BigInt(value));
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  return bits.getInt32(0) ^ bits.getInt32(4);
}

const hashOfLong = (value: bigint): number => Number(BigInt.asIntN(32, value ^ (BigInt.asUintN(64, value) >> 32n)));

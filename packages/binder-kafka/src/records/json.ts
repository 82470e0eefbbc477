/** JSON as Spring Kafka's header mapper writes it: a time is its milliseconds, bytes are base64, integers have all digits. */
import { StreambindError } from '@streambind/core/binder';

const MOST_LEVELS = 100;

/** A value that is JSON already. */
export class RawJson {
  constructor(readonly json: string) {}
}

/** @throws CONVERSION a function, an invalid date, or what contains itself */
export function jsonOf(value: unknown, level = 0): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      // Jackson's way with what JSON has no number for
      return Number.isFinite(value) ? (Object.is(value, -0) ? '-0.0' : String(value)) : `"${value}"`;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : objectJson(value, level);
    default:
      throw refused(`a ${typeof value}`);
  }
}

function objectJson(value: object, level: number): string {
  if (level >= MOST_LEVELS) throw refused(`more than ${MOST_LEVELS} levels, or an object that contains itself`);
  if (value instanceof RawJson) return value.json;
  if (value instanceof Date) {
    const time = value.getTime();
    if (Number.isNaN(time)) throw refused('an invalid Date');
    return String(time);
  }
  if (value instanceof Uint8Array) {
    return JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  }
  if (Array.isArray(value) || value instanceof Set) {
    return `[${Array.from(value as Iterable<unknown>, (each) => jsonOf(each, level + 1)).join(',')}]`;
  }
  if (value instanceof Map) return membersJson(value, level);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return jsonOf((toJSON as () => unknown).call(value), level + 1);
  return membersJson(Object.entries(value), level);
}

function membersJson(entries: Iterable<readonly [unknown, unknown]>, level: number): string {
  const members: string[] = [];
  for (const [name, value] of entries) {
    if (value !== undefined && typeof value !== 'function') {
      members.push(`${JSON.stringify(String(name))}:${jsonOf(value, level + 1)}`);
    }
  }
  return `{${members.join(',')}}`;
}

/** As few digits as make this float and no other, as Java prints one. */
export function floatText(float: number): string {
  for (let digits = 1; digits < 9 && Number.isFinite(float); digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return jsonOf(short);
  }
  return jsonOf(float);
}

/** A number where it is exact. */
export function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const refused = (given: string): StreambindError =>
  new StreambindError('CONVERSION', 'The value of a header cannot be written as JSON.', { given });

/** Values of record headers and their Java classes, both ways. Spring Kafka: `DefaultKafkaHeaderMapper`. */
import { StreambindError, type HeaderValue } from '@streambind/core/binder';
import { compact, jsonOf } from './json.js';
import { KafkaTyped, kafkaTyped } from './typed.js';

/** A header on the wire. */
export interface RawHeader {
  readonly bytes: Buffer;
  /** As `spring_json_header_types` has it. Absent: bytes that no Java class stands for. */
  readonly javaClass: string | undefined;
}

export const STRING = 'java.lang.String';
const QUOTE = 0x22;

/** @throws CONVERSION a value that no header can have */
export function encodeHeader(value: unknown, name: string): RawHeader {
  switch (typeof value) {
    case 'string':
      return { bytes: Buffer.from(value), javaClass: STRING };
    case 'number':
      return { bytes: Buffer.from(jsonOf(value)), javaClass: numberClass(value) };
    case 'bigint':
      return {
        bytes: Buffer.from(String(value)),
        javaClass: BigInt.asIntN(64, value) === value ? 'java.lang.Long' : 'java.math.BigInteger',
      };
    case 'boolean':
      return { bytes: Buffer.from(String(value)), javaClass: 'java.lang.Boolean' };
    default:
      if (value instanceof Uint8Array) return { bytes: asBuffer(value), javaClass: undefined };
      if (value instanceof KafkaTyped) return { bytes: Buffer.from(value.json), javaClass: value.javaClass };
      if (value instanceof UntrustedHeader) {
        return { bytes: asBuffer(value.headerValue), javaClass: value.untrustedType };
      }
      return named(name, () => {
        const said = saidBy(value);
        return ['string', 'number', 'bigint', 'boolean'].includes(typeof said)
          ? encodeHeader(said, name)
          : { bytes: Buffer.from(jsonOf(value)), javaClass: objectClass(value) };
      });
  }
}

/** An object that is text or a number in JSON is sent as that: a URL, a value that another binder has a class for. */
function saidBy(value: unknown): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' && !(value instanceof Date) ? (toJSON as () => unknown).call(value) : value;
}

const numberClass = (value: number): string => {
  if (!Number.isInteger(value) || Object.is(value, -0)) return 'java.lang.Double';
  if (value === (value | 0)) return 'java.lang.Integer';
  return Number.isSafeInteger(value) ? 'java.lang.Long' : 'java.lang.Double';
};

function objectClass(value: unknown): string {
  if (value instanceof Date) return 'java.util.Date';
  return Array.isArray(value) || value instanceof Set ? 'java.util.ArrayList' : 'java.util.LinkedHashMap';
}

function named<T>(name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new StreambindError('CONVERSION', `The value of the header "${name}" cannot be sent.`, {}, error);
  }
}

export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * What a handler gets of a header whose Java class is in none of the trusted packages. It is sent on as it came. Spring
 * Kafka: `NonTrustedHeaderType`.
 */
export class UntrustedHeader {
  constructor(
    /** As it came: JSON, where the sender was Spring. */
    readonly headerValue: Uint8Array,
    readonly untrustedType: string,
  ) {}

  toString(): string {
    return `UntrustedHeader [headerValue=${asBuffer(this.headerValue).toString()}, untrustedType=${this.untrustedType}]`;
  }
}

type Decode = (text: string) => HeaderValue;

const parse: Decode = (text) => JSON.parse(text) as HeaderValue;

const number: Decode = (text) => {
  const value = parse(text);
  // Jackson writes NaN and the infinities as strings
  return typeof value === 'string' ? Number(value) : value;
};

const integer: Decode = (text) => {
  const digits = typeof parse(text) === 'number' ? text.trim() : '';
  return /^-?\d+$/.test(digits) ? compact(BigInt(digits)) : parse(text);
};

const time =
  (unit: number): Decode =>
  (text) => {
    const value = parse(text);
    const date = typeof value === 'number' ? new Date(value * unit) : new Date(typeof value === 'string' ? value : NaN);
    if (Number.isNaN(date.getTime())) throw new RangeError('no time');
    return date;
  };

/** Classes with a value of their own in JavaScript; all others are what their JSON says. */
const DECODERS: ReadonlyMap<string, Decode> = new Map([
  [STRING, parse],
  ['java.lang.Boolean', parse],
  ['java.lang.Byte', number],
  ['java.lang.Character', parse],
  ['java.lang.Double', number],
  ['java.lang.Float', number],
  ['java.lang.Integer', number],
  ['java.lang.Long', integer],
  ['java.lang.Short', number],
  ['java.math.BigDecimal', (text: string) => kafkaTyped('bigDecimal', text.trim()) as unknown as HeaderValue],
  ['java.math.BigInteger', integer],
  ['java.time.Instant', time(1000)],
  ['java.util.Date', time(1)],
]);

/** Spring Kafka trusts these as well; what else has a value of its own here can do no harm. */
const ALWAYS_TRUSTED = ['java.lang', 'java.net', 'java.util', 'org.springframework.util'];

/** @param packages beside Spring's own; subpackages are trusted with them, `*` is all */
function isTrusted(javaClass: string, packages: readonly string[]): boolean {
  const name = javaClass.startsWith('[L') ? javaClass.slice(2) : javaClass;
  const among = (one: string): boolean => one === '*' || name.startsWith(`${one}.`);
  return ALWAYS_TRUSTED.some(among) || packages.some(among);
}

/** What a handler gets. Bytes that are not what their class says are given as bytes, as in Spring. */
export function decodeHeader(
  bytes: Buffer,
  javaClass: string | undefined,
  trustedPackages: readonly string[],
): HeaderValue {
  // a copy: a handler that keeps it must not keep the whole fetch
  if (javaClass === undefined) return Buffer.from(bytes);
  if (javaClass === STRING && bytes[0] !== QUOTE) return bytes.toString();
  const decode = DECODERS.get(javaClass);
  if (!decode && !isTrusted(javaClass, trustedPackages)) {
    return new UntrustedHeader(Buffer.from(bytes), javaClass) as unknown as HeaderValue;
  }
  try {
    return (decode ?? parse)(bytes.toString());
  } catch {
    return Buffer.from(bytes);
  }
}

/** Text, whether it came as it is or as a JSON string. */
export function decodeText(bytes: Buffer): string {
  const text = bytes.toString();
  if (bytes[0] !== QUOTE) return text;
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

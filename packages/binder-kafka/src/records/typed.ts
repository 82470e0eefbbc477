/** Header values with the Java class that a receiver in Java gets: for types that JavaScript does not have. */
import { StreambindError } from '@streambind/core/binder';
import { RawJson, compact, floatText, jsonOf } from './json.js';

/** Short names; any other type is the name of a Java class, `java.util.UUID`, `com.acme.Order`. */
export type KafkaShortType = keyof typeof SHORT_TYPES;

/**
 * A header value with its Java type. Behaves as its number where a number is expected: `+value`, `value > 3`,
 * `String(value)`, JSON. A received `java.math.BigDecimal` arrives as one.
 */
export class KafkaTyped extends RawJson {
  /** @internal Made by `kafkaTyped`, which checks. */
  constructor(
    /** As it was given. */
    readonly type: string,
    readonly value: unknown,
    /** Name of the class in `spring_json_header_types`. */
    readonly javaClass: string,
    json: string,
  ) {
    super(json);
  }

  override valueOf(): unknown {
    return this.type === 'bigDecimal' ? Number(this.value) : this.value;
  }

  override toString(): string {
    return String(this.value);
  }

  toJSON(): unknown {
    const { value } = this;
    return typeof value === 'bigint' ? String(value) : this.valueOf();
  }
}

/**
 * A header value that is sent as this Java type: `kafkaTyped('long', 5)`, `kafkaTyped('bigDecimal', '12.340')`,
 * `kafkaTyped('mimeType', 'text/xml')` (text that is sent as a JSON string), `kafkaTyped('com.acme.Order', { id: 'o1' })`.
 * The value is taken at once: what is changed in an object later is not sent.
 * @throws CONVERSION the type has no such value
 */
export function kafkaTyped(type: KafkaShortType | (string & {}), value: unknown): KafkaTyped {
  if (Object.hasOwn(SHORT_TYPES, type)) {
    const [javaClass, write] = SHORT_TYPES[type as KafkaShortType];
    const [kept, json] = write(value, type);
    return new KafkaTyped(type, kept, javaClass, json);
  }
  // a class in a package, or an array of them
  if (typeof type === 'string' && /^(\[L)?[\w$]+(\.[\w$]+)+;?$/.test(type)) {
    return new KafkaTyped(type, value, type, jsonOf(value));
  }
  throw new StreambindError('CONVERSION', `There is no header type "${String(type)}".`, {
    given: String(type),
    allowed: `${Object.keys(SHORT_TYPES).join(', ')}, or the full name of a Java class`,
  });
}

type Write = (value: unknown, type: string) => readonly [unknown, string];

const integer =
  (bits: number): Write =>
  (value, type) => {
    const most = (1n << BigInt(bits - 1)) - 1n;
    const exact = bigintOf(value);
    if (exact === undefined || exact < -most - 1n || exact > most) {
      throw unfit(value, type, `an integer from ${-most - 1n} to ${most}`);
    }
    return [compact(exact), String(exact)];
  };

const text: Write = (value, type) => {
  if (typeof value !== 'string') throw unfit(value, type, 'a string');
  return [value, JSON.stringify(value)];
};

const SHORT_TYPES = {
  byte: ['java.lang.Byte', integer(8)],
  short: ['java.lang.Short', integer(16)],
  int: ['java.lang.Integer', integer(32)],
  long: ['java.lang.Long', integer(64)],
  bigInteger: [
    'java.math.BigInteger',
    (value, type) => {
      const exact = bigintOf(value);
      if (exact === undefined) throw unfit(value, type, 'an integer');
      return [compact(exact), String(exact)];
    },
  ],
  float: [
    'java.lang.Float',
    (value, type) => {
      const rounded = Math.fround(Number(value));
      if (typeof value !== 'number' || (!Number.isFinite(rounded) && Number.isFinite(value))) {
        throw unfit(value, type, 'a number within ±3.4e38');
      }
      return [rounded, floatText(rounded)];
    },
  ],
  double: [
    'java.lang.Double',
    (value, type) => {
      if (typeof value !== 'number') throw unfit(value, type, 'a number');
      return [value, jsonOf(value)];
    },
  ],
  bigDecimal: [
    'java.math.BigDecimal',
    (value, type) => {
      const digits = typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
      if (typeof digits !== 'string' || !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(digits)) {
        throw unfit(value, type, 'a decimal number, as text where its digits count');
      }
      return [digits, digits];
    },
  ],
  char: [
    'java.lang.Character',
    (value, type) => {
      if (typeof value !== 'string' || value.length !== 1) throw unfit(value, type, 'a string of one UTF-16 unit');
      return [value, JSON.stringify(value)];
    },
  ],
  uuid: ['java.util.UUID', text],
  mimeType: ['java.lang.String', text],
  instant: [
    'java.time.Instant',
    (value, type) => {
      const time = value instanceof Date ? value.getTime() : NaN;
      if (Number.isNaN(time)) throw unfit(value, type, 'a Date');
      const seconds = Math.floor(time / 1000);
      return [value, `${seconds}.${String(time - seconds * 1000).padStart(3, '0')}000000`];
    },
  ],
} satisfies Record<string, readonly [string, Write]>;

function bigintOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? BigInt(value) : undefined;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

const unfit = (value: unknown, type: string, allowed: string): StreambindError =>
  new StreambindError('CONVERSION', `The value is no ${type}.`, {
    given: value instanceof Date ? String(value) : typeof value === 'object' ? 'an object' : String(value as string),
    allowed,
  });

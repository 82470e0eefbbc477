import { StreambindError } from '@streambind/core/binder';

/** AMQP field types that JavaScript has no value for. Signed unless they say otherwise. */
export type AmqpType = keyof typeof CHECKS;

/** What may be given: a Date is a `timestamp`, a string a number in decimal notation. */
export type AmqpTypedInput = number | bigint | string | Date;

/**
 * A header value with its AMQP type. Behaves as its number where a number is expected: `+value`, `value > 3`,
 * `String(value)`, JSON. A received decimal arrives as one.
 */
export class AmqpTyped {
  /** @internal Made by `amqpTyped`, which checks. */
  constructor(
    readonly type: AmqpType,
    /** A bigint beyond 2^53; decimal notation for `decimal`; seconds since 1970 for `timestamp`. */
    readonly value: number | bigint | string,
  ) {}

  valueOf(): number | bigint {
    return typeof this.value === 'string' ? Number(this.value) : this.value;
  }

  toString(): string {
    return String(this.value);
  }

  toJSON(): number | string {
    return typeof this.value === 'bigint' ? String(this.value) : Number(this.value);
  }
}

/**
 * A header value that is sent with this type: `amqpTyped('short', 7)`, `amqpTyped('decimal', '12.340')`.
 * @throws CONVERSION the type has no such value
 */
export function amqpTyped(type: AmqpType, value: AmqpTypedInput): AmqpTyped {
  if (!Object.hasOwn(CHECKS, type)) {
    throw new StreambindError('CONVERSION', `There is no AMQP type "${String(type)}".`, {
      given: String(type),
      allowed: Object.keys(CHECKS).join(', '),
    });
  }
  return new AmqpTyped(type, CHECKS[type](value, type));
}

type Check = (value: AmqpTypedInput, type: string) => number | bigint | string;

const integer =
  (bits: number, signed = true): Check =>
  (value, type) => {
    const most = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
    const least = signed ? -most - 1n : 0n;
    const exact = bigintOf(value);
    if (exact === undefined || exact < least || exact > most) {
      throw unfit(value, type, `an integer from ${least} to ${most}`);
    }
    return compact(exact);
  };

const CHECKS = {
  byte: integer(8),
  short: integer(16),
  int: integer(32),
  long: integer(64),
  unsignedByte: integer(8, false),
  unsignedShort: integer(16, false),
  unsignedInt: integer(32, false),
  float(value, type) {
    const rounded = Math.fround(Number(value));
    const overflow = !Number.isFinite(rounded) && Number.isFinite(Number(value));
    if (typeof value !== 'number' || overflow) throw unfit(value, type, 'a number within ±3.4e38');
    return rounded;
  },
  double(value, type) {
    if (typeof value !== 'number') throw unfit(value, type, 'a number');
    return value;
  },
  decimal(value, type) {
    const text = String(value);
    const unscaled = /^-?\d+(\.\d{1,255})?$/.test(text) ? BigInt(text.replace('.', '')) : undefined;
    if (unscaled === undefined || unscaled < -0x8000_0000n || unscaled > 0x7fff_ffffn) {
      throw unfit(value, type, 'decimal notation, its digits without the point within 32 bits');
    }
    return text;
  },
  timestamp(value, type) {
    const exact = bigintOf(value instanceof Date ? Math.floor(value.getTime() / 1000) : value);
    if (exact === undefined || BigInt.asIntN(64, exact) !== exact) {
      throw unfit(value, type, 'a Date, or whole seconds since 1970');
    }
    return compact(exact);
  },
} satisfies Record<string, Check>;

function bigintOf(value: AmqpTypedInput): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? BigInt(value) : undefined;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** A number where it is exact. */
export function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const unfit = (value: unknown, type: string, allowed: string): StreambindError =>
  new StreambindError('CONVERSION', `The value is no AMQP ${type}.`, {
    given: value instanceof Date && Number.isNaN(value.getTime()) ? 'Invalid Date' : String(value),
    allowed,
  });

/**
 * Header tables on their way out, typed as Spring's are: an integer is an int32 and beyond it an int64, never less; any
 * other number a double; a bigint an int64; a Date a timestamp in seconds; `amqpTyped` what it says. What AMQP has no type
 * for is sent as its text if it has one (a URL, say).
 */
import { StreambindError } from '@streambind/core/binder';
import { MOST_LEVELS, TAGS } from './tags.js';
import { AmqpTyped, type AmqpType } from './typed.js';

const INITIAL_BYTES = 4 * 1024;

/** Encodes one table after the other, always into the same memory. */
export class TableWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #at = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** What was written since the last call, without a length; the next field overwrites it. */
  take(): Buffer {
    const table = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return table;
  }

  /** Fields as they were received. */
  raw(fields: Uint8Array): void {
    this.#room(fields.byteLength);
    this.#bytes.set(fields, this.#at);
    this.#at += fields.byteLength;
  }

  /**
   * One field; nothing for undefined.
   * @throws CONVERSION AMQP has no place for this name or value; what was written since the last `take` is dropped
   */
  field(name: string, value: unknown): void {
    if (value === undefined) return;
    try {
      this.#field(name, value, 0);
    } catch (error) {
      this.#at = 0;
      throw error instanceof Unfit ? refused(name, error) : error;
    }
  }

  #field(name: string, value: unknown, level: number): void {
    const most = 3 * name.length;
    if (most > 255 && Buffer.byteLength(name) > 255) {
      throw new Unfit('a name that is too long', `${Buffer.byteLength(name)} bytes`, 'names up to 255 bytes');
    }
    this.#room(1 + most);
    const written = this.#bytes.write(name, this.#at + 1);
    this.#bytes[this.#at] = written;
    this.#at += 1 + written;
    this.#value(value, level);
  }

  #value(value: unknown, level: number): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        this.#tag(TAGS.boolean, 1);
        this.#bytes[this.#at++] = value ? 1 : 0;
        return;
      case 'bigint':
        return this.#long(value);
      case 'object':
        return value === null ? this.#tag(TAGS.nothing, 0) : this.#object(value, level);
      case 'undefined':
        return this.#tag(TAGS.nothing, 0);
      default:
        throw new Unfit('a value that is none', typeof value, 'data');
    }
  }

  #string(text: string): void {
    const most = 3 * text.length;
    this.#tag(TAGS.string, 4 + most);
    const written = this.#bytes.write(text, this.#at + 4);
    this.#bytes.writeUInt32BE(written, this.#at);
    this.#at += 4 + written;
  }

  #number(value: number): void {
    if (Number.isInteger(value) && !Object.is(value, -0)) {
      if (value === (value | 0)) {
        this.#tag(TAGS.int, 4);
        this.#at = this.#bytes.writeInt32BE(value, this.#at);
        return;
      }
      if (value >= -(2 ** 63) && value < 2 ** 63) return this.#long(BigInt(value));
    }
    this.#tag(TAGS.double, 8);
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
  }

  #long(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new Unfit('an integer that is too large', String(value), '64 bits; send it as a string');
    }
    this.#tag(TAGS.long, 8);
    this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
  }

  #object(value: object, level: number): void {
    if (value instanceof AmqpTyped) return this.#typed(value);
    if (value instanceof Date) {
      const seconds = Math.floor(value.getTime() / 1000);
      if (Number.isNaN(seconds)) throw new Unfit('a date that is none', 'Invalid Date', 'valid dates');
      return this.#timestamp(BigInt(seconds));
    }
    if (value instanceof Uint8Array) {
      this.#tag(TAGS.bytes, 4 + value.byteLength);
      this.#at = this.#bytes.writeUInt32BE(value.byteLength, this.#at);
      this.#bytes.set(value, this.#at);
      this.#at += value.byteLength;
      return;
    }
    if (level >= MOST_LEVELS) {
      throw new Unfit('values within values without end', `more than ${MOST_LEVELS} levels`, 'data without cycles');
    }
    if (Array.isArray(value) || value instanceof Set) {
      const end = this.#sized(TAGS.array);
      for (const each of value as Iterable<unknown>) this.#value(each, level + 1);
      return end();
    }
    const text = value instanceof Map ? undefined : textOf(value);
    if (text !== undefined) return this.#string(text);
    const end = this.#sized(TAGS.table);
    for (const [name, each] of value instanceof Map ? value : Object.entries(value)) {
      if (each !== undefined) this.#field(String(name), each, level + 1);
    }
    end();
  }

  #typed({ type, value }: AmqpTyped): void {
    if (type === 'decimal') return this.#decimal(String(value));
    if (type === 'long') return this.#long(BigInt(value));
    if (type === 'timestamp') return this.#timestamp(BigInt(value));
    const [tag, bytes, write] = NUMBERS[type];
    this.#tag(tag, bytes);
    this.#at = this.#bytes[write](Number(value), this.#at);
  }

  #decimal(text: string): void {
    const point = text.indexOf('.');
    this.#tag(TAGS.decimal, 5);
    this.#bytes[this.#at] = point < 0 ? 0 : text.length - point - 1;
    this.#at = this.#bytes.writeInt32BE(Number(text.replace('.', '')), this.#at + 1);
  }

  #timestamp(seconds: bigint): void {
    this.#tag(TAGS.timestamp, 8);
    this.#at = this.#bytes.writeBigInt64BE(seconds, this.#at);
  }

  /** Begins a value that is preceded by its length; the function ends it. */
  #sized(tag: number): () => void {
    this.#tag(tag, 4);
    const from = this.#at;
    this.#at += 4;
    return () => void this.#bytes.writeUInt32BE(this.#at - from - 4, from);
  }

  #tag(tag: number, bytes: number): void {
    this.#room(1 + bytes);
    this.#bytes[this.#at++] = tag;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

type Numeric = Exclude<AmqpType, 'long' | 'decimal' | 'timestamp'>;

const NUMBERS = {
  byte: [TAGS.byte, 1, 'writeInt8'],
  short: [TAGS.short, 2, 'writeInt16BE'],
  int: [TAGS.int, 4, 'writeInt32BE'],
  unsignedByte: [TAGS.unsignedByte, 1, 'writeUInt8'],
  unsignedShort: [TAGS.unsignedShort, 2, 'writeUInt16BE'],
  unsignedInt: [TAGS.unsignedInt, 4, 'writeUInt32BE'],
  float: [TAGS.float, 4, 'writeFloatBE'],
  double: [TAGS.double, 8, 'writeDoubleBE'],
} as const satisfies Record<Numeric, readonly [number, number, keyof Buffer]>;

/** What an object of a class says that it is, if it does: a URL, a class with a toString() of its own. */
function textOf(value: object): string | undefined {
  const { toString } = value as { toString?: unknown };
  if (typeof toString !== 'function' || toString === Object.prototype.toString || isRecord(value)) return undefined;
  return (toString as () => string).call(value);
}

function isRecord(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

class Unfit extends Error {
  constructor(
    what: string,
    readonly given: string,
    readonly allowed: string,
  ) {
    super(what);
  }
}

const refused = (name: string, { message, given, allowed }: Unfit): StreambindError =>
  new StreambindError('CONVERSION', `The header "${name.slice(0, 80)}" holds ${message}.`, { given, allowed });

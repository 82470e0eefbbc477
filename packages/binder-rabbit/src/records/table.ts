/**
 * AMQP field tables as RabbitMQ has them, read exactly: a name, the letter of a type, a value. A received table keeps its
 * bytes, so that a header that is passed on unchanged keeps its type and width.
 */
import { isDeepStrictEqual } from 'node:util';
import { StreambindError, asError, type HeaderValue } from '@streambind/core/binder';
import { MOST_LEVELS, TAGS } from './tags.js';
import { AmqpTyped, compact } from './typed.js';

export type Headers = Record<string, HeaderValue>;

/** Where a field of a table begins (at its name) and ends. */
interface Field {
  readonly start: number;
  readonly end: number;
}

/** The header table of a message that arrived. Reads itself when it is asked, and never throws for what it is made of. */
export class ReceivedTable {
  /** Why it cannot be read to its end; what comes before that is there. */
  failure: Error | undefined;
  #values: Headers | undefined;
  #fields: Map<string, Field> | undefined;

  /** @param bytes the encoded table without its length; kept, not copied */
  constructor(readonly bytes: Buffer) {}

  /** All fields but those without a value, which Spring drops as well. Not to be changed. */
  get values(): Readonly<Headers> {
    if (this.#values) return this.#values;
    if (this.bytes.length === 0) return NOTHING;
    const values = emptyRecord();
    const reader = new Reader(this.bytes);
    this.#guarded(() => {
      while (reader.more) {
        const name = reader.name();
        const value = reader.value(0);
        if (value !== null) values[name] = value;
      }
    });
    return (this.#values = values);
  }

  /** The encoded field, its name included, if it still stands for this value. */
  unchanged(name: string, value: unknown): Buffer | undefined {
    const field = this.#index().get(name);
    if (!field || !(name in this.values)) return undefined;
    const bytes = this.bytes.subarray(field.start, field.end);
    if (typeof value !== 'object') return Object.is(this.values[name], value) ? bytes : undefined;
    // what a handler was given it may have changed in place: compare with what was sent
    const reader = new Reader(bytes);
    reader.name();
    return isDeepStrictEqual(reader.value(0), value) ? bytes : undefined;
  }

  /** The encoded fields but those of these names, as they are. */
  without(names: ReadonlySet<string>): Buffer {
    const kept: Buffer[] = [];
    for (const [name, { start, end }] of this.#index()) {
      if (!names.has(name)) kept.push(this.bytes.subarray(start, end));
    }
    return Buffer.concat(kept);
  }

  #index(): Map<string, Field> {
    if (this.#fields) return this.#fields;
    const fields = new Map<string, Field>();
    const reader = new Reader(this.bytes);
    this.#guarded(() => {
      while (reader.more) {
        const start = reader.at;
        const name = reader.name();
        reader.skip();
        fields.set(name, { start, end: reader.at });
      }
    });
    return (this.#fields = fields);
  }

  #guarded(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      this.failure = new StreambindError(
        'CONVERSION',
        `The header table of a message cannot be read: ${asError(thrown).message}`,
        { given: `${this.bytes.length} bytes` },
        thrown,
      );
    }
  }
}

/** Without prototype members, so that every name is free; laid out like an instance of a class. */
const EmptyRecord = function () {} as unknown as new () => Headers;
Object.defineProperty(EmptyRecord, 'prototype', { value: Object.create(null) as object });
export const emptyRecord = (): Headers => new EmptyRecord();

const NOTHING: Readonly<Headers> = Object.freeze(emptyRecord());

class Reader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  get more(): boolean {
    return this.at < this.bytes.length;
  }

  name(): string {
    const start = this.at + 1;
    const end = this.#advance(1 + this.bytes.readUInt8(this.at));
    return this.bytes.toString('utf8', start, end);
  }

  value(level: number): HeaderValue {
    const { bytes } = this;
    const type = bytes.readUInt8(this.at++);
    const { at } = this;
    switch (type) {
      case TAGS.string: {
        const end = this.#sized();
        return bytes.toString('utf8', at + 4, end);
      }
      case TAGS.int:
        this.at += 4;
        return bytes.readInt32BE(at);
      case TAGS.long:
        this.at += 8;
        return compact(bytes.readBigInt64BE(at));
      case TAGS.boolean:
        this.at += 1;
        return bytes.readUInt8(at) !== 0;
      case TAGS.double:
        this.at += 8;
        return bytes.readDoubleBE(at);
      case TAGS.float:
        this.at += 4;
        return bytes.readFloatBE(at);
      case TAGS.byte:
        this.at += 1;
        return bytes.readInt8(at);
      case TAGS.short:
        this.at += 2;
        return bytes.readInt16BE(at);
      case TAGS.unsignedByte:
        this.at += 1;
        return bytes.readUInt8(at);
      case TAGS.unsignedShort:
        this.at += 2;
        return bytes.readUInt16BE(at);
      case TAGS.unsignedInt:
        this.at += 4;
        return bytes.readUInt32BE(at);
      case TAGS.decimal:
        this.at += 5;
        return typed(new AmqpTyped('decimal', decimal(bytes.readUInt8(at), bytes.readInt32BE(at + 1))));
      case TAGS.timestamp: {
        this.at += 8;
        const seconds = compact(bytes.readBigInt64BE(at));
        const date = new Date(Number(seconds) * 1000);
        return Number.isNaN(date.getTime()) ? typed(new AmqpTyped('timestamp', seconds)) : date;
      }
      case TAGS.bytes:
        // a copy: a handler that keeps it must not keep the whole frame
        return new Uint8Array(bytes.subarray(at + 4, this.#sized()));
      case TAGS.array:
        return this.#array(this.#nested(level), level + 1);
      case TAGS.table:
        return this.#table(this.#nested(level), level + 1);
      case TAGS.nothing:
        return null;
      default:
        throw unknownType(type);
    }
  }

  /** Past a value, without looking into it. */
  skip(): void {
    const type = this.bytes.readUInt8(this.at++);
    const size = SIZES.get(type);
    if (size === undefined) throw unknownType(type);
    if (size === SIZED) this.#sized();
    else this.#advance(size);
  }

  #array(end: number, level: number): HeaderValue[] {
    const values: HeaderValue[] = [];
    while (this.at < end) values.push(this.value(level));
    return values;
  }

  #table(end: number, level: number): Headers {
    const values: Headers = {};
    while (this.at < end) {
      const name = this.name();
      const value = this.value(level);
      if (name in values) Object.defineProperty(values, name, { value, ...PLAIN });
      else values[name] = value;
    }
    return values;
  }

  /** Past a length and so many bytes; where they end. */
  #sized(): number {
    return this.#advance(4 + this.bytes.readUInt32BE(this.at));
  }

  /** Past a length; where the bytes end that it counts. */
  #nested(level: number): number {
    if (level >= MOST_LEVELS) throw new RangeError(`more than ${MOST_LEVELS} levels`);
    const from = this.at + 4;
    const end = this.#sized();
    this.at = from;
    return end;
  }

  #advance(bytes: number): number {
    if (this.at + bytes > this.bytes.length) throw new RangeError('it ends in the middle of a field');
    return (this.at += bytes);
  }
}

/** The value begins with its own length. */
const SIZED = -1;

const SIZES: ReadonlyMap<number, number> = new Map([
  [TAGS.string, SIZED],
  [TAGS.bytes, SIZED],
  [TAGS.array, SIZED],
  [TAGS.table, SIZED],
  [TAGS.nothing, 0],
  [TAGS.boolean, 1],
  [TAGS.byte, 1],
  [TAGS.unsignedByte, 1],
  [TAGS.short, 2],
  [TAGS.unsignedShort, 2],
  [TAGS.int, 4],
  [TAGS.unsignedInt, 4],
  [TAGS.float, 4],
  [TAGS.decimal, 5],
  [TAGS.long, 8],
  [TAGS.double, 8],
  [TAGS.timestamp, 8],
]);

const PLAIN = { enumerable: true, configurable: true, writable: true } as const;

/** Opaque to core, and therefore no member of its type. */
const typed = (value: AmqpTyped): HeaderValue => value as unknown as HeaderValue;

/** Decimal notation of `unscaled` / 10^`scale`. */
function decimal(scale: number, unscaled: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, '0');
  return `${unscaled < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const unknownType = (type: number): RangeError => new RangeError(`a field has the unknown type 0x${type.toString(16)}`);

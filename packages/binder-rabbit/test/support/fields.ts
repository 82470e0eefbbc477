/** Header tables in the notation of the recordings, `{ t: type, v: value }`, read and written without the code under test. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A field as it was on the wire; t is the letter of its AMQP type. */
export interface Field {
  readonly t: string;
  readonly v: unknown;
}

export type Fields = Readonly<Record<string, Field>>;

/** @param table encoded, without its length */
export function readFields(table: Uint8Array): Fields {
  const bytes = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  const fields: [string, Field][] = [];
  for (let at = 0; at < bytes.length;) {
    const from = at + 1;
    const to = from + bytes[at]!;
    const [field, end] = readField(bytes, to);
    fields.push([bytes.toString('utf8', from, to), field]);
    at = end;
  }
  const read = Object.fromEntries(fields);
  if (Object.keys(read).length < fields.length) throw new Error('a field is there twice');
  return read;
}

function readField(bytes: Buffer, at: number): [Field, number] {
  const t = String.fromCharCode(bytes[at]!);
  const from = at + 1;
  const fixed = (size: number, v: unknown): [Field, number] => [{ t, v }, from + size];
  const sized = (read: (slice: Buffer) => unknown): [Field, number] => {
    const end = from + 4 + bytes.readUInt32BE(from);
    return [{ t, v: read(bytes.subarray(from + 4, end)) }, end];
  };
  switch (t) {
    case 'S':
      return sized((slice) => slice.toString('utf8'));
    case 'x':
      return sized((slice) => slice.toString('base64'));
    case 'F':
      return sized(readFields);
    case 'A':
      return sized((slice) => {
        const values: Field[] = [];
        for (let next = 0; next < slice.length;) {
          const [value, end] = readField(slice, next);
          values.push(value);
          next = end;
        }
        return values;
      });
    case 'I':
      return fixed(4, bytes.readInt32BE(from));
    case 'i':
      return fixed(4, bytes.readUInt32BE(from));
    case 'l':
    case 'T': {
      const value = bytes.readBigInt64BE(from);
      return fixed(8, Number.isSafeInteger(Number(value)) ? Number(value) : String(value));
    }
    case 's':
      return fixed(2, bytes.readInt16BE(from));
    case 'u':
      return fixed(2, bytes.readUInt16BE(from));
    case 'b':
      return fixed(1, bytes.readInt8(from));
    case 'B':
      return fixed(1, bytes.readUInt8(from));
    case 'f':
      return fixed(4, bytes.readFloatBE(from));
    case 'd':
      return fixed(8, bytes.readDoubleBE(from));
    case 't':
      return fixed(1, bytes[from] === 1);
    case 'D':
      return fixed(5, { scale: bytes[from], unscaled: bytes.readInt32BE(from + 1) });
    case 'V':
      return fixed(0, null);
    default:
      throw new Error(`a field of the type ${t}`);
  }
}

const AMQPLIB_TYPES: Readonly<Record<string, string>> = {
  I: 'int',
  i: 'unsignedint',
  l: 'long',
  s: 'short',
  u: 'unsignedshort',
  b: 'byte',
  B: 'unsignedbyte',
  f: 'float',
  d: 'double',
  T: 'timestamp',
  t: 'boolean',
};

/** A field in the notation that amqplib encodes. */
function toAmqplib({ t, v }: Field): unknown {
  switch (t) {
    case 'S':
      return { '!': 'string', value: v };
    case 'x':
      return Buffer.from(v as string, 'base64');
    case 'V':
      return null;
    case 'A':
      return (v as Field[]).map(toAmqplib);
    case 'F':
      return { '!': 'object', value: amqplibHeaders(v as Fields) };
    case 'D': {
      const { scale, unscaled } = v as { scale: number; unscaled: number };
      return { '!': 'decimal', value: { places: scale, digits: unscaled >>> 0 } };
    }
    default:
      return { '!': AMQPLIB_TYPES[t], value: typeof v === 'string' ? BigInt(v) : v };
  }
}

/** Headers in amqplib's notation, every type said. */
export const amqplibHeaders = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, toAmqplib(field)]));

// amqplib exports no codec; its own file is what another client does
const require = createRequire(import.meta.url);
const codec = require(join(dirname(require.resolve('amqplib')), 'lib/codec.js')) as {
  encodeTable(buffer: Buffer, table: object, at: number): number;
  decodeFields(table: Buffer): Record<string, unknown>;
};

/** What amqplib makes of headers: `{ '!': type, value }`, or its guess. Without the length. */
export function amqplibTable(headers: object): Buffer {
  const buffer = Buffer.alloc(1 << 16);
  const end = codec.encodeTable(buffer, headers, 0);
  return buffer.subarray(4, end);
}

export const writeFields = (fields: Fields): Buffer => amqplibTable(amqplibHeaders(fields));

export const decodeWithAmqplib = (table: Uint8Array): Record<string, unknown> => codec.decodeFields(Buffer.from(table));

/** Header tables: what is written is typed as Spring types it, what is read is exact, what is passed on stays the same. */
import { describe, expect, test } from '@jest/globals';
import { ReceivedTable } from '../src/records/table.js';
import { TableWriter } from '../src/records/table-writer.js';
import { AmqpTyped, amqpTyped, type AmqpType, type AmqpTypedInput } from '../src/records/typed.js';
import { amqplibTable, decodeWithAmqplib, readFields, writeFields, type Field, type Fields } from './support/fields.js';

const writer = new TableWriter();

function written(value: unknown): Field | undefined {
  writer.field('h', value);
  return readFields(writer.take())['h'];
}

const read = (field: Field): unknown => new ReceivedTable(writeFields({ h: field })).values['h'];

const MAX = 2n ** 63n - 1n;

describe('written', () => {
  test.each<[string, unknown, Field]>([
    ['an integer', 42, { t: 'I', v: 42 }],
    ['zero', 0, { t: 'I', v: 0 }],
    ['the least int32', -(2 ** 31), { t: 'I', v: -(2 ** 31) }],
    ['the largest int32', 2 ** 31 - 1, { t: 'I', v: 2 ** 31 - 1 }],
    ['beyond int32', 2 ** 31, { t: 'l', v: 2 ** 31 }],
    ['below int32', -(2 ** 31) - 1, { t: 'l', v: -(2 ** 31) - 1 }],
    ['the largest exact integer', Number.MAX_SAFE_INTEGER, { t: 'l', v: Number.MAX_SAFE_INTEGER }],
    ['an integer beyond it', 2 ** 60, { t: 'l', v: String(2n ** 60n) }],
    ['an integer of 64 bits and more', 2 ** 63, { t: 'd', v: 2 ** 63 }],
    ['a fraction', 1.5, { t: 'd', v: 1.5 }],
    ['a negative zero', -0, { t: 'd', v: -0 }],
    ['no number', Number.NaN, { t: 'd', v: Number.NaN }],
    ['infinity', -Infinity, { t: 'd', v: -Infinity }],
    ['a small bigint', 5n, { t: 'l', v: 5 }],
    ['the largest bigint', MAX, { t: 'l', v: String(MAX) }],
    ['the least bigint', -MAX - 1n, { t: 'l', v: String(-MAX - 1n) }],
    ['text', 'ünï 消息 😀', { t: 'S', v: 'ünï 消息 😀' }],
    ['no text', '', { t: 'S', v: '' }],
    ['yes', true, { t: 't', v: true }],
    ['a date', new Date('2024-01-02T03:04:05.678Z'), { t: 'T', v: 1704164645 }],
    ['a date before 1970', new Date(-1), { t: 'T', v: -1 }],
    ['bytes', Uint8Array.of(0, 1, 255), { t: 'x', v: 'AAH/' }],
    ['nothing', null, { t: 'V', v: null }],
    ['a list', ['a', 1, [null]], { t: 'A', v: [{ t: 'S', v: 'a' }, { t: 'I', v: 1 }, { t: 'A', v: [{ t: 'V', v: null }] }] }], // prettier-ignore
    ['a set', new Set([1n]), { t: 'A', v: [{ t: 'l', v: 1 }] }],
    ['a record', { a: { b: 1 }, c: undefined }, { t: 'F', v: { a: { t: 'F', v: { b: { t: 'I', v: 1 } } } } }],
    ['a map', new Map([['a', 'b']]), { t: 'F', v: { a: { t: 'S', v: 'b' } } }],
    ["a record with amqplib's mark", { '!': 'int', value: 'x' }, { t: 'F', v: { '!': { t: 'S', v: 'int' }, value: { t: 'S', v: 'x' } } }], // prettier-ignore
    ['an object with text', new URL('http://a/b'), { t: 'S', v: 'http://a/b' }],
    ['a class without text', new (class Order {
      readonly id = 1;
    })(), { t: 'F', v: { id: { t: 'I', v: 1 } } }], // prettier-ignore
  ])('%s', (_, value, field) => {
    expect(written(value)).toEqual(field);
  });

  test('nothing at all for undefined', () => {
    writer.field('h', undefined);
    expect(writer.take()).toHaveLength(0);
  });

  test.each<[AmqpType, AmqpTypedInput, Field]>([
    ['byte', -128, { t: 'b', v: -128 }],
    ['short', 7, { t: 's', v: 7 }],
    ['int', 2n ** 31n - 1n, { t: 'I', v: 2 ** 31 - 1 }],
    ['long', 5, { t: 'l', v: 5 }],
    ['long', '9223372036854775807', { t: 'l', v: String(MAX) }],
    ['unsignedByte', 255, { t: 'B', v: 255 }],
    ['unsignedShort', 65535, { t: 'u', v: 65535 }],
    ['unsignedInt', 2 ** 32 - 1, { t: 'i', v: 2 ** 32 - 1 }],
    ['float', 1.5, { t: 'f', v: 1.5 }],
    ['float', Infinity, { t: 'f', v: Infinity }],
    ['double', 2, { t: 'd', v: 2 }],
    ['decimal', '12.340', { t: 'D', v: { scale: 3, unscaled: 12340 } }],
    ['decimal', '-0.05', { t: 'D', v: { scale: 2, unscaled: -5 } }],
    ['decimal', 7, { t: 'D', v: { scale: 0, unscaled: 7 } }],
    ['timestamp', new Date(1999), { t: 'T', v: 1 }],
    ['timestamp', 1704164645, { t: 'T', v: 1704164645 }],
  ])('as %s: %p', (type, value, field) => {
    expect(written(amqpTyped(type, value))).toEqual(field);
    expect(written([amqpTyped(type, value)])).toEqual({ t: 'A', v: [field] });
  });

  test('as amqplib writes it', () => {
    const fields: Fields = {
      s: { t: 'S', v: 'ü' },
      I: { t: 'I', v: -5 },
      l: { t: 'l', v: String(MAX) },
      D: { t: 'D', v: { scale: 2, unscaled: -150 } },
      A: { t: 'A', v: [{ t: 'x', v: 'AAH/' }, { t: 'F', v: { t: { t: 't', v: false } } }] }, // prettier-ignore
    };
    for (const [name, value] of Object.entries({
      s: 'ü',
      I: -5,
      l: MAX,
      D: amqpTyped('decimal', '-1.50'),
      A: [Buffer.of(0, 1, 255), { t: false }],
    })) {
      writer.field(name, value);
    }
    expect(writer.take().equals(writeFields(fields))).toBe(true);
  });

  test('large values, and many of them', () => {
    const text = '😀'.repeat(50_000);
    writer.field('large', text);
    for (let n = 0; n < 1000; n++) writer.field(`h${n}`, 'x'.repeat(100));
    const fields = readFields(writer.take());
    expect(fields['large']).toEqual({ t: 'S', v: text });
    expect(Object.keys(fields)).toHaveLength(1001);
  });
});

describe('refused', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);

  test.each<[string, unknown, string]>([
    ['a bigint of more than 64 bits', MAX + 1n, '9223372036854775808'],
    ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
    ['a function', () => 1, 'function'],
    ['a symbol within', { a: Symbol('s') }, 'symbol'],
    ['a cycle', cyclic, 'more than 100 levels'],
  ])('%s', (_, value, given) => {
    writer.field('before', 1);
    expect(() => writer.field('h', value)).toThrow(
      expect.objectContaining({
        code: 'CONVERSION',
        message: expect.stringContaining('"h"'),
        details: expect.objectContaining({ given }),
      }),
    );
    expect(writer.length).toBe(0);
  });

  test('a name that is too long', () => {
    expect(() => writer.field('ü'.repeat(128), 1)).toThrow(expect.objectContaining({ code: 'CONVERSION' }));
    writer.field('ü'.repeat(127), 1);
    expect(Object.keys(readFields(writer.take()))).toEqual(['ü'.repeat(127)]);
  });

  test.each<[AmqpType, AmqpTypedInput]>([
    ['byte', 128],
    ['short', 1.5],
    ['int', 2 ** 31],
    ['long', MAX + 1n],
    ['unsignedByte', -1],
    ['unsignedInt', '4294967296'],
    ['float', 1e39],
    ['float', '1'],
    ['double', 1n],
    ['decimal', '1e3'],
    ['decimal', '99999999999'],
    ['timestamp', new Date(Number.NaN)],
    ['timestamp', 1.5],
  ])('as %s: %p', (type, value) => {
    expect(() => amqpTyped(type, value)).toThrow(
      expect.objectContaining({ code: 'CONVERSION', message: expect.stringContaining(type) }),
    );
  });

  test('an unknown type', () => {
    expect(() => amqpTyped('string' as AmqpType, 'x')).toThrow(/There is no AMQP type "string"[^]*byte, short/);
    expect(() => amqpTyped('toString' as AmqpType, 'x')).toThrow(/There is no AMQP type/);
  });
});

test('a typed value behaves as its number', () => {
  const seven = amqpTyped('short', 7);
  expect(Number(seven) + 1).toBe(8);
  expect(`${String(seven)} ${JSON.stringify({ seven })}`).toBe('7 {"seven":7}');
  expect(JSON.stringify([amqpTyped('long', MAX), amqpTyped('decimal', '1.50')])).toBe('["9223372036854775807",1.5]');
  expect(String(amqpTyped('decimal', '1.50'))).toBe('1.50');
});

describe('read', () => {
  test.each<[Field, unknown]>([
    [{ t: 'I', v: -1 }, -1],
    [{ t: 's', v: -300 }, -300],
    [{ t: 'b', v: -8 }, -8],
    [{ t: 'B', v: 200 }, 200],
    [{ t: 'u', v: 60000 }, 60000],
    [{ t: 'i', v: 4e9 }, 4e9],
    [{ t: 'l', v: 5 }, 5],
    [{ t: 'l', v: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
    [{ t: 'l', v: '9007199254740993' }, 9007199254740993n],
    [{ t: 'l', v: '-9223372036854775808' }, -MAX - 1n],
    [{ t: 'f', v: 0.5 }, 0.5],
    [{ t: 'd', v: 2 }, 2],
    [{ t: 't', v: true }, true],
    [{ t: 'S', v: '消息' }, '消息'],
    [{ t: 'T', v: 1704164645 }, new Date('2024-01-02T03:04:05Z')],
    [{ t: 'T', v: '9000000000000000000' }, new AmqpTyped('timestamp', 9000000000000000000n)],
    [{ t: 'x', v: 'AAH/' }, Uint8Array.of(0, 1, 255)],
    [{ t: 'D', v: { scale: 3, unscaled: 12340 } }, new AmqpTyped('decimal', '12.340')],
    [{ t: 'D', v: { scale: 3, unscaled: -5 } }, new AmqpTyped('decimal', '-0.005')],
    [{ t: 'D', v: { scale: 0, unscaled: -(2 ** 31) } }, new AmqpTyped('decimal', '-2147483648')],
    [
      {
        t: 'A',
        v: [
          { t: 'V', v: null },
          { t: 'l', v: '9007199254740993' },
        ],
      },
      [null, 9007199254740993n],
    ],
    [{ t: 'F', v: { a: { t: 'F', v: { s: { t: 's', v: 1 } } } } }, { a: { s: 1 } }],
  ])('%j', (field, value) => {
    expect(read(field)).toEqual(value);
  });

  test('a field without a value is not there, as in Spring', () => {
    expect(new ReceivedTable(writeFields({ a: { t: 'V', v: null }, b: { t: 'I', v: 1 } })).values).toEqual({ b: 1 });
  });

  test('names that objects have already', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    for (const name of names) writer.field(name, name);
    writer.field('nested', new Map(names.map((name) => [name, name])));
    const { values } = new ReceivedTable(Buffer.from(writer.take()));
    for (const name of names) expect(values[name]).toBe(name);
    expect(Object.entries(values['nested']!)).toEqual(names.map((name) => [name, name]));
    expect(Object.getPrototypeOf(values['nested'])).toBe(Object.prototype);
  });

  test('as amqplib reads it, but for what it rounds', () => {
    const headers = { s: 'x', n: 200, d: 1.5, yes: true, list: [1, 'a'], map: { b: { c: -1 } } };
    const table = amqplibTable(headers);
    expect(new ReceivedTable(table).values).toEqual(decodeWithAmqplib(table));
    const large = writeFields({ id: { t: 'l', v: '9007199254740993' } });
    expect(decodeWithAmqplib(large)).toEqual({ id: 9007199254740992 });
  });

  test.each<[string, Buffer, string]>([
    ['a value that is cut off', Buffer.from('0161490000', 'hex'), 'out of range'],
    ['a text that is cut off', Buffer.from('01615300000005', 'hex'), 'ends in the middle'],
    ['a name that is cut off', Buffer.from('0561', 'hex'), 'ends in the middle'],
    ['an unknown type', Buffer.from('01615a', 'hex'), '0x5a'],
    ['lists without end', nestedLists(101), 'more than 100 levels'],
  ])('%s is a failure to be told, not thrown; what came before is there', (_, broken, why) => {
    const table = new ReceivedTable(Buffer.concat([writeFields({ ok: { t: 'I', v: 1 } }), broken]));
    expect(table.values).toEqual({ ok: 1 });
    expect(table.failure).toMatchObject({ code: 'CONVERSION', message: expect.stringContaining(why) });
  });

  test('a hundred levels', () => {
    const table = new ReceivedTable(nestedLists(100));
    expect(table.values['a']).toBeDefined();
    expect(table.failure).toBeUndefined();
  });
});

describe('passed on', () => {
  const fields: Fields = {
    b: { t: 'b', v: 1 },
    l: { t: 'l', v: 5 },
    d: { t: 'd', v: 2 },
    f: { t: 'f', v: 0.10000000149011612 },
    big: { t: 'l', v: '9007199254740993' },
    nan: { t: 'd', v: Number.NaN },
    map: { t: 'F', v: { s: { t: 's', v: 3 }, list: { t: 'A', v: [{ t: 'b', v: 1 }] } } },
    D: { t: 'D', v: { scale: 1, unscaled: 5 } },
    V: { t: 'V', v: null },
  };

  test('what is the same under the same name keeps its bytes', () => {
    const table = new ReceivedTable(writeFields(fields));
    for (const name in table.values) {
      const bytes = table.unchanged(name, table.values[name]);
      expect(bytes && readFields(bytes)).toEqual({ [name]: fields[name] });
    }
    expect(Object.keys(table.values)).toHaveLength(8);
  });

  test('another value, another name and a changed record do not', () => {
    const table = new ReceivedTable(writeFields(fields));
    const map = table.values['map'] as { s: number };
    expect(table.unchanged('b', 2)).toBeUndefined();
    expect(table.unchanged('b', '1')).toBeUndefined();
    expect(table.unchanged('other', 1)).toBeUndefined();
    expect(table.unchanged('V', null)).toBeUndefined();
    expect(table.unchanged('toString', undefined)).toBeUndefined();
    expect(table.unchanged('map', map)).toBeDefined();
    map.s = 4;
    expect(table.unchanged('map', map)).toBeUndefined();
  });

  test('without some of them', () => {
    const table = new ReceivedTable(writeFields(fields));
    const { b: _, map: __, ...rest } = fields;
    expect(readFields(table.without(new Set(['b', 'map', 'none'])))).toEqual(rest);
  });
});

/** One field `a` of so many lists within each other. */
function nestedLists(levels: number): Buffer {
  let value = Buffer.alloc(0);
  for (let n = 0; n < levels; n++) {
    const head = Buffer.from('A\0\0\0\0');
    head.writeUInt32BE(value.length, 1);
    value = Buffer.concat([head, value]);
  }
  return Buffer.concat([Buffer.from('\u0001a'), value]);
}

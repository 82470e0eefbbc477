import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { javaHashCode, partitionOf } from '../../src/binding/partition.js';

type Partitions = Readonly<Record<'2' | '3' | '8', number>>;
interface Recorded {
  readonly type: string;
  readonly value: unknown;
  readonly rabbit: Partitions;
  readonly kafka: Partitions;
}

/** Where Spring Cloud Stream 3.2.10 sent a message with that key, on both brokers. */
const recorded = JSON.parse(
  readFileSync(new URL('fixtures/partitions.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

function keyOf({ type, value }: Pick<Recorded, 'type' | 'value'>): unknown {
  switch (type) {
    case 'long':
      return BigInt(value as string);
    case 'uuid': {
      const bits = BigInt(`0x${(value as string).replaceAll('-', '')}`);
      return BigInt.asIntN(64, (bits >> 64n) ^ bits);
    }
    case 'list':
      return (value as unknown[]).map((item) =>
        typeof item === 'object' ? keyOf(item as Pick<Recorded, 'type' | 'value'>) : item,
      );
    default:
      return value;
  }
}

describe("Spring's recordings", () => {
  test.each(recorded)('$type $value', (row) => {
    const key = keyOf(row);
    const ours = { 2: partitionOf(key, 2), 3: partitionOf(key, 3), 8: partitionOf(key, 8) };
    expect({ rabbit: ours, kafka: ours }).toEqual({ rabbit: row.rabbit, kafka: row.kafka });
  });

  test('are all there', () => {
    expect(recorded).toHaveLength(67);
    expect(new Set(recorded.map(({ type }) => type))).toEqual(
      new Set(['string', 'int', 'long', 'uuid', 'boolean', 'double', 'list']),
    );
  });
});

describe('javaHashCode', () => {
  // printed by Java itself
  test.each<[unknown, number]>([
    ['', 0],
    ['hello', 99162322],
    ['polygenelubricants', -2147483648],
    ['😀', 1772899],
    [0, 0],
    [-0, 0],
    [-30, -30],
    [2147483647, 2147483647],
    [2147483648, -2147483648],
    [-2147483649, -2147483648],
    [5n, 5],
    [-30n, 29],
    [2.5, 1074003968],
    [-0.1, 639631363],
    [Number.NaN, 2146959360],
    [Infinity, 2146435072],
    [true, 1231],
    [false, 1237],
    [new Date(1704164645678), -937370974],
    [[], 1],
    [['a', null], 3968],
    [['a', [1, 'b']], 5058],
  ])('%p', (value, hash) => {
    expect(javaHashCode(value)).toBe(hash);
  });

  class Order {
    readonly id = 1;
  }

  test.each<[unknown, RegExp]>([
    [null, /cannot be null/],
    [undefined, /cannot be null/],
    [Buffer.from('x'), /Bytes hash differently/],
    [{ id: 1 }, /An object hashes differently/],
    [new Order(), /An object hashes differently/],
    [['a', { id: 1 }], /This list hashes differently/],
  ])('%p is no key', (value, message) => {
    expect(() => javaHashCode(value)).toThrow(message);
    expect(() => partitionOf(value, 3)).toThrow(expect.objectContaining({ code: 'PARTITION_KEY' }));
  });
});

describe('a selected partition', () => {
  test.each<[unknown, number, number]>([
    [14, 4, 2],
    [-5, 3, 2],
    [2.9, 4, 2],
    [7n, 4, 3],
    [-2147483648, 3, 2],
  ])('%p of %p', (selected, count, partition) => {
    expect(partitionOf('unused', count, selected)).toBe(partition);
  });

  test('the key may then be anything', () => {
    expect(partitionOf({ id: 1 }, 4, 1)).toBe(1);
  });

  test.each([null, 'a', Number.NaN])('%p is none', (selected) => {
    expect(() => partitionOf('key', 4, selected)).toThrow('The partition selector gave no number');
  });
});

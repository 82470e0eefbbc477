import { describe, expect, test } from '@jest/globals';
import { bodyArgument, parameterArgument } from '../src/arguments.js';
import type { RequestValueOptions } from '../src/index.js';

const request = (query: string, body = '', contentType = 'application/json') => ({
  variable: () => undefined,
  header: () => undefined,
  parameters: new URLSearchParams(query),
  body: Buffer.from(body, 'latin1'),
  contentType,
});
const read = (type: unknown, query: string, options: Partial<RequestValueOptions> = {}): unknown =>
  parameterArgument({ name: 'a', ...options }, type)(request(query));
const readBody = (type: unknown, body: string, contentType?: string): unknown =>
  bodyArgument(type)(request('', body, contentType));

describe('values of a request', () => {
  test.each([
    [String, 'a=x%20y+z', 'x y z'],
    [String, 'a=', ''],
    [Object, 'a=1', '1'],
    [Function, 'a=1', '1'],
    [undefined, 'a=1', '1'],
    [Number, 'a=-1.5e3', -1500],
    [Number, 'a=%2042%20', 42],
    [BigInt, 'a=9007199254740993', 9007199254740993n],
    [Boolean, 'a=TRUE', true],
    [Boolean, 'a=off', false],
    [Array, 'a=1&a=2', ['1', '2']],
    [Array, 'a=1,2', ['1', '2']],
  ])('%p from %s', (type, query, expected) => {
    expect(read(type, query)).toEqual(expected);
  });

  test.each([
    [Number, 'a=x'],
    [Number, 'a=0x10'],
    [Number, 'a=Infinity'],
    [Number, 'a=1e999'],
    [Number, 'a=9007199254740993'],
    [Number, 'a='],
    [Boolean, 'a=constructor'],
    [BigInt, 'a=1.5'],
    [String, 'b=1'],
    [Array, ''],
  ])('%p from %s is a bad request', (type, query) => {
    expect(() => read(type, query)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('what is not required may be absent; a default stands for what is absent or empty', () => {
    expect(read(String, '', { required: false })).toBeUndefined();
    expect(read(Number, '', { defaultValue: '7' })).toBe(7);
    expect(read(Number, 'a=', { defaultValue: 7 })).toBe(7);
    expect(read(String, 'a=', { defaultValue: 'x' })).toBe('x');
    expect(read(Array, '', { defaultValue: 'x,y' })).toEqual(['x', 'y']);
    expect(read(Number, 'a=8', { defaultValue: '7' })).toBe(8);
  });
});

describe('bodies', () => {
  class Person {
    name = 'nobody';
    age = 0;
    greeting(): string {
      return `I am ${this.name}`;
    }
  }

  test('a class is made, then given the keys of the JSON object; its methods stay', () => {
    const person = readBody(Person, '{"name":"Ann","greeting":"x"}') as Person;
    expect(person).toBeInstanceOf(Person);
    expect(person.greeting()).toBe('I am Ann');
    expect(person.age).toBe(0);
  });

  test.each([
    [Object, '{"a":[1]}', 'application/json;charset=UTF-8', { a: [1] }],
    [Function, '[1]', 'application/vnd.api+json', [1]],
    [undefined, '"x"', 'application/json', 'x'],
    [Array, '[1]', 'application/json', [1]],
    [Number, '1', 'application/json', 1],
    [String, '{"a":1}', 'application/json', '{"a":1}'],
    [String, '\xe9', 'text/plain; charset=latin1', 'é'],
    [String, '\xc3\xa9', 'text/plain', 'é'],
    [Buffer, '\xff\x00', '', Buffer.from([255, 0])],
  ])('%p from %s as %s', (type, body, contentType, expected) => {
    expect(readBody(type, body, contentType)).toEqual(expected);
  });

  test.each([
    [Person, '{"name":', 'application/json', 400],
    [Person, '[]', 'application/json', 400],
    [Person, 'null', 'application/json', 400],
    [Person, '', 'application/json', 400],
    [String, '', 'text/plain', 400],
    [Buffer, '', '', 400],
    [Person, '{"__proto__":{"admin":true}}', 'application/json', 400],
    [Object, '"\xff"', 'application/json', 400],
    [Array, '{}', 'application/json', 400],
    [Number, '"1"', 'application/json', 400],
    [Person, '{}', 'text/plain', 415],
    [Person, '{}', '', 415],
    [String, 'x', 'text/plain;charset=klingon', 415],
  ])('%p from %s as %s is refused', (type, body, contentType, status) => {
    expect(() => readBody(type, body, contentType)).toThrow(expect.objectContaining({ status }));
  });
});

import { describe, expect, test } from '@jest/globals';
import { decodeHeaders, encodeHeaders, type Headers } from '../src/records.js';

const roundTrip = (headers: Headers): Headers => decodeHeaders(encodeHeaders(headers));

describe('headers in the log', () => {
  test('plain headers are plain JSON', () => {
    expect(encodeHeaders({ contentType: 'application/json', n: 1.5, on: true, none: null })).toBe(
      '{"contentType":"application/json","n":1.5,"on":true,"none":null}',
    );
  });

  test.each([
    ['a bigint', 2n ** 70n],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus infinity', Number.NEGATIVE_INFINITY],
    ['minus zero', -0],
    ['a float', 0.1],
    ['a large integer', Number.MAX_SAFE_INTEGER],
    ['a date', new Date('2026-01-31T12:00:00.001Z')],
    ['bytes', Uint8Array.of(0, 255, 128)],
    ['no bytes', new Uint8Array()],
    ['null', null],
    ['astral and lone surrogates', '𝒳\ud800\u0000'],
    ['a nested array', [1, [2n, null, new Date(0)], 'x']],
    ['a nested object', { a: { b: [Uint8Array.of(1)], c: -0 } }],
    ['an empty object', {}],
    ['keys like our tags', { $date: 'no date' }],
    ['keys like escaped tags', { $$date: 1, $: 2, $bytes: 3n }],
    ['an unknown tag of its own', { $ref: 'x' }],
  ])('%s comes back as it was', (_, value) => {
    const { header } = roundTrip({ header: value });
    expect(header).toStrictEqual(value);
    expect(Object.is(header, -0)).toBe(Object.is(value, -0));
  });

  test('an invalid date stays an invalid date', () => {
    const { at } = roundTrip({ at: new Date(Number.NaN) });
    expect(at).toBeInstanceOf(Date);
    expect((at as Date).getTime()).toBeNaN();
  });

  test('a view keeps only its own bytes', () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    expect(roundTrip({ view })).toStrictEqual({ view: Uint8Array.of(1, 2) });
  });

  test('a key named __proto__ is a key, at the top and below', () => {
    const parsed = JSON.parse('{"__proto__":"top","nested":{"__proto__":"below"}}') as Headers;
    for (const headers of [
      parsed,
      JSON.parse('{"__proto__":"top","nested":{"__proto__":"below","$x":1}}') as Headers,
    ]) {
      const back = roundTrip(headers);
      expect(Object.entries(back)).toEqual(Object.entries(headers));
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      expect(Object.keys(back['nested'] as object)).toContain('__proto__');
    }
  });

  test('a header name may begin with a dollar', () => {
    expect(roundTrip({ $date: 'x', $n: 1n })).toStrictEqual({ $date: 'x', $n: 1n });
  });
});

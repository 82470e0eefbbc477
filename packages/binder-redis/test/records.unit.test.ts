/** Records to fields and back, and what a stranger may write. `wire-format.int.test.ts` does it through Redis. */
import { describe, expect, test } from '@jest/globals';
import { StreambindError, type HeaderValue, type WireRecord } from '@streambind/core/binder';
import { deadLetterFields } from '../src/records/dead-letter.js';
import { decodeEntry, encodeFields, type Encoded } from '../src/records/entry.js';

/** As Redis returns them. */
const stored = (...fields: Encoded): Buffer[] => fields.map((each) => Buffer.from(each));

const record = (headers: Record<string, HeaderValue> = {}, more: Partial<WireRecord> = {}): WireRecord => ({
  payload: Buffer.from('hello'),
  headers,
  ...more,
});

const there = (given: WireRecord) => decodeEntry(stored(...encodeFields(given)));

/** By name. */
const byName = (fields: Encoded): Record<string, string> => {
  const found: Record<string, string> = {};
  for (let at = 0; at < fields.length; at += 2) found[String(fields[at])] = String(fields[at + 1]);
  return found;
};

describe('a record', () => {
  test('is fields that a person can read', () => {
    const headers = { contentType: 'application/json', id: 'i', timestamp: 5, tenant: 'acme' };
    expect(encodeFields(record(headers, { payload: Buffer.from('{"a":1}'), key: 'k' }))).toEqual([
      'payload',
      Buffer.from('{"a":1}'),
      'contentType',
      'application/json',
      'headers',
      '{"id":"i","timestamp":5,"tenant":"acme"}',
      'key',
      'k',
    ]);
  });

  test('without headers and key is its payload alone', () => {
    expect(encodeFields(record())).toEqual(['payload', Buffer.from('hello')]);
  });

  test('without a payload is not one with an empty payload', () => {
    expect(encodeFields(record({}, { payload: null }))).toEqual(['tombstone', 'true']);
    expect(there(record({}, { payload: null })).payload).toBeNull();
    expect(there(record({}, { payload: new Uint8Array(0) })).payload).toEqual(Buffer.alloc(0));
  });

  test('keeps bytes, those of a view alone', () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(there(record({}, { payload: all.subarray(100, 200) })).payload).toEqual(Buffer.from(all.subarray(100, 200)));
  });

  test.each<[string, string | Uint8Array, unknown]>([
    ['text', 'Grüße', 'Grüße'],
    ['bytes that are text', Buffer.from('k'), 'k'],
    ['other bytes', Uint8Array.of(0xff, 0x00), Buffer.of(0xff, 0x00)],
  ])('keeps a key of %s', (_, key, comes) => {
    expect(there(record({}, { key })).key).toEqual(comes);
  });

  test.each<[string, HeaderValue]>([
    ['text', 'Grüße'],
    ['half a character', '\uD800'],
    ['a number', 1.5],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['infinity', -Infinity],
    ['a bigint', 2n ** 70n],
    ['a negative bigint', -1n],
    ['a boolean', false],
    ['a date', new Date(86_400_000)],
    ['bytes', Uint8Array.of(1, 2, 255)],
    ['no bytes', new Uint8Array(0)],
    ['null', null],
    ['a list', [1, 'a', null, [2n], { a: new Date(0) }]],
    ['an object', { a: 1, b: { c: Uint8Array.of(7) }, __proto__: null } as unknown as HeaderValue],
    ['an object that looks like a tag', { $bigint: '5' }],
    ['a key that begins with two of them', { $$a: 1n, $b: { $date: 'no' } }],
    ['an unknown tag', { $ref: 'x' }],
  ])('keeps a header that is %s', (_, value) => {
    expect(there(record({ value }))).toEqual({ payload: Buffer.from('hello'), headers: { value } });
  });

  test('keeps an invalid date', () => {
    const { value } = there(record({ value: new Date(Number.NaN) })).headers;
    expect(value).toBeInstanceOf(Date);
    expect(Number(value)).toBeNaN();
  });

  test.each(['__proto__', 'constructor', 'payload', 'tombstone', 'headers', 'key', '$date', '', 'a b\r\n', 'h:x'])(
    'keeps a header by the name of %j',
    (name) => {
      const headers = Object.fromEntries([[name, 'x']]);
      expect(Object.entries(there(record(headers)).headers)).toEqual([[name, 'x']]);
    },
  );

  test('keeps a content type that is not text where it is no content type', () => {
    expect(there(record({ contentType: 5 })).headers).toEqual({ contentType: 5 });
  });

  test('leaves out what is not set', () => {
    expect(encodeFields(record({ a: undefined as unknown as HeaderValue }))).toHaveLength(2);
  });

  test('leaves out what a pattern keeps back, but never what every message has', () => {
    const headers = { contentType: 'text/plain', id: 'i', timestamp: 5, tenant: 'acme', secret: 'x' };
    const passes = (name: string): boolean => name === 'tenant';
    const expected = { contentType: 'text/plain', id: 'i', timestamp: 5, tenant: 'acme' };
    expect(decodeEntry(stored(...encodeFields(record(headers), passes))).headers).toEqual(expected);
    expect(decodeEntry(stored(...encodeFields(record(headers))), undefined, passes).headers).toEqual(expected);
  });
});

describe('an entry that a stranger wrote', () => {
  test('needs no more than a payload', () => {
    expect(decodeEntry(stored('payload', 'hello'))).toEqual({ payload: Buffer.from('hello'), headers: {} });
  });

  test('has a header for each other field', () => {
    const bytes = Buffer.of(0xff, 0xfe);
    const fields = stored(
      'tenant',
      'acme',
      'payload',
      'x',
      'raw',
      bytes,
      '__proto__',
      'p',
      'contentType',
      'text/plain',
    );
    const { headers } = decodeEntry(fields);
    expect(Object.entries(headers)).toEqual([
      ['tenant', 'acme'],
      ['raw', bytes],
      ['__proto__', 'p'],
      ['contentType', 'text/plain'],
    ]);
  });

  test('says with a field of its own what counts', () => {
    const headers = '{"tenant":"a","contentType":"b","other":1}';
    expect(
      decodeEntry(stored('payload', 'x', 'tenant', 'acme', 'headers', headers, 'contentType', 'text/plain')).headers,
    ).toEqual({ tenant: 'acme', contentType: 'text/plain', other: 1 });
  });

  test.each<[string, Encoded, RegExp]>([
    [
      'no payload',
      ['body', 'hello', 'tenant', 'acme'],
      /no field "payload"[^]*the fields body, tenant[^]*Write the body/,
    ],
    ['two payloads', ['payload', 'a', 'payload', 'b'], /"payload" is there twice/],
    ['two tombstones', ['tombstone', 'true', 'tombstone', 'true'], /"tombstone" is there twice/],
    ['payload and tombstone', ['payload', 'a', 'tombstone', 'true'], /exclude each other/],
    ['tombstone and payload', ['tombstone', 'true', 'payload', 'a'], /exclude each other/],
    ['a tombstone that is none', ['tombstone', 'false'], /"tombstone" can only be true[^]*false/],
    ['two content types', ['payload', '', 'contentType', 'a', 'contentType', 'b'], /"contentType" is there twice/],
    ['two keys', ['payload', '', 'key', 'a', 'key', 'a'], /"key" is there twice/],
    ['two maps of headers', ['payload', '', 'headers', '{}', 'headers', '{}'], /"headers" is there twice/],
    ['a header twice', ['payload', '', 'tenant', 'a', 'tenant', 'b'], /"tenant" is there twice/],
    ['broken JSON', ['payload', '', 'headers', '{"a":'], /"headers" is not JSON[^]*\{"a":/],
    ['a list of headers', ['payload', '', 'headers', '[1]'], /not a JSON object[^]*\[1\]/],
    ['null as headers', ['payload', '', 'headers', 'null'], /not a JSON object/],
    ['headers that are not UTF-8', ['payload', '', 'headers', Buffer.of(0x22, 0xff, 0x22)], /"headers" is not UTF-8/],
    ['a content type that is not UTF-8', ['payload', '', 'contentType', Buffer.of(0xff)], /"contentType" is not UTF-8/],
    ['a bigint of letters', ['payload', '', 'headers', '{"n":{"$bigint":"1x"}}'], /header "n"[^]*\$bigint":"1x/],
    ['a bigint that is a number', ['payload', '', 'headers', '{"n":{"$bigint":1}}'], /header "n"/],
    ['a date that is none', ['payload', '', 'headers', '{"d":[{"$date":"soon"}]}'], /header "d"[^]*soon/],
    ['bytes that are not base64', ['payload', '', 'headers', '{"b":{"$bytes":"?"}}'], /header "b"[^]*base64/],
    ['a number that JSON can say', ['payload', '', 'headers', '{"n":{"$number":"5"}}'], /header "n"/],
  ])('is malformed with %s', (_, fields, says) => {
    let thrown: unknown;
    try {
      decodeEntry(stored(...fields), 'orders 17-0');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StreambindError);
    expect(thrown).toMatchObject({ code: 'CONVERSION', details: { where: 'orders 17-0' } });
    expect((thrown as Error).message).toMatch(says);
  });

  test('is not shown whole where it is long', () => {
    expect(() => decodeEntry(stored('payload', '', 'headers', 'x'.repeat(5000)))).toThrow(
      /x{200}… \(5000 characters\)/,
    );
  });
});

describe('a dead letter', () => {
  const death = { stream: 'orders-2', id: '17-0', group: 'billing', reason: new Error('no stock'), attempts: 3 };

  test('is its entry, byte for byte, and what became of it', () => {
    const bytes = Buffer.of(0xff, 0x00);
    const raw = stored('payload', bytes, 'headers', '{"broken', 'payload', 'again');
    const dead = deadLetterFields(raw, death);
    expect(dead.slice(0, raw.length)).toEqual(raw);
    expect(byName(dead.slice(raw.length))).toEqual({
      'x-original-stream': 'orders-2',
      'x-original-id': '17-0',
      'x-original-group': 'billing',
      'x-exception-message': 'no stock',
      'x-exception-stacktrace': expect.stringMatching(/^Error: no stock\n/),
      'x-error-code': 'Error',
      'x-attempts': '3',
      'x-last-failure': expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
  });

  test('is readable, and replaces what an earlier death left', () => {
    const first = deadLetterFields(stored('payload', 'hello', 'tenant', 'acme'), death);
    const second = stored(
      ...deadLetterFields(stored(...first), { ...death, stream: 'error.orders.billing', attempts: 1 }),
    );
    const { payload, headers } = decodeEntry(second);
    expect(payload).toEqual(Buffer.from('hello'));
    expect(headers).toMatchObject({ tenant: 'acme', 'x-original-stream': 'error.orders.billing', 'x-attempts': '1' });
    expect(second).toHaveLength(first.length);
  });

  test.each<[string, Error, string]>([
    ['of ours', new StreambindError('REJECTED', 'no'), 'REJECTED'],
    ["of Node's", Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'],
    ['by its name', new TypeError('no'), 'TypeError'],
  ])('has a code %s', (_, reason, code) => {
    expect(byName(deadLetterFields([], { ...death, reason }))['x-error-code']).toBe(code);
  });

  test('tells causes, and nothing without end', () => {
    const reason = new Error('x'.repeat(20_000), { cause: new Error('disk') });
    const short = new Error('outer', { cause: new Error('inner') });
    const long = byName(deadLetterFields([], { ...death, reason }));
    expect(long['x-exception-message']).toHaveLength(8192);
    expect(long['x-exception-stacktrace']).toHaveLength(8192);
    expect(byName(deadLetterFields([], { ...death, reason: short }))['x-exception-stacktrace']).toMatch(
      /^Error: outer[^]*\nCaused by: Error: inner\n/,
    );
  });
});

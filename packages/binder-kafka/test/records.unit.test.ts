/** What records are made of, where no recording says it. */
import { describe, expect, test } from '@jest/globals';
import { isStreambindError, type HeaderValue, type WireRecord } from '@streambind/core/binder';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from '../src/client/port.js';
import { DeadLetterHeaders, KafkaHeaders, UntrustedHeader, kafkaTyped } from '../src/index.js';
import { deadLetterRecord } from '../src/records/dead-letter.js';
import { ReceivedRecord, type Origin } from '../src/records/inbound.js';
import { encoder, type EncodingSettings } from '../src/records/outbound.js';

const SETTINGS: EncodingSettings = {
  topic: 'orders',
  headerMode: 'headers',
  useTopicHeader: false,
  embeddedHeaders: [],
};

const ORIGIN: Origin = { topic: 'orders', partition: 3, group: 'g', headerMode: 'headers', trustedPackages: [] };

function encode(
  headers: Record<string, unknown>,
  settings: Partial<EncodingSettings> = {},
  more: Partial<WireRecord> = {},
): OutgoingRecord {
  const sent = headers as Record<string, HeaderValue>;
  return encoder({ ...SETTINGS, ...settings })({ payload: Buffer.from('p'), headers: sent, ...more });
}

const texts = (headers: RecordHeaders): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = String(value);
      return [name, name === 'spring_json_header_types' ? JSON.parse(text) : text];
    }),
  );

const arrived = (headers: RecordHeaders, more: Partial<IncomingRecord> = {}): IncomingRecord => ({
  offset: '7',
  key: null,
  value: Buffer.from('v'),
  headers,
  timestamp: '1795259355061',
  timestampType: 'CreateTime',
  ...more,
});

const read = (headers: RecordHeaders, origin: Partial<Origin> = {}, more: Partial<IncomingRecord> = {}) =>
  new ReceivedRecord(arrived(headers, more), { ...ORIGIN, ...origin });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isStreambindError(error, 'CONVERSION')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('values of headers', () => {
  test.each<[string, unknown, string, string | undefined]>([
    ['an integer', 42, '42', 'java.lang.Integer'],
    ['the largest int', 0x7fff_ffff, '2147483647', 'java.lang.Integer'],
    ['an integer beyond 32 bits', 0x8000_0000, '2147483648', 'java.lang.Long'],
    ['an integer beyond 2^53', 1e20, '100000000000000000000', 'java.lang.Double'],
    ['a fraction', 2.5, '2.5', 'java.lang.Double'],
    ['minus zero', -0, '-0.0', 'java.lang.Double'],
    ['no number', NaN, '"NaN"', 'java.lang.Double'],
    ['a bigint', 5n, '5', 'java.lang.Long'],
    ['a bigint beyond 64 bits', 1n << 63n, '9223372036854775808', 'java.math.BigInteger'],
    ['a boolean', false, 'false', 'java.lang.Boolean'],
    ['an empty string', '', '', 'java.lang.String'],
    ['a Date', new Date(1704164645678), '1704164645678', 'java.util.Date'],
    ['bytes', Uint8Array.of(104, 105), 'hi', undefined],
    ['an array', ['a', 1, null, undefined], '["a",1,null,null]', 'java.util.ArrayList'],
    ['a Set', new Set([1]), '[1]', 'java.util.ArrayList'],
    ['a Map', new Map([['a', 1n]]), '{"a":1}', 'java.util.LinkedHashMap'],
    [
      'an object',
      { a: undefined, b: new Date(5), c: Uint8Array.of(104, 105), d: () => 1, e: Infinity, f: { toJSON: () => 'x' } },
      '{"b":5,"c":"aGk=","e":"Infinity","f":"x"}',
      'java.util.LinkedHashMap',
    ],
    ['an object that is text', new URL('http://a/b'), 'http://a/b', 'java.lang.String'],
    ['an object that is a number', { toJSON: () => 7 }, '7', 'java.lang.Integer'],
    ['an object that is another one', { toJSON: () => ({ a: 1 }) }, '{"a":1}', 'java.util.LinkedHashMap'],
    ['a byte', kafkaTyped('byte', -128), '-128', 'java.lang.Byte'],
    ['a short', kafkaTyped('short', '7'), '7', 'java.lang.Short'],
    ['an int', kafkaTyped('int', 7), '7', 'java.lang.Integer'],
    ['a long', kafkaTyped('long', 5), '5', 'java.lang.Long'],
    ['a long of 64 bits', kafkaTyped('long', '9223372036854775807'), '9223372036854775807', 'java.lang.Long'],
    ['a BigInteger', kafkaTyped('bigInteger', 5), '5', 'java.math.BigInteger'],
    ['a float', kafkaTyped('float', 0.1), '0.1', 'java.lang.Float'],
    ['a double', kafkaTyped('double', 0.1), '0.1', 'java.lang.Double'],
    ['a BigDecimal', kafkaTyped('bigDecimal', '12.340'), '12.340', 'java.math.BigDecimal'],
    ['a char', kafkaTyped('char', 'c'), '"c"', 'java.lang.Character'],
    ['a UUID', kafkaTyped('uuid', 'u'), '"u"', 'java.util.UUID'],
    ['quoted text', kafkaTyped('mimeType', 'a/b'), '"a/b"', 'java.lang.String'],
    ['an instant', kafkaTyped('instant', new Date(-1)), '-1.999000000', 'java.time.Instant'],
    ['a class', kafkaTyped('com.acme.Order', { id: 1n }), '{"id":1}', 'com.acme.Order'],
    ['an array of a class', kafkaTyped('[Ljava.lang.String;', ['a']), '["a"]', '[Ljava.lang.String;'],
  ])('%s', (_, value, text, javaClass) => {
    const { headers } = encode({ h: value });
    expect(texts(headers)).toEqual({
      h: text,
      ...(javaClass === undefined ? {} : { spring_json_header_types: { h: javaClass } }),
    });
  });

  test('what is null or undefined is not sent', () => {
    expect(encode({ none: null, nothing: undefined }).headers).toEqual({});
  });

  test.each([
    ['a function', () => () => 1],
    ['a symbol', () => Symbol('s')],
    ['an invalid Date', () => new Date(NaN)],
    ['an object that contains itself', () => { const circle: unknown[] = []; circle.push(circle); return circle; }], // prettier-ignore
  ])('%s is refused', (_, value) => {
    expect(refusal(() => encode({ h: value() }))).toContain('"h" cannot be sent');
  });

  test.each<[string, unknown]>([
    ['byte', 128],
    ['short', 1.5],
    ['int', 2 ** 31],
    ['long', 1n << 63n],
    ['bigInteger', 'x'],
    ['float', 1e39],
    ['double', '1'],
    ['bigDecimal', 'NaN'],
    ['char', 'ab'],
    ['uuid', 1],
    ['instant', new Date(NaN)],
  ])('no %s: %p', (type, value) => {
    expect(refusal(() => kafkaTyped(type, value))).toContain(`no ${type}`);
  });

  test('a type that is neither a short name nor a class', () => {
    expect(refusal(() => kafkaTyped('integer', 1))).toMatch(/no header type "integer"[^]*allowed: +byte, short, int/);
  });

  test('a typed value is its number', () => {
    expect(+kafkaTyped('long', 5)).toBe(5);
    expect(`${String(kafkaTyped('bigDecimal', '12.340'))} ${JSON.stringify([kafkaTyped('bigDecimal', '12.340'), kafkaTyped('long', 1n << 60n)])}`).toBe('12.340 [12.34,"1152921504606846976"]'); // prettier-ignore
  });
});

describe('on the way out', () => {
  test.each<[string, unknown, string]>([
    ['bytes', Uint8Array.of(0, 255), '00ff'],
    ['text', 'ü', 'c3bc'],
    ['a number', 7, '37'],
    ['a bigint', 7n, '37'],
    ['a boolean', true, '74727565'],
  ])('the key is %s', (_, key, hex) => {
    expect(encode({ [KafkaHeaders.MESSAGE_KEY]: key }).key!.toString('hex')).toBe(hex);
    expect(encode({}, {}, { evaluated: { messageKeyExpression: key } }).key!.toString('hex')).toBe(hex);
  });

  test('the result of the expression is the key before any other', () => {
    const headers = { [KafkaHeaders.MESSAGE_KEY]: 'header' };
    const evaluated = { messageKeyExpression: 'expression' };
    expect(String(encode(headers, {}, { evaluated, key: 'record' }).key)).toBe('expression');
    expect(String(encode(headers, {}, { evaluated: { messageKeyExpression: null } }).key)).toBe('header');
    expect(String(encode({}, {}, { key: 'record' }).key)).toBe('record');
    expect(encode({}).key).toBeNull();
  });

  test('an expression that names the payload leaves its result in a header', () => {
    const evaluated = { messageKeyExpression: 'k' };
    const sent = (messageKeyExpression: string) =>
      Object.keys(encode({}, { messageKeyExpression }, { evaluated }).headers);
    expect(sent('payload.id')).toEqual(['scst_messageKey', 'spring_json_header_types']);
    expect(sent("headers['key']")).toEqual([]);
  });

  test('partition, time and topic by headers', () => {
    const headers = {
      [KafkaHeaders.PARTITION_ID]: 0,
      [KafkaHeaders.TIMESTAMP]: new Date(5),
      [KafkaHeaders.TOPIC]: 't',
    };
    expect(encode(headers, { useTopicHeader: true })).toMatchObject({ partition: 0, timestamp: 5, topic: 't' });
    expect(encode(headers, {}, { partition: 2 })).toMatchObject({ partition: 2, topic: 'orders' });
    expect(encode({ [KafkaHeaders.TIMESTAMP]: 7n }, { useTopicHeader: true })).toMatchObject({
      timestamp: 7,
      topic: 'orders',
    });
  });

  test.each([
    [KafkaHeaders.MESSAGE_KEY, {}],
    [KafkaHeaders.PARTITION_ID, -1],
    [KafkaHeaders.PARTITION_ID, '1'],
    [KafkaHeaders.TIMESTAMP, -1],
    [KafkaHeaders.TIMESTAMP, new Date(NaN)],
    [KafkaHeaders.TOPIC, ''],
  ])('%s: %p is refused', (name, value) => {
    expect(refusal(() => encode({ [name]: value }, { useTopicHeader: true }))).toMatch(/cannot be sent/);
  });

  test('a tombstone has headers and no value', () => {
    const { value, headers } = encode({ contentType: 'application/json' }, {}, { payload: null });
    expect(value).toBeNull();
    expect(texts(headers)['contentType']).toBe('application/json');
  });

  test('nothing of the binder leaves, and nothing that a pattern keeps', () => {
    const headers = { ...Object.fromEntries(Object.values(KafkaHeaders).map((name) => [name, 0])), kafka_other: 'o', a: 1, AB: 2, id: 'i', timestamp: 3, scst_nativeHeadersPresent: true, spring_json_header_types: '{}' }; // prettier-ignore
    const names = (headerPatterns: string[]) => Object.keys(texts(encode(headers, { headerPatterns }).headers));
    const types = 'spring_json_header_types';
    expect(names([])).toEqual(['kafka_other', 'a', 'AB', types]);
    expect(names(['*'])).toEqual(['kafka_other', 'a', 'AB', types]);
    expect(names(['a*', '!ab'])).toEqual(['a', 'AB', types]);
    expect(names(['!ab', 'A*', 'id'])).toEqual(['a', types]);
    expect(names(['!a'])).toEqual([]);
  });

  test('the partition of a partitioned output is a header, which a pattern can keep', () => {
    expect(texts(encode({}, {}, { partition: 2 }).headers)).toEqual({
      scst_partition: '2',
      spring_json_header_types: { scst_partition: 'java.lang.Integer' },
    });
    expect(encode({}, { headerPatterns: ['!scst_*', '*'] }, { partition: 2 }).headers).toEqual({});
  });

  test('without headers', () => {
    expect(encode({ a: 1 }, { headerMode: 'none' }, { partition: 2 }).headers).toEqual({});
  });

  test('every name is free', () => {
    const headers = { constructor: 'c', toString: 't', 'with "quotes"': 'q' };
    expect(texts(encode({ ...headers, ['__proto__']: 'p' }).headers)).toEqual({
      ...headers,
      ['__proto__']: 'p',
      spring_json_header_types: Object.fromEntries(
        ['constructor', 'toString', 'with "quotes"', '__proto__'].map((name) => [name, 'java.lang.String']),
      ),
    });
  });
});

describe('on the way in', () => {
  test('the facts of a record', () => {
    const record = read({}, {}, { key: Buffer.from('k'), timestampType: 'LogAppendTime' });
    expect({ ...record.headers }).toEqual({
      id: 'orders-3@7',
      kafka_receivedTopic: 'orders',
      kafka_receivedPartitionId: 3,
      kafka_offset: 7,
      kafka_receivedTimestamp: 1795259355061,
      kafka_timestampType: 'LOG_APPEND_TIME',
      kafka_groupId: 'g',
      kafka_receivedMessageKey: Buffer.from('k'),
    });
    expect([record.key, record.payload]).toEqual([Buffer.from('k'), Buffer.from('v')]);
  });

  test('what the broker says cannot be said by a header', () => {
    const forged = { kafka_offset: Buffer.from('1'), id: Buffer.from('i'), timestamp: Buffer.from('0'), kafka_receivedTopic: Buffer.from('x') }; // prettier-ignore
    const { headers } = read(forged);
    expect(headers).toMatchObject({ kafka_offset: 7, id: 'orders-3@7', kafka_receivedTopic: 'orders' });
    expect('timestamp' in headers).toBe(false);
  });

  const typed = (value: string, javaClass: string, origin: Partial<Origin> = {}): unknown =>
    read({ h: Buffer.from(value), spring_json_header_types: Buffer.from(JSON.stringify({ h: javaClass })) }, origin)
      .headers['h'];

  test.each<[string, string, unknown]>([
    ['java.lang.Long', '9007199254740993', 9007199254740993n],
    ['java.lang.Long', '5', 5],
    ['java.math.BigInteger', '123456789012345678901234567890', 123456789012345678901234567890n],
    ['java.lang.Double', '"NaN"', NaN],
    ['java.lang.Float', '1.5', 1.5],
    ['java.lang.Character', '"c"', 'c'],
    ['java.util.UUID', '"u"', 'u'],
    ['java.util.Date', '"2024-01-02T03:04:05.678Z"', new Date(1704164645678)],
    ['java.time.Instant', '1704164645.678000000', new Date(1704164645678)],
    ['java.util.concurrent.ConcurrentHashMap', '{"a":[1]}', { a: [1] }],
    ['[Ljava.lang.String;', '["p","q"]', ['p', 'q']],
    ['org.springframework.util.MimeType', '"text/plain"', 'text/plain'],
    ['java.lang.String', '"not JSON', Buffer.from('"not JSON')],
    ['java.util.Date', '"never"', Buffer.from('"never"')],
    ['java.util.Date', '{}', Buffer.from('{}')],
    ['java.lang.Integer', '', Buffer.alloc(0)],
  ])('%s %s', (javaClass, value, expected) => {
    expect(typed(value, javaClass)).toEqual(expected);
  });

  test('a decimal keeps its digits', () => {
    expect(String(typed('12.340', 'java.math.BigDecimal'))).toBe('12.340');
  });

  test('classes of other packages are not decoded, unless they are trusted', () => {
    const untrusted = typed('{"id":1}', 'com.acme.orders.Order');
    expect(untrusted).toBeInstanceOf(UntrustedHeader);
    expect(untrusted).toMatchObject({ headerValue: Buffer.from('{"id":1}'), untrustedType: 'com.acme.orders.Order' });
    for (const trusted of ['com.acme', 'com.acme.orders', '*']) {
      expect(typed('{"id":1}', 'com.acme.orders.Order', { trustedPackages: [trusted] })).toEqual({ id: 1 });
    }
    expect(typed('{"id":1}', 'com.acmeOther.Order', { trustedPackages: ['com.acme'] })).toBeInstanceOf(UntrustedHeader);
    expect(typed('{}', 'java.utilities.Order')).toBeInstanceOf(UntrustedHeader);
  });

  test.each(['{oops', '[]', '"text"', 'null', '{"h":5}'])('where the header of types is %s, all are bytes', (types) => {
    const { headers } = read({ h: Buffer.from('1'), spring_json_header_types: Buffer.from(types) });
    expect(headers['h']).toEqual(Buffer.from('1'));
    expect('spring_json_header_types' in headers).toBe(false);
  });

  test('of several values the last one counts', () => {
    const several = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));
    const types = several('{"h":"java.lang.Long"}', '{"h":"java.lang.String"}');
    const { headers } = read({ h: several('1', '2'), spring_json_header_types: types });
    expect(headers['h']).toBe('2');
  });

  test('headers that are not to be read', () => {
    const record = read({ a: Buffer.from('1') }, { headerMode: 'none' });
    expect(record.received).toBeUndefined();
    expect(Object.keys(record.headers)).not.toContain('a');
    expect(Object.keys(record.headers)).not.toContain('scst_nativeHeadersPresent');
  });

  test('a handler may keep what it got: it has no part of the fetch', () => {
    const fetched = Buffer.from('kv');
    const [key, value] = [fetched.subarray(0, 1), fetched.subarray(1)];
    const { headers } = read({ h: value }, {}, { key });
    fetched.fill('x');
    expect([headers['h'], headers[KafkaHeaders.RECEIVED_MESSAGE_KEY]]).toEqual([Buffer.from('v'), Buffer.from('k')]);
  });
});

describe('embedded headers', () => {
  const EMBEDDED = { headerMode: 'embeddedHeaders', embeddedHeaders: ['own'] } as const;
  const IN = { headerMode: 'embeddedHeaders' } as const;

  test('there and back', () => {
    const { value, headers } = encode({ contentType: 'text/plain', own: { a: 1n }, other: 1, correlationId: null }, EMBEDDED); // prettier-ignore
    expect(headers).toEqual({});
    const record = read({}, IN, { value });
    expect(record.headers).toMatchObject({ contentType: 'text/plain', own: { a: 1 } });
    expect('other' in record.headers).toBe(false);
    expect(record.payload!.toString()).toBe('p');
  });

  test('a tombstone has none', () => {
    expect(encode({ own: 1 }, EMBEDDED, { payload: null }).value).toBeNull();
    expect(read({}, IN, { value: null }).payload).toBeNull();
  });

  test.each([
    ['other bytes', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['the mark alone', Buffer.of(0xff)],
    ['fewer headers than it says', Buffer.of(0xff, 2, 1, 97, 0, 0, 0, 1, 49)],
    ['a value that goes beyond its end', Buffer.of(0xff, 1, 1, 97, 0, 0, 0, 9, 49)],
    ['a value that is no JSON', Buffer.of(0xff, 1, 1, 97, 0, 0, 0, 1, 98)],
  ])('%s are a payload', (_, value) => {
    expect(read({}, IN, { value }).payload).toEqual(value);
  });

  test('where the record has headers of its own, its value is its payload', () => {
    const value = encode({ own: 1 }, EMBEDDED).value!;
    expect(read({ a: Buffer.from('1') }, IN, { value }).payload).toEqual(value);
  });

  test('a name that is too long, and too many of them', () => {
    const long = 'n'.repeat(256);
    const refused = (names: string[]): string =>
      refusal(() =>
        encode(Object.fromEntries(names.map((name) => [name, 1])), { ...EMBEDDED, embeddedHeaders: names }),
      );
    expect(refused([long])).toMatch(/cannot be embedded[^]*256 bytes/);
    expect(refused(Array.from({ length: 256 }, (_, n) => `h${n}`))).toMatch(/cannot be embedded[^]*256 headers/);
    expect(refused(Array.from({ length: 255 }, (_, n) => `h${n}`))).toBe('accepted');
  });
});

describe('dead letters', () => {
  const bury = (record: IncomingRecord, reason: Error): OutgoingRecord =>
    deadLetterRecord(record, { topic: 'orders', partition: 2 }, reason, { topic: 'error.orders.g', partition: 2 });

  test('key, value and headers stay as they were', () => {
    const headers = { several: [Buffer.of(0), Buffer.of(1)], one: Buffer.of(255) };
    const letter = bury(arrived(headers, { key: Buffer.of(7), value: null }), new Error('no'));
    expect(letter).toMatchObject({ topic: 'error.orders.g', partition: 2, key: Buffer.of(7), value: null });
    expect(letter.headers).toMatchObject(headers);
    expect(letter.timestamp).toBeUndefined();
  });

  test('what an earlier death said is replaced', () => {
    const first = bury(arrived({}), new Error('first'));
    const again = arrived(first.headers, { offset: '9223372036854775807' });
    const second = deadLetterRecord(again, { topic: 'error.orders.g', partition: 0 }, new Error(''), { topic: 'dead' });
    expect(Object.keys(second.headers)).toEqual(
      Object.keys(first.headers).filter((name) => name !== DeadLetterHeaders.EXCEPTION_MESSAGE),
    );
    expect(String(second.headers[DeadLetterHeaders.ORIGINAL_TOPIC])).toBe('error.orders.g');
    expect((second.headers[DeadLetterHeaders.ORIGINAL_OFFSET] as Buffer).readBigInt64BE()).toBe(9223372036854775807n);
    expect('partition' in second).toBe(false);
  });

  test('long texts are cut, without half a character', () => {
    const letter = bury(arrived({}), new Error('x😀'.repeat(10_000)));
    for (const name of [DeadLetterHeaders.EXCEPTION_MESSAGE, DeadLetterHeaders.EXCEPTION_STACK_TRACE]) {
      const bytes = letter.headers[name] as Buffer;
      expect(bytes.length).toBeLessThanOrEqual(16_384);
      expect(bytes.length).toBeGreaterThan(16_370);
      expect(bytes.toString()).not.toContain('\uFFFD');
    }
  });
});

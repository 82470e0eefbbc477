/** Records to publications and back, where no recording says it. */
import { deflateSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { WireRecord } from '@streambind/core/binder';
import type { RawMessage } from '../src/client/amqplib.js';
import { mappedHeaders } from '../src/records/headers.js';
import { ReceivedRecord, partsOf } from '../src/records/inbound.js';
import { encoder, type EncodingOptions } from '../src/records/outbound.js';
import { amqpTyped } from '../src/records/typed.js';
import { readFields, writeFields, type Fields } from './support/fields.js';

const OPTIONS: EncodingOptions = {
  headerPatterns: ['*'],
  deliveryMode: 'persistent',
  compress: false,
  compressionLevel: 1,
};

type Headers = Readonly<Record<string, unknown>>;

const record = (headers: Headers = {}, more: Partial<WireRecord> = {}): WireRecord => ({
  payload: Buffer.from('hello'),
  headers: headers as WireRecord['headers'],
  ...more,
});

function published(given: WireRecord, options: Partial<EncodingOptions> = {}) {
  const publication = encoder({ exchange: 'e', routingKey: 'd' }, { ...OPTIONS, ...options })(given);
  const { headers, ...properties } = publication.properties;
  return { ...publication, properties, table: readFields(headers!) };
}

const refusal = (code: string, given?: unknown): unknown =>
  expect.objectContaining({
    code,
    ...(given === undefined ? {} : { details: expect.objectContaining({ given }) }),
  });

function received(message: Partial<RawMessage>, patterns = ['*']): ReceivedRecord {
  const fields = { deliveryTag: 5, redelivered: true, exchange: 'e', routingKey: 'k', consumerTag: 'tag' };
  return new ReceivedRecord(
    { fields, properties: {}, content: Buffer.from('body'), ...message },
    'q',
    mappedHeaders(patterns),
  );
}

const withTable = (fields: Fields, properties: RawMessage['properties'] = {}): Pick<RawMessage, 'properties'> => ({
  properties: { ...properties, headers: writeFields(fields) },
});

describe('published', () => {
  test('id and time of the message are properties, unless headers say others', () => {
    const own = { id: 'the-id', timestamp: 1_700_000_000_999 };
    expect(published(record(own)).properties).toMatchObject({ messageId: 'the-id', timestamp: 1_700_000_000 });
    const other = { ...own, amqp_messageId: 'other', amqp_timestamp: new Date(5000) };
    expect(published(record(other)).properties).toMatchObject({ messageId: 'other', timestamp: 5 });
    expect(published(record()).properties).toEqual({
      contentType: 'application/octet-stream',
      deliveryMode: 2,
      priority: 0,
    });
  });

  test.each<[string, unknown, object]>([
    ['amqp_correlationId', 42, { correlationId: '42' }],
    ['amqp_correlationId', '', {}],
    ['amqp_expiration', 60_000, { expiration: '60000' }],
    ['amqp_userId', 'guest', { userId: 'guest' }],
    ['amqp_deliveryMode', 'NON_PERSISTENT', { deliveryMode: 1 }],
    ['amqp_deliveryMode', 2, { deliveryMode: 2 }],
    ['priority', 255, { priority: 255 }],
    ['priority', 256, { priority: 0 }],
    ['priority', 'high', { priority: 0 }],
    ['amqp_deliveryTag', 7, {}],
    ['amqp_receivedUserId', 'guest', {}],
  ])('%s: %p', (name, value, properties) => {
    const { correlationId, expiration, userId, ...rest } = published(record({ [name]: value })).properties;
    const base = { contentType: 'application/octet-stream', deliveryMode: 2, priority: 0 };
    const texts = Object.entries({ correlationId, expiration, userId }).filter(([, each]) => each !== undefined);
    expect({ ...rest, ...Object.fromEntries(texts) }).toEqual({ ...base, ...properties });
  });

  test.each<[string, unknown, string]>([
    ['amqp_correlationId', { a: 1 }, 'object [object Object]'],
    ['amqp_timestamp', 1_700_000_000, 'number 1700000000'],
    ['amqp_timestamp', new Date(-1), expect.stringContaining('1969') as unknown as string],
    ['amqp_deliveryMode', 3, 'number 3'],
    ['amqp_delay', 'soon', 'soon'],
    ['amqp_delay', 1.5, 'number 1.5'],
    ['h', 2n ** 64n, '18446744073709551616'],
  ])('%s: %p is refused', (name, value, given) => {
    expect(() => published(record({ [name]: value }))).toThrow(refusal('CONVERSION', given));
    // and nothing of it is left for the next one
    expect(published(record({ a: 1 })).table).toEqual({ a: { t: 'I', v: 1 } });
  });

  test('a header that is null is not sent, and null is no body', () => {
    expect(published(record({ h: null, amqp_type: null, amqp_delay: null, contentType: null })).table).toEqual({});
    expect(() => published(record({}, { payload: null }))).toThrow(refusal('PUBLISH_REFUSED'));
    expect(published(record({}, { payload: Buffer.alloc(0) })).body).toHaveLength(0);
  });

  test.each<[object, object, Fields, Partial<EncodingOptions>]>([
    [{ 'x-delay': 5 }, {}, { 'x-delay': { t: 'I', v: 5 } }, {}],
    [{ 'x-delay': 5, amqp_delay: '100' }, {}, { 'x-delay': { t: 'I', v: 100 } }, {}],
    [{ amqp_delay: 100 }, { delayExpression: 1500 }, { 'x-delay': { t: 'I', v: 1500 } }, { delayExpression: 'x' }],
    [{ amqp_delay: 100 }, { delayExpression: null }, { 'x-delay': { t: 'I', v: 100 } }, { delayExpression: 'x' }],
    [{ amqp_delay: 100, a: 1 }, {}, { a: { t: 'I', v: 1 } }, { headerPatterns: ['a'] }],
    [{}, { delayExpression: 7 }, { 'x-delay': { t: 'I', v: 7 }, scst_delay: { t: 'I', v: 7 } }, { delayExpression: 'payload.d' }], // prettier-ignore
  ])('delay of %j evaluated to %j', (headers, evaluated, table, options) => {
    expect(published(record({ ...headers }, { evaluated: { ...evaluated } }), options).table).toEqual(table);
  });

  test.each<[unknown, number | undefined, string]>([
    ['my.key', undefined, 'my.key'],
    [null, undefined, ''],
    [5, 2, '5-2'],
  ])('a routing key evaluated to %p in partition %p', (key, partition, routingKey) => {
    const given = record(
      {},
      { evaluated: { routingKeyExpression: key }, ...(partition === undefined ? {} : { partition }) },
    );
    expect(published(given, { routingKeyExpression: 'x' }).routingKey).toBe(routingKey);
  });

  test('a routing key that is no text is refused', () => {
    const given = record({}, { evaluated: { routingKeyExpression: { a: 1 } } });
    expect(() => published(given, { routingKeyExpression: 'x' })).toThrow(refusal('CONVERSION'));
  });

  test('compressed, beside the encoding that it has', () => {
    const { body, properties, table } = published(record({ amqp_contentEncoding: 'utf-8' }), { compress: true });
    expect(gunzipSync(body).toString()).toBe('hello');
    expect(properties.contentEncoding).toBe('gzip, utf-8');
    expect(table).toEqual({ springAutoDecompress: { t: 't', v: true } });
  });

  test('what another binder gave with the headers is none of ours', () => {
    expect(published(record({ a: 1 }, { received: { a: 'theirs' } })).table).toEqual({ a: { t: 'I', v: 1 } });
  });
});

describe('header patterns', () => {
  test.each<[string[], string[]]>([
    [['*'], ['h-a', 'H-B', 'amqp_type', 'x', '!odd']],
    [['h-*'], ['h-a', 'H-B']],
    [
      ['*', '!h-*'],
      ['amqp_type', 'x', '!odd'],
    ],
    [['!h-a', 'h-*'], ['H-B']],
    [
      ['*B', 'X'],
      ['H-B', 'x'],
    ],
    [['a*p*e'], ['amqp_type']],
    [['h.a'], []],
    [['\\!odd'], ['!odd']],
    [['NON_STANDARD_HEADERS'], ['h-a', 'H-B', 'x', '!odd']],
    [['STANDARD_REQUEST_HEADERS'], ['amqp_type']],
    [[], []],
  ])('%j', (patterns, passing) => {
    const filter = mappedHeaders(patterns) ?? (() => true);
    const names = ['h-a', 'H-B', 'amqp_type', 'x', '!odd'];
    expect(names.filter(filter)).toEqual(passing);
    expect(names.filter(filter)).toEqual(passing);
  });

  test('hold for what is received, too; its id stays', () => {
    const message = withTable(
      { a: { t: 'I', v: 1 }, b: { t: 'I', v: 2 } },
      { contentType: 'text/plain', messageId: 'm' },
    );
    expect(received(message, ['a']).headers).toEqual({ a: 1, id: 'm' });
  });
});

describe('received', () => {
  test('what the broker says cannot be said by the table', () => {
    const lies = Object.fromEntries(
      ['amqp_deliveryTag', 'amqp_redelivered', 'amqp_receivedExchange', 'amqp_consumerQueue', 'id', 'timestamp'].map(
        (name) => [name, { t: 'S', v: 'a lie' }],
      ),
    );
    const { headers } = received(withTable(lies));
    expect(headers).toEqual({
      amqp_consumerQueue: 'q',
      amqp_consumerTag: 'tag',
      amqp_deliveryTag: 5,
      amqp_receivedExchange: 'e',
      amqp_receivedRoutingKey: 'k',
      amqp_redelivered: true,
    });
  });

  test('a delay is shown under its own name, so that it is not passed on', () => {
    const { headers } = received(withTable({ 'x-delay': { t: 'I', v: -1500 } }));
    expect(headers).toMatchObject({ amqp_receivedDelay: -1500 });
    expect(headers).not.toHaveProperty('x-delay');
  });

  test('a priority of 0 is none, and a time beyond dates is not shown', () => {
    const { headers } = received({ properties: { priority: 0, timestamp: 1e13, deliveryMode: 1 } });
    expect(headers).not.toHaveProperty('priority');
    expect(headers).not.toHaveProperty('amqp_timestamp');
    expect(headers).toMatchObject({ amqp_receivedDeliveryMode: 'NON_PERSISTENT' });
  });

  const AUTO: Fields = { springAutoDecompress: { t: 't', v: true } };
  // made by java.util.zip.ZipOutputStream
  const ZIP =
    'UEsDBBQACAgIACiCdV0AAAAAAAAAAAAAAAAEAAAAYW1xcMtIzcnJBwBQSwcIhqYQNgcAAAAFAAAAUEsBAhQAFAAICAgAKIJ1XYamEDYHAAAABQAA' +
    'AAQAAAAAAAAAAAAAAAAAAAAAAGFtcXBQSwUGAAAAAAEAAQAyAAAAOQAAAAAA';

  test.each<[string, Buffer, string | undefined]>([
    ['gzip', Buffer.from('H4sIAAAAAAAA/wEFAPr/aGVsbG+GphA2BQAAAA==', 'base64'), undefined],
    ['gzip, utf-8', Buffer.from('H4sIAAAAAAAA/wEFAPr/aGVsbG+GphA2BQAAAA==', 'base64'), 'utf-8'],
    ['gzip:utf-8', Buffer.from('H4sIAAAAAAAA/wEFAPr/aGVsbG+GphA2BQAAAA==', 'base64'), 'utf-8'],
    ['deflate', deflateSync('hello'), undefined],
    ['zip', Buffer.from(ZIP, 'base64'), undefined],
  ])('%s', (contentEncoding, content, rest) => {
    const message = received({ ...withTable(AUTO, { contentEncoding }), content });
    expect(Buffer.from(message.payload).toString()).toBe('hello');
    expect(message.headers['amqp_contentEncoding']).toBe(rest);
    expect(message.headers).not.toHaveProperty('springAutoDecompress');
  });

  test.each<[string, Fields]>([
    ['gzip', {}],
    ['br', AUTO],
    ['constructor', AUTO],
  ])('%s with %j is left to the handler', (contentEncoding, fields) => {
    const message = received(withTable(fields, { contentEncoding }));
    expect(Buffer.from(message.payload).toString()).toBe('body');
    expect(message.headers['amqp_contentEncoding']).toBe(contentEncoding);
    expect('springAutoDecompress' in message.headers).toBe(fields === AUTO);
  });

  test.each(['gzip', 'deflate', 'zip'])('a broken %s body shows when it is read', (contentEncoding) => {
    const message = received(withTable(AUTO, { contentEncoding }));
    expect(message.headers).not.toHaveProperty('springAutoDecompress');
    expect(() => message.payload).toThrow(refusal('CONVERSION'));
  });

  test('a broken table shows when the payload is read', () => {
    const message = received({ properties: { headers: Buffer.from('01615a', 'hex'), messageId: 'm' } });
    expect(message.headers['id']).toBe('m');
    expect(() => message.payload).toThrow(refusal('CONVERSION'));
  });

  test('a decimal is a number that keeps its digits', () => {
    const { headers } = received(withTable({ price: { t: 'D', v: { scale: 2, unscaled: 150 } } }));
    expect(headers['price']).toEqual(amqpTyped('decimal', '1.50'));
  });

  test('a copy with a higher attempt reads the same', () => {
    const message = received(withTable({ a: { t: 'I', v: 1 } }));
    const copy = Object.assign(Object.create(Object.getPrototypeOf(message) as object) as ReceivedRecord, message);
    expect(copy.headers).toEqual(message.headers);
    expect(copy.payload).toEqual(message.payload);
  });
});

describe('a batch', () => {
  test.each([false, true])('several records in one message, compressed: %p', (compress) => {
    const text = (body: string, headers: Headers = {}): WireRecord => record(headers, { payload: Buffer.from(body) });
    const encode = encoder({ exchange: 'e', routingKey: 'k' }, { ...OPTIONS, compress });
    const { properties, body } = encode(text('one', { h: 1 }), text('two', { h: 2 }), text(''));
    const { native } = received({ properties: properties as RawMessage['properties'], content: Buffer.from(body) });
    const records = partsOf(native)!.map((part) => new ReceivedRecord(native, 'q', undefined, part));
    expect(records.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['one', 'two', '']);
    for (const { headers } of records) {
      expect(headers).toMatchObject({ h: 1, amqp_batchSize: 3 });
      for (const name of ['springBatchFormat', 'springAutoDecompress', 'amqp_contentEncoding']) {
        expect(headers).not.toHaveProperty(name);
      }
    }
    expect(records.map(({ headers }) => headers['amqp_lastInBatch'])).toEqual([undefined, undefined, true]);
  });

  test('a message that is none', () => {
    expect(partsOf(received({}).native)).toBeUndefined();
    expect(partsOf(received(withTable({ springBatchFormat: { t: 'S', v: 'other' } })).native)).toBeUndefined();
    expect(partsOf(received(withTable({ other: { t: 'S', v: 'springBatchFormat' } })).native)).toBeUndefined();
  });

  test.each(['00000009616263', '0000', 'ffffffff61', '0000000161ff'])('%s is cut off', (hex) => {
    const fields: Fields = { springBatchFormat: { t: 'S', v: 'lengthHeader4' } };
    const { native } = received({ ...withTable(fields), content: Buffer.from(hex, 'hex') });
    expect(() => partsOf(native)).toThrow(refusal('CONVERSION'));
  });
});

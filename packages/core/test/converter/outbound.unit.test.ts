import { describe, expect, test } from '@jest/globals';
import { Converters, isConversionFailure, MessageConverter, type MediaType } from '../../src/converter/index.js';

const converters = new Converters();
const failure = (details: object): unknown => expect.objectContaining({ code: 'CONVERSION', ...details });

class Order {
  readonly id = 'o1';
  readonly tags: string[] | null = null;
}
class Named {
  toString(): string {
    return 'Named[x]';
  }
}

describe('encode', () => {
  test.each<[unknown, string, string | Buffer, string?]>([
    ['hello', 'application/json', 'hello'],
    ['ünï 消息 😀', 'application/json', 'ünï 消息 😀'],
    ['{"a":1}', 'application/json;charset=UTF-8', '{"a":1}'],
    ['', 'application/json', ''],
    [{ a: 1, b: { c: [true, null, 1.5] } }, 'application/json', '{"a":1,"b":{"c":[true,null,1.5]}}'],
    [new Order(), 'application/vnd.acme+json', '{"id":"o1","tags":null}'],
    [['a', 1], 'application/json', '["a",1]'],
    [42, 'application/json', '42'],
    [true, 'application/json', 'true'],
    [{ at: new Date(0) }, 'application/json', '{"at":"1970-01-01T00:00:00.000Z"}'],
    [new Map<unknown, unknown>([['a', 1], [2, 'b']]), 'application/json', '{"2":"b","a":1}'], // prettier-ignore
    [new Set([1, 2]), 'application/json', '[1,2]'],
    [{ a: 'ü' }, 'application/json;charset=utf-16le', Buffer.from('{"a":"ü"}', 'utf16le')],
    ['hello', 'text/plain', 'hello'],
    [42, 'text/plain', '42'],
    [9007199254740993n, 'text/plain', '9007199254740993'],
    [new Named(), 'text/html', 'Named[x]'],
    [['a', 1], 'text/csv', 'a,1'],
    ['ü', 'text/plain;charset=ISO-8859-1', Buffer.of(0xfc)],
    ['ü', 'text/plain;charset=latin1', Buffer.of(0xfc)],
    ['a', 'text/plain;charset=us-ascii', Buffer.of(0x61)],
    ['ü', 'text/plain;charset=utf-16le', Buffer.of(0xfc, 0)],
    ['ü', 'text/plain;charset=UTF-16BE', Buffer.of(0, 0xfc)],
    ['ü', 'text/plain;charset=utf-16', Buffer.of(0xfe, 0xff, 0, 0xfc)],
    [Buffer.of(0, 255), 'application/json', Buffer.of(0, 255)],
    [Buffer.of(0, 255), 'text/plain', Buffer.of(0, 255)],
    [Buffer.of(0, 255), 'image/png', Buffer.of(0, 255)],
    [Buffer.of(0, 255), 'not a type', Buffer.of(0, 255)],
  ])('%p as %s', (payload, contentType, body) => {
    const encoded = converters.encode(payload, contentType);
    expect(encoded.contentType).toBe(contentType);
    expect(Buffer.from(encoded.bytes!)).toEqual(Buffer.from(body));
  });

  test('bytes are not copied', () => {
    const bytes = Uint8Array.of(1);
    expect(converters.encode(bytes, 'application/json').bytes).toBe(bytes);
  });

  test('null is a tombstone of any type', () => {
    expect(converters.encode(null, 'application/json')).toEqual({ bytes: null, contentType: 'application/json' });
    expect(converters.encode(null, 'image/png')).toEqual({ bytes: null, contentType: 'image/png' });
  });

  test('a string under a type of the message that is neither JSON nor text leaves as text/plain', () => {
    const encoded = converters.encode('<a/>', 'application/xml', true);
    expect(encoded).toEqual({ bytes: Buffer.from('<a/>'), contentType: 'text/plain' });
    expect(converters.encode('a', 'text/html;charset=utf-8', true).contentType).toBe('text/html;charset=utf-8');
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  test.each<[string, unknown, string, object]>([
    ['undefined', undefined, 'application/json', { message: expect.stringContaining('undefined') }],
    ['a bigint', { a: [1, { b: 1n }] }, 'application/json', { details: expect.objectContaining({ path: '$.a[1].b' }) }],
    ['a bigint itself', 1n, 'application/json', { details: expect.objectContaining({ path: '$' }) }],
    ['a circle', circular, 'application/json', { message: expect.stringContaining('circular structure') }],
    ['a function', (): void => {}, 'application/json', { message: 'A function cannot be written as JSON' }],
    ['an object', {}, 'text/plain', { message: expect.stringContaining('A plain object has no text') }],
    ['an object without prototype', Object.create(null), 'text/plain', { message: expect.stringContaining('no text') }],
    ['objects in a list', [new Order()], 'text/plain', { message: expect.stringContaining('A Array has no text') }],
    [
      'a function as text',
      (): void => {},
      'text/plain',
      { message: expect.stringContaining('A function has no text') },
    ],
    ['a string', 'x', 'application/octet-stream', { message: expect.stringContaining('A string cannot be sent as') }],
    ['an object', new Order(), 'application/octet-stream', { message: expect.stringContaining('A Order cannot be') }],
    [
      'an unknown charset',
      'x',
      'text/plain;charset=klingon',
      { details: expect.objectContaining({ given: 'klingon' }) },
    ],
    ['a charset only read', 'x', 'text/plain;charset=gbk', { details: expect.objectContaining({ given: 'gbk' }) }],
    [
      'what latin1 lacks',
      'a€',
      'text/plain;charset=latin1',
      { message: expect.stringContaining('has no € (character 2') },
    ],
    ['what ascii lacks', 'ü', 'text/plain;charset=us-ascii', { message: expect.stringContaining('US-ASCII has no ü') }],
    ['no content type', 'x', 'json', { details: expect.objectContaining({ given: 'json' }) }],
  ])('%s is refused: %p as %s', (_, payload, contentType, details) => {
    expect(() => converters.encode(payload, contentType)).toThrow(failure(details) as Error);
  });
});

describe('a MessageConverter', () => {
  class Csv extends MessageConverter {
    supported: string[] = [];
    override supports(mime: MediaType): boolean {
      this.supported.push(mime.text);
      return mime.subtype === 'csv' || mime.json;
    }
    override fromBytes(): unknown {
      return undefined;
    }
    override toBytes(payload: unknown, mime: MediaType): Uint8Array | undefined {
      if (payload === 'broken') throw new RangeError('too wide');
      return Array.isArray(payload) ? Buffer.from(`${mime.subtype}:${payload.join(';')}`) : undefined;
    }
  }

  test('comes before the built-in ones, and may pass', () => {
    const csv = new Csv();
    const own = new Converters([csv]);
    const texts = [['a', 'b'], ['c'], 'text'].map((payload) =>
      Buffer.from(own.encode(payload, 'text/csv').bytes!).toString(),
    );
    expect(texts).toEqual(['csv:a;b', 'csv:c', 'text']);
    expect(Buffer.from(own.encode([1], 'application/json').bytes!).toString()).toBe('json:1');
    expect(csv.supported).toEqual(['text/csv', 'application/json']);
  });

  test('that throws fails the message for good', () => {
    const error = caught(() => new Converters([new Csv()]).encode('broken', 'text/csv'));
    expect(error).toMatchObject({
      code: 'CONVERSION',
      message: 'Csv failed: too wide',
      cause: new RangeError('too wide'),
    });
    expect(isConversionFailure(error)).toBe(true);
  });
});

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

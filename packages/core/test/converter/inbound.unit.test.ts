import { describe, expect, test } from '@jest/globals';
import {
  Converters,
  isConversionFailure,
  MessageConverter,
  type MediaType,
  type PayloadTarget,
  type StandardResult,
  type StandardSchemaV1,
} from '../../src/converter/index.js';

const converters = new Converters();
const read = (body: string | Uint8Array | null, contentType: string, target: PayloadTarget): unknown =>
  converters.reader(contentType, target)(typeof body === 'string' ? Buffer.from(body) : body);

class Order {
  id = '';
  amount = 0;
  note: string | undefined;
  #discount = 0;
  get total(): number {
    return this.amount - this.#discount;
  }
  get discount(): number {
    return this.#discount;
  }
  set discount(value: number) {
    if (value < 0) throw new RangeError('negative discount');
    this.#discount = value;
  }
  approve(): string {
    return `approved ${this.id}`;
  }
}
class Demanding {
  readonly upper: string;
  constructor(name: string) {
    this.upper = name.toUpperCase();
  }
}

const ORDER: PayloadTarget = { kind: 'class', type: Order };

describe('a target that is not known', () => {
  test.each<[string | Uint8Array, string, unknown]>([
    ['{"a":[1]}', 'application/json', { a: [1] }],
    [' \r\n\t[1]', 'application/json;charset=UTF-8', [1]],
    ['\uFEFF{"a":1}', 'application/json', { a: 1 }],
    ['{"a":1}', 'application/vnd.acme+json', { a: 1 }],
    ['{"a":"\uFFFD"}', 'application/json', { a: '\uFFFD' }],
    [Buffer.from('{"a":"\uFFFD"}', 'utf16le'), 'application/json;charset=utf-16le', { a: '\uFFFD' }],
    ['hello', 'application/json', 'hello'],
    ['"quoted"', 'application/json', '"quoted"'],
    ['42', 'application/json', '42'],
    ['', 'application/json', ''],
    ['  ', 'application/json', '  '],
    ['{"a":1}', 'text/plain', '{"a":1}'],
    [Buffer.of(0xfc), 'text/plain;charset=ISO-8859-1', 'ü'],
    [Buffer.of(0x80), 'text/plain;charset=iso-8859-1', '\u0080'],
    [Buffer.of(0x61, 0xfc), 'text/plain;charset=us-ascii', 'a\uFFFD'],
    [Buffer.of(0xfe, 0xff, 0, 0xfc), 'text/plain;charset=utf-16', 'ü'],
    [Buffer.of(0xff, 0xfe, 0xfc, 0), 'text/plain;charset=utf-16', 'ü'],
    [Buffer.of(0, 0xfc), 'text/plain;charset=utf-16', 'ü'],
    [Buffer.of(0, 0xfc, 0), 'text/plain;charset=utf-16be', 'ü'],
    [Buffer.of(0xcf, 0xfb), 'text/plain;charset=gbk', '消'],
    [Buffer.of(0xff), 'text/plain', '\uFFFD'],
    [Uint8Array.from(Buffer.from('{"a":1}')), 'application/json', { a: 1 }],
  ])('%p as %s', (body, contentType, payload) => {
    expect(read(body, contentType, { kind: 'unknown' })).toEqual(payload);
  });

  test('bytes of other types are not touched', () => {
    const bytes = Buffer.from('{"a":1}');
    expect(read(bytes, 'application/octet-stream', { kind: 'unknown' })).toBe(bytes);
    expect(read(bytes, 'application/json', { kind: 'bytes' })).toBe(bytes);
  });
});

describe('a scalar target', () => {
  test.each<[string, string, PayloadTarget['kind'], unknown]>([
    ['"quoted"', 'application/json', 'string', '"quoted"'],
    ['{"a":1}', 'application/json', 'string', '{"a":1}'],
    ['raw', 'application/octet-stream', 'string', 'raw'],
    ['', 'text/plain', 'string', ''],
    [' 42\n', 'application/json', 'number', 42],
    ['-2.5e3', 'text/plain', 'number', -2500],
    ['9007199254740991', 'text/plain', 'number', 9007199254740991],
    ['1e300', 'text/plain', 'number', 1e300],
    ['true', 'application/json', 'boolean', true],
    [' false', 'text/plain', 'boolean', false],
  ])('%p of %s as %s', (body, contentType, kind, payload) => {
    expect(read(body, contentType, { kind })).toBe(payload);
  });

  test.each<[string, PayloadTarget['kind']]>([
    ['', 'number'],
    ['"42"', 'number'],
    ['0x10', 'number'],
    ['042', 'number'],
    ['1,5', 'number'],
    ['NaN', 'number'],
    ['1e999', 'number'],
    ['9007199254740993', 'number'],
    ['', 'boolean'],
    ['TRUE', 'boolean'],
    ['1', 'boolean'],
  ])('%p is no %s', (body, kind) => {
    expect(caught(() => read(body, 'application/json', { kind }))).toMatchObject({ code: 'PAYLOAD_INVALID' });
  });
});

describe('a class', () => {
  test('is made with new and gets the own keys', () => {
    const order = read('{"id":"o1","amount":12,"discount":2,"extra":[1]}', 'application/json', ORDER) as Order;
    expect(order).toBeInstanceOf(Order);
    expect(order).toMatchObject({ id: 'o1', amount: 12, discount: 2, total: 10, extra: [1] });
    expect(order.approve()).toBe('approved o1');
  });

  test('keeps its methods and getters, whatever the message says', () => {
    const body = '{"id":"o1","approve":"x","total":5,"constructor":{},"toString":1,"hasOwnProperty":1}';
    const order = read(body, 'application/json', ORDER) as Order;
    expect(order.approve()).toBe('approved o1');
    expect(Object.keys(order).toSorted()).toEqual(['amount', 'id', 'note']);
    expect(order.constructor).toBe(Order);
  });

  test.each<[string, string, object]>([
    ['', 'Payload value must not be empty', { path: '$' }],
    ['{"__proto__":{"admin":true}}', '__proto__', { path: '$.__proto__' }],
    ['null', 'is null, not an object for Order', { path: '$' }],
    ['[{"id":"o1"}]', 'is an array, not', { path: '$' }],
    ['"quoted"', 'is a string, not', { path: '$' }],
    ['{"discount":-1}', 'Order refused discount', { path: '$.discount' }],
  ])('%p is not valid', (body, message, details) => {
    expect(caught(() => read(body, 'application/json', ORDER))).toMatchObject({
      code: 'PAYLOAD_INVALID',
      message: expect.stringContaining(message),
      details: expect.objectContaining(details),
    });
  });

  test.each<[string, string, PayloadTarget, string]>([
    ['hello', 'text/plain', ORDER, 'A text/plain payload cannot become a Order'],
    ['{}', 'application/octet-stream', ORDER, 'cannot become a Order'],
    ['{}', 'application/json', { kind: 'class', type: Demanding }, 'new Demanding() failed'],
  ])('%p as %s cannot be converted', (body, contentType, target, message) => {
    expect(caught(() => read(body, contentType, target))).toMatchObject({
      code: 'CONVERSION',
      message: expect.stringContaining(message),
    });
  });
});

describe('what is not JSON', () => {
  test.each<[string | Uint8Array, number, number, string]>([
    ['{"id":"o1",\n "amount":12,}', 2, 14, 'unexpected "}"'],
    ['{"id":', 1, 7, 'it ends too early'],
    ['\uFEFF{x}', 1, 2, 'unexpected "x"'],
    [Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xff), Buffer.from('"}')]), 1, 8, 'not UTF-8'],
  ])('%p', (body, line, column, message) => {
    for (const target of [ORDER, { kind: 'unknown' } as const]) {
      const error = caught(() => read(body, 'application/json', target));
      expect(error).toMatchObject({
        code: 'CONVERSION',
        message: expect.stringContaining(message),
        details: { line, column },
      });
      expect(isConversionFailure(error)).toBe(true);
    }
  });

  test('the message shows the text around the place', () => {
    const body = `{"first":"${'a'.repeat(50)}","second":oops,"third":"${'b'.repeat(50)}"}`;
    expect(() => read(body, 'application/json', ORDER)).toThrow(
      `The payload is not JSON: unexpected "o" at line 1, column 72, near ${JSON.stringify(body.slice(51, 91))}`,
    );
  });
});

describe('a content type that cannot be served', () => {
  test.each(['json', '', 'text/plain;charset=klingon'])('%p', (contentType) => {
    expect(caught(() => converters.reader(contentType, { kind: 'string' }))).toMatchObject({ code: 'CONVERSION' });
  });
});

describe('a tombstone', () => {
  test.each<PayloadTarget>([{ kind: 'unknown' }, { kind: 'string' }, { kind: 'number' }, { kind: 'bytes' }, ORDER])(
    'is null for %p',
    (target) => {
      expect(read(null, 'application/json', target)).toBeNull();
      expect(read(null, 'text/plain', { ...target, schema: never })).toBeNull();
    },
  );
});

const schemaOf = <T>(
  validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>,
): StandardSchemaV1 => ({
  '~standard': { version: 1, vendor: 'test', validate },
});
const never = schemaOf(() => ({ issues: [{ message: 'never' }] }));
const doubled = schemaOf((value) => ({ value: { ...(value as object), amount: (value as Order).amount * 2 } }));

describe('a schema', () => {
  test('sees what was read, and its output is the payload', () => {
    expect(read('{"amount":2}', 'application/json', { kind: 'unknown', schema: doubled })).toEqual({ amount: 4 });
    expect(
      read('7', 'text/plain', { kind: 'number', schema: schemaOf((value) => ({ value: Number(value) + 1 })) }),
    ).toBe(8);
  });

  test('with a class gets the instance, and gives one back', () => {
    const seen: unknown[] = [];
    const schema = schemaOf((value) => {
      seen.push(value);
      return { value: { id: 'plain' } };
    });
    const order = read('{"id":"o1"}', 'application/json', { ...ORDER, schema });
    expect(seen[0]).toBeInstanceOf(Order);
    expect(order).toBeInstanceOf(Order);
    expect(order).toMatchObject({ id: 'plain', amount: 0 });
  });

  test('may validate asynchronously', async () => {
    const schema = schemaOf(async (value) => ({ value: { ...(value as object), id: 'later' } }));
    const order = read('{"amount":2}', 'application/json', { ...ORDER, schema });
    expect(order).toBeInstanceOf(Promise);
    expect(await order).toBeInstanceOf(Order);
    expect(await order).toMatchObject({ id: 'later', amount: 2 });
    const failing = schemaOf(async () => ({ issues: [{ message: 'no' }] }));
    await expect(read('{}', 'application/json', { kind: 'unknown', schema: failing })).rejects.toMatchObject({
      code: 'PAYLOAD_INVALID',
    });
  });

  test('names the failing path', () => {
    const issues = [
      { message: 'too small', path: ['lines', 0, { key: 'amount' }] },
      { message: 'missing', path: ['id'] },
      ...Array.from({ length: 5 }, () => ({ message: 'bad' })),
    ];
    const error = caught(() =>
      read('{}', 'application/json', { kind: 'unknown', schema: schemaOf(() => ({ issues })) }),
    );
    expect(error).toMatchObject({
      code: 'PAYLOAD_INVALID',
      message: expect.stringContaining(
        '$.lines[0].amount: too small; $.id: missing; $: bad; $: bad; $: bad; and 2 more',
      ),
      details: { path: '$.lines[0].amount' },
    });
    expect(isConversionFailure(error)).toBe(true);
  });

  test('that throws is passed on: it can be tried again', () => {
    const schema = schemaOf(() => {
      throw new RangeError('no connection');
    });
    const error = caught(() => read('{}', 'application/json', { kind: 'unknown', schema }));
    expect(error).toEqual(new RangeError('no connection'));
    expect(isConversionFailure(error)).toBe(false);
  });
});

describe('readers', () => {
  test('are made once for a content type and a target', () => {
    expect(converters.reader('text/plain', { kind: 'string' })).toBe(
      converters.reader('text/plain', { kind: 'string' }),
    );
    expect(converters.reader('application/json', ORDER)).toBe(converters.reader('application/json', ORDER));
    expect(converters.reader('application/json', ORDER)).not.toBe(converters.reader('application/json', { ...ORDER }));
    expect(converters.reader('text/plain', { kind: 'string' })).not.toBe(
      converters.reader('text/plain', { kind: 'bytes' }),
    );
  });

  test('of content types without end are forgotten', () => {
    const own = new Converters();
    const first = own.reader('text/x-0', { kind: 'string' });
    for (let i = 1; i < 100; i++) own.reader(`text/x-${i}`, { kind: 'string' });
    expect(own.reader('text/x-0', { kind: 'string' })).toBe(first);
    own.reader('text/x-100', { kind: 'string' });
    expect(own.reader('text/x-0', { kind: 'string' })).not.toBe(first);
  });
});

describe('a MessageConverter', () => {
  class Csv extends MessageConverter {
    override supports(mime: MediaType): boolean {
      return mime.subtype === 'csv';
    }
    override fromBytes(bytes: Uint8Array, target: PayloadTarget, mime: MediaType): unknown {
      if (bytes.length === 0) throw new RangeError('no columns');
      if (target.kind === 'string') return undefined;
      return { csv: Buffer.from(bytes).toString().split(','), kind: target.kind, charset: mime.charset };
    }
    override toBytes(): undefined {
      return undefined;
    }
  }
  const own = new Converters([new Csv()]);

  test('reads what it supports, and may pass', () => {
    const contentType = 'text/csv;charset=utf-8';
    const body = Buffer.from('a,b');
    expect(own.reader(contentType, ORDER)(body)).toEqual({ csv: ['a', 'b'], kind: 'class', charset: 'utf-8' });
    expect(own.reader(contentType, { kind: 'string' })(body)).toBe('a,b');
    expect(own.reader(contentType, { kind: 'unknown' })(null)).toBeNull();
    expect(own.reader('text/plain', { kind: 'unknown' })(body)).toBe('a,b');
  });

  test('that throws fails the message for good', () => {
    const error = caught(() => own.reader('text/csv', { kind: 'unknown' })(Buffer.alloc(0)));
    expect(error).toMatchObject({ code: 'CONVERSION', message: 'Csv failed: no columns' });
  });
});

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

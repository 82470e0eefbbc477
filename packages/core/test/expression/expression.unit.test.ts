import { describe, expect, test } from '@jest/globals';
import { isStreambindError, type StreambindError } from '../../src/errors/index.js';
import { parseExpression } from '../../src/expression/index.js';
import { MessageHeaders } from '../../src/messaging/index.js';

class Customer {
  readonly #secret = 'kept';
  readonly city = 'Graz';
  get upperCity(): string {
    return this.city.toUpperCase();
  }
  getSecret(): string {
    return this.#secret;
  }
  isActive(): boolean {
    return true;
  }
  getNothing(argument: string): string {
    return argument;
  }
  destroy(): string {
    throw new Error('an expression called destroy()');
  }
  get broken(): string {
    throw new Error('no luck');
  }
  toString(): string {
    return 'Customer[Graz]';
  }
}

const message = {
  payload: {
    id: 17,
    name: "O'Neil",
    price: 2.5,
    ready: true,
    nothing: null,
    tags: ['a', 'b', 3],
    address: { city: 'Wien', lines: [{ no: 1 }, { no: 2 }] },
    customer: new Customer(),
    lookup: new Map<string, unknown>([['k', 'v']]),
    big: 9007199254740993n,
    raw: Uint8Array.of(1, 2, 3),
    at: new Date('2024-01-02T03:04:05.678Z'),
    call: (): string => 'called',
  },
  headers: new MessageHeaders({
    id: 'the-id',
    timestamp: 5,
    type: 'order',
    partitionKey: 7,
    flag: 'TRUE',
    letter: 'd',
    speed: '50',
    ['with-dash']: 'x',
    constructor: 'own',
  }),
};

const evaluate = (text: string): unknown => parseExpression(text).evaluate(message);

function failure(run: () => unknown): StreambindError {
  try {
    run();
  } catch (error) {
    if (isStreambindError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('what real files have', () => {
  test.each<[string, unknown]>([
    ["headers['partitionKey']", 7],
    ["headers['partitionKey'] - 1", 6],
    ["headers['absent']", null],
    ['payload', message.payload],
    ['payload.id', 17],
    ["payload['id']", 17],
    ['payload.id % 2', 1],
    ['0', 0],
    ["'base'", 'base'],
    ["headers['type']=='order'", true],
    ["headers['type'] == 'other'", false],
    ["headers['type']!='other'", true],
    ["headers['type'].toString().contains('rd')", true],
    ["headers['partitionKey'] > 40", false],
    ["headers['partitionKey']<=10", true],
    ["payload.name.toString()=='x'", false],
    ["headers['type'].bytes", Buffer.from('order')],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test('a key is its own root', () => {
    expect(parseExpression('length() + 10').evaluate('abcd')).toBe(14);
    expect(parseExpression('#root + #this').evaluate(4)).toBe(8);
    expect(parseExpression('id').evaluate({ id: 3 })).toBe(3);
    expect(parseExpression("['id']").evaluate({ id: 3 })).toBe(3);
  });
});

describe('literals', () => {
  test.each<[string, unknown]>([
    ["'it''s'", "it's"],
    ['"say ""hi"""', 'say "hi"'],
    ["''", ''],
    ['42', 42],
    ['42L', 42],
    ['9007199254740993L', 9007199254740993n],
    ['0xFF', 255],
    ['2.5', 2.5],
    ['1e3', 1000],
    ['2.5f', 2.5],
    ['TRUE', true],
    ['null', null],
    ['-3', -3],
    ['- -3', 3],
    ['+3', 3],
    ['{1, 2}', [1, 2]],
    ['{}', []],
    ["{{1}, 'a'}", [[1], 'a']],
    ['{a: 1, "b c": 2}', new Map([['a', 1], ['b c', 2]])], // prettier-ignore
    ['{:}', new Map()],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test('a list literal is new each time', () => {
    const list = parseExpression('{1}');
    expect(list.evaluate({})).not.toBe(list.evaluate({}));
  });
});

describe('operators', () => {
  test.each<[string, unknown]>([
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 / 2.0', 3.5],
    ['(1 + 2.0) / 2', 1.5],
    ['7 div 2', 3],
    ['-7 % 2', -1],
    ['-6 mod 3', 0],
    ['5.0 / 0', Infinity],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['10 - 3 - 2', 5],
    ['payload.price * 2', 5],
    ['payload.big + 1', 9007199254740994n],
    ['9223372036854775807L + 1', -9223372036854775808n],
    ["'n' + 1", 'n1'],
    ["1 + 'n'", '1n'],
    ["'n' + null", 'nnull'],
    ["'n' + {1, 'a'}", 'n[1, a]'],
    ['headers.letter - 3', 'a'],
    ['1 == 1L', true],
    ['payload.big == 9007199254740993L', true],
    ["1 == '1'", false],
    ['null == null', true],
    ["'a' == null", false],
    ['payload.tags == {"a", "b", 3}', true],
    ['payload.tags == {"a", "b"}', false],
    ['payload.address.lines[0] == {no: 1}', true],
    ['1 eq 1 and 1 ne 2', true],
    ['1 lt 2 and 2 le 2 and 3 gt 2 and 3 ge 3', true],
    ["'B' < 'a'", true],
    ['null < 1', true],
    ['1 > null', true],
    ['null <= null', true],
    ['payload.at == payload.at and not (payload.at < payload.at)', true],
    ['true and false or true', true],
    ['true || false && false', true],
    ['!false and not false', true],
    ['!(1 == 2)', true],
    ['headers.flag and true', true],
    ['false and payload.nothing.x', false],
    ['true or payload.nothing.x', true],
    ["payload.ready ? 'y' : 'n'", 'y'],
    ["payload.id > 20 ? 'big' : payload.id > 10 ? 'middle' : 'small'", 'middle'],
    ["payload.nothing ?: 'other'", 'other'],
    ["'' ?: 'other'", 'other'],
    ['payload.id ?: 0', 17],
    ["headers.type matches 'o.*r'", true],
    ["headers.type matches 'rd'", false],
    ["headers.absent matches 'o'", false],
    ["headers.type matches '(?i)ORDER'", true],
    ["'a-b@c' matches '[\\w\\-]+\\@c'", true],
    ['payload.id between {10, 17}', true],
    ["headers.type between {'a', 'n'}", false],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test.each([
    ['1 / 0', 'Division by zero'],
    ['1 % 0', 'Division by zero'],
    ["headers['speed'] > 40", 'a string cannot be compared with a number'],
    ['payload < 1', 'a map cannot be compared with a number'],
    ['1 + null', '+ takes no number and null'],
    ['payload.id and true', 'A boolean is needed'],
    ['null and true', 'A boolean is needed'],
    ["-'a'", '- takes a number'],
    ["payload.id matches 'a'", 'matches takes a string'],
  ])('%s fails', (text, reason) => {
    const error = failure(() => evaluate(text));
    expect(error.code).toBe('EXPRESSION_EVALUATION');
    expect(error.message).toContain(reason);
  });
});

describe('members', () => {
  test.each<[string, unknown]>(
    [
      ['headers.type', 'order'],
      ['headers.absent', null],
      ["headers['with-dash']", 'x'],
      ['headers.constructor', 'own'],
      ['headers.getId()', 'the-id'],
      ["headers.get('type')", 'order'],
      ["headers.containsKey('type') and not headers.containsKey('toString')", true],
      ["headers['__proto__']", null],
      ["headers['toString']", null],
      ["payload['absent']", null],
      ['payload?.absent', null],
      ['payload.nothing?.x', null],
      ['payload.nothing?.trim()', null],
      ['payload.address.city', 'Wien'],
      ['payload.getAddress().getCity()', 'Wien'],
      ['payload.isReady()', true],
      ['payload.tags[2]', 3],
      ["payload.tags['1']", 'b'],
      ['payload.address.lines[1].no', 2],
      ['payload.tags.length + payload.tags.size()', 6],
      ['payload.lookup.k', 'v'],
      ['payload.lookup.absent', null],
      ["payload.lookup['k']", 'v'],
      ['payload.customer.city', 'Graz'],
      ['payload.customer.upperCity', 'GRAZ'],
      ['payload.customer.getUpperCity()', 'GRAZ'],
      ["payload.customer['upperCity']", 'GRAZ'],
      ['payload.customer.secret', 'kept'],
      ['payload.customer.getSecret()', 'kept'],
      ['payload.customer.active and payload.customer.isActive()', true],
      ['payload.customer.toString()', 'Customer[Graz]'],
      ['payload.raw.length', 3],
      ['payload.at.time', 1704164645678],
      ['payload.at.getTime()', 1704164645678],
      ["'abc'[1]", 'b'],
    ].filter(([, expected]) => expected !== undefined) as [string, unknown][],
  )('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test.each([
    ['payload.nothing.x', "'x' is read from null"],
    ['payload.adress', "There is no 'adress' on a map"],
    ['payload.call', "'call' is a function"],
    ["payload['call']", "'call' is a function"],
    ['payload.getCall()', "'call' is a function"],
    ['payload.raw.id', "There is no 'id' on a bytes"],
    ['payload.tags[3]', 'Index 3 is outside a list of 3'],
    ["payload.tags['x']", 'no elements by a string'],
    ['payload.tags[-1]', 'Index -1'],
    ['payload.id.x', "There is no 'x' on a number"],
    ['payload.customer.absent', "There is no 'absent' on an object of class Customer"],
    ['payload.customer.broken', 'no luck'],
    ['payload.customer.destroy', "There is no 'destroy'"],
    ['payload.customer.getNothing()', "There is no 'nothing'"],
    ['payload.nothing.length()', 'length() is called on null'],
    ["payload.tags.startsWith('a')", 'no method startsWith() with 1 arguments on a list'],
    ['payload.raw.hashCode()', 'no hash code'],
    ['payload.raw.toString()', 'no text of its own'],
  ])('%s fails', (text, reason) => {
    const error = failure(() => evaluate(text));
    expect(error.code).toBe('EXPRESSION_EVALUATION');
    expect(error.message).toContain(reason);
  });

  test('a misspelt property names the nearest one', () => {
    expect(failure(() => evaluate('payload.adress')).details.nearest).toBe('address');
  });
});

function valueOrCode(text: string, root: unknown): string {
  const expression = parseExpression(text);
  try {
    return String(expression.evaluate(root));
  } catch (error) {
    return isStreambindError(error) ? error.code : String(error);
  }
}

describe('no prototype is reached', () => {
  const roots: unknown[] = [{}, [], 'x', 1, true, new Map(), new Date(), new Customer(), Buffer.from('x'), message];
  roots.push(Object.create(null), new MessageHeaders(), new Error('x'), Symbol('x'));
  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', '__defineGetter__', 'buffer'])(
    '%s',
    (name) => {
      for (const root of roots) {
        for (const text of [name, `#root.${name}`, `['${name}']`, `#root?.${name}`]) {
          expect(valueOrCode(text, root)).toMatch(/^(?:null|EXPRESSION_EVALUATION)$/);
        }
      }
    },
  );

  test('no function runs but what is listed', () => {
    for (const text of [
      'payload.call()',
      'payload.customer.destroy()',
      "payload.tags.push('x')",
      "'a'.constructor('x')",
    ]) {
      expect(failure(() => parseExpression(text)).code).toBe('EXPRESSION_SYNTAX');
    }
  });

  test('what was added to Object.prototype is not seen', () => {
    Object.defineProperty(Object.prototype, 'size', { value: 'polluted', configurable: true });
    try {
      expect(failure(() => evaluate('payload.address.size')).message).toContain("There is no 'size'");
    } finally {
      delete (Object.prototype as { size?: unknown }).size;
    }
  });
});

describe('methods', () => {
  test.each<[string, unknown]>([
    ["'abc'.contains('b')", true],
    ["'abc'.startsWith('b', 1) and 'abc'.endsWith('c')", true],
    ["'abc'.equals('abc') and not 'abc'.equals(null)", true],
    ["'ABC'.equalsIgnoreCase('abc')", true],
    ["'abc'.toUpperCase().toLowerCase()", 'abc'],
    ["' a '.trim().length()", 1],
    ["''.isEmpty() and ' '.isBlank()", true],
    ["'abcdef'.substring(2)", 'cdef'],
    ["'abcdef'.substring(2, 4)", 'cd'],
    ["'abcabc'.indexOf('c') + 'abcabc'.indexOf('c', 3) + 'abcabc'.lastIndexOf('a')", 10],
    ["'abc'.charAt(1)", 'b'],
    ["'a'.concat('b').concat(3)", 'ab3'],
    ["'a.b.c'.replace('.', '$&')", 'a$&b$&c'],
    ["'abc'.matches('[a-c]+') and not 'abc'.matches('b')", true],
    ["'a,b,,c,,'.split(',')", ['a', 'b', '', 'c']],
    ["'a,b,c'.split(',', 2)", ['a', 'b,c']],
    ["'a1b22c'.split('(\\d)+')", ['a', 'b', 'c']],
    ["'abc'.split('')", ['a', 'b', 'c']],
    ["''.split(',')", ['']],
    ["'abc'.hashCode()", 96354],
    ["'ünï'.getBytes()", Buffer.from('ünï')],
    ["'b'.compareTo('a') > 0", true],
    ["payload.tags.contains('b') and not payload.tags.contains('c')", true],
    ['payload.tags.indexOf(3)', 2],
    ['payload.tags.get(0)', 'a'],
    ['payload.tags.isEmpty()', false],
    ['{1, 2}.contains(payload.id - 15)', true],
    ["payload.address.containsKey('city') and payload.address.containsValue('Wien')", true],
    ["payload.address.get('absent')", null],
    ["payload.address.getOrDefault('absent', 1)", 1],
    ['payload.address.size()', 2],
    ['payload.lookup.isEmpty()', false],
    ['payload.id.toString()', '17'],
    ['payload.price.intValue()', 2],
    ['4294967297L.intValue()', 1],
    ['payload.id.longValue().equals(17)', true],
    ['payload.id.hashCode()', 17],
    ['true.toString()', 'true'],
    ['payload.address.lines.toString()', '[{no=1}, {no=2}]'],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test.each([
    ["'abc'.substring(2, 9)", 'outside a string of 3'],
    ["'abc'.charAt(3)", 'Index 3'],
    ["'abc'.substring('a')", 'Argument 1 has to be an integer'],
    ["'abc'.contains(null)", 'Argument 1 is null'],
  ])('%s fails', (text, reason) => {
    expect(failure(() => evaluate(text)).message).toContain(reason);
  });
});

describe('syntax errors', () => {
  test.each<[string, number, string]>([
    ['', 1, 'empty'],
    ['   ', 1, 'empty'],
    ["headers['x'", 12, 'Expected ], found the end'],
    ["headers['x') == 1", 12, 'Expected ]'],
    ["headers['x] == 1", 9, 'not closed'],
    ['payload.', 9, 'Expected a name, found the end'],
    ['payload..id', 9, 'Expected a name, found .'],
    ['1 +', 4, 'Unexpected the end'],
    ['1 2', 3, 'Unexpected 2'],
    ['a ~ b', 3, 'The character ~'],
    ['1 < 2 < 3', 7, 'Unexpected <'],
    ['3000000000', 1, 'too large'],
    ['1.5L', 1, 'neither'],
    ['12abc', 1, 'number cannot be read'],
    ['a ? b', 6, 'Expected :'],
    ["payload.exec('rm')", 9, 'no method exec()'],
    ["'a'.startWith('b')", 5, 'no method startWith()'],
    ["'a'.trim(1)", 5, 'does not take 1 argument'],
    ['payload.getClass()', 9, 'getClass() is not available'],
    ['T(java.lang.Runtime).getRuntime()', 1, 'Java types'],
    ["new String('a')", 1, 'Constructors'],
    ['@bean.name', 1, 'References to beans'],
    ['payload.id = 3', 12, 'Assignments'],
    ['payload.id++', 11, 'Assignments'],
    ['2 ^ 3', 3, 'power operator'],
    ['payload.?[id > 3]', 9, 'Selections'],
    ['payload.![id]', 9, 'Selections'],
    ['payload instanceof 3', 9, 'instanceof'],
    ['#name', 2, 'no variable #name'],
    ["#{'a'}", 1, 'Templates'],
    ["'a' matches '('", 13, 'pattern cannot be read'],
    ["'a' matches 'a++'", 13, 'pattern cannot be read'],
    ["'a' matches headers.pattern", 21, 'string literal'],
    ["'a'.matches(payload)", 13, 'string literal'],
    ['1 between 2', 11, 'list of two'],
    ['1 between {1}', 11, 'list of two'],
    [`${'('.repeat(200)}1${')'.repeat(200)}`, 101, 'nests at most'],
    [`${'!'.repeat(200)}true`, 100, 'nests at most'],
    [Array(2000).fill('1').join('+'), 1000, 'at most 1000 parts'],
    [`'${'a'.repeat(10_000)}'`, 10_001, 'at most 10000 characters'],
  ])('%s', (text, column, reason) => {
    const error = failure(() => parseExpression(text));
    expect(error.code).toBe('EXPRESSION_SYNTAX');
    expect(error.message).toContain(reason);
    expect(error.details['column']).toBe(column);
  });

  test('the message shows the place', () => {
    const error = failure(() => parseExpression("headers['a'] == = 1", 'the condition of Listener.on'));
    expect(error.message).toBe(
      [
        'Assignments are not supported (column 17)',
        '  where:   the condition of Listener.on',
        "  given:   headers['a'] == = 1",
        '                           ^',
      ].join('\n'),
    );
    expect(failure(() => parseExpression("'a'.startWith('b')")).details.nearest).toBe('startsWith()');
  });

  test('the place of a failed evaluation is shown too', () => {
    const error = failure(() => evaluate("'key-' + payload.nothing.name"));
    expect(error.details['column']).toBe(26);
    expect(error.message).toContain(`${' '.repeat(11 + 25)}^`);
  });
});

describe('conditions', () => {
  test.each<[string, boolean]>([
    ["headers['type']=='order'", true],
    ['null', false],
    ['headers.flag', true],
    ["'off'", false],
    ['payload.ready', true],
  ])('%s', (text, expected) => {
    expect(parseExpression(text).test(message)).toBe(expected);
  });

  test('a result that is no boolean fails', () => {
    const error = failure(() => parseExpression('payload.id').test(message));
    expect(error.code).toBe('EXPRESSION_EVALUATION');
    expect(error.message).toContain('a number, not a boolean');
  });
});

test('circular payloads fail and do not crash', () => {
  const payload: Record<string, unknown> = {};
  payload['self'] = payload;
  expect(failure(() => parseExpression('payload.toString()').evaluate({ payload })).code).toBe('EXPRESSION_EVALUATION');
});

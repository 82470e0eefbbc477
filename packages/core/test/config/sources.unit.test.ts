import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadEnvironment } from '../../src/config/index.js';
import { directoryWith, load, told, yml } from './files.js';

const all = (environment: { properties(): Iterable<{ key: string; value: string }> }): Record<string, string> =>
  Object.fromEntries([...environment.properties()].map(({ key, value }) => [key, value]));

describe('yml', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      'texts stay as they are written',
      'a: 0123\nb: 1.0\nc: no\nd: 12:30\ne: 2020-02-22',
      { a: '0123', b: '1.0', c: 'no', d: '12:30', e: '2020-02-22' },
    ],
    [
      'nothing, in each of its forms',
      'a:\nb: ~\nc: null\nd: ""\ne: {}\nf: []',
      { a: '', b: '', c: '', d: '', e: '', f: '' },
    ],
    ['"null" in quotes is a text', 'a: "null"', { a: 'null' }],
    [
      'lists of values and of blocks',
      'l:\n  - a\n  - b: 1\n    c: [x]',
      { 'l[0]': 'a', 'l[1].b': '1', 'l[1].c[0]': 'x' },
    ],
    ['indexes in keys', '"l[1]": b\nl[0]: a', { 'l[1]': 'b', 'l[0]': 'a' }],
    ['brackets', 'm:\n  "[a.b]": 1\nm.[c.d]: 2', { 'm.[a.b]': '1', 'm.[c.d]': '2' }],
    ['quotes in quotes', `a: '''key'''\nb: "'key'"`, { a: "'key'", b: "'key'" }],
    ['blocks of text', 'a: |\n  one\n  two\nb: >-\n  one\n  two', { a: 'one\ntwo\n', b: 'one two' }],
    [
      'anchors, aliases, merges',
      'x: &x { a: 1, b: 2 }\ny: { <<: *x, b: 3 }\nz: { <<: [ { b: 4 }, *x ] }',
      {
        'x.a': '1',
        'x.b': '2',
        'y.a': '1',
        'y.b': '3',
        'z.b': '4',
        'z.a': '1',
      },
    ],
    ['keys that are numbers', '1: a\nm: { 2: b }', { '1': 'a', 'm.2': 'b' }],
    ['empty documents between', '---\n---\na: 1\n---\n# nothing\n---\n', { a: '1' }],
    ['only a comment', '# nothing', {}],
    ['nothing at all', '', {}],
    ['CRLF and a byte order mark', '\uFEFFa:\r\n  b: 1\r\n---\r\nc: 2\r\n', { 'a.b': '1', c: '2' }],
    ['other scripts', '名字: 值 # 注释', { 名字: '值' }],
    ['a reserved character of a build', 'a: @x@', { a: '@x@' }],
  ])('%s', (_, text, expected) => {
    const environment = yml(text);
    expect(all(environment)).toEqual(expected);
    expect(environment.problems).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    ['a tab', 'a:\n\tb: 1', '2:1', /tab/],
    ['a tab behind spaces', 'a:\n  b:\n  \tc: 1', '3:3', /tab/],
    ['a wrong indentation', 'a:\n    b: 1\n  c: 2', '3:3', /column/],
    ['a value and a block', 'a: x\n  b: 1', '1:4', /key/],
    ['a missing colon', 'a:\n  b\n  c: 1', '2:3', /colon/],
    ['an open quote', 'a: "x\nb: 1', '1:4', /quote/],
    ['a key in brackets without quotes', 'm:\n  [c.d]: 2', '2:3', /"\[a\.b\]"/],
    ['the same further down', 'm:\n  x: 1\n  [c.d]: 2', '3:3', /"\[a\.b\]"/],
    ['braces in a block of braces', 'a: { b: ${c} }', '1:10', /quotes around/],
    ['an open bracket', 'a: [x', '1:6', /character is missing/],
    ['an unknown alias, whose name is not shown', 'password: *hidden', '1:11', /^(?!.*hidden).*alias/],
    ['a key twice', 'a: 1\nb: 2\na: 3', '3:1', /key a is written twice in one block, first at application.yml:1:1/],
    ['a list at the root', '- a', '1:1', /keys and values/],
    [
      'aliases without end',
      'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]',
      '2:35',
      /aliases/,
    ],
    ['an alias inside itself', 'a: &a\n  b: *a', '2:3', /aliases/],
  ])('%s is an error with its place', (_, text, place, message) => {
    const { problems } = yml(text);
    expect(problems.map(({ code, severity, line, column }) => `${severity} ${code} ${line}:${column}`)).toEqual([
      `error CONFIG_FILE ${place}`,
    ]);
    expect(problems[0]!.message).toMatch(message);
  });

  test('a merge that leads back to itself ends', () => {
    expect(yml('a: &a\n  <<: *a\n  b: 1').get('a.b')).toBe('1');
  });

  test('one property in two forms is a warning, and the later one counts', () => {
    const environment = yml('a.b-c: 1\na:\n  bC: 2\n  b-c:\nx.y: 1\n---\nx.y: 2');
    expect(told(environment)).toEqual(['warning CONFIG_KEY 3:7 a.bC']);
    expect([environment.get('a.b-c'), environment.get('x.y')]).toEqual(['2', '2']);
  });
});

describe('properties', () => {
  test.each<[string, string, Record<string, string>]>([
    ['separators', 'a=1\nb: 2\nc 3\nd = 4\ne\nf=\ng:=5', { a: '1', b: '2', c: '3', d: '4', e: '', f: '', g: '=5' }],
    ['comments and blank lines', '# a=1\n ! b=2\n\n  \nc=3 # no comment', { c: '3 # no comment' }],
    ['continued lines', 'a=1,\\\n  2,\\\r\n  3\nb=x\\\\\nc=4', { a: '1,2,3', b: 'x\\', c: '4' }],
    ['escapes', 'a=\\u4f60\\t\\:\\=\\q\nb\\ \\=c=d', { a: '你\t:=q', bc: 'd' }],
    ['UTF-8', 'a=你好', { a: '你好' }],
    ['lists, brackets', 'l[0].x=a\nm.[a.b]=1', { 'l[0].x': 'a', 'm.[a.b]': '1' }],
    ['documents', 'a=1\n#---\na=2\n!---\nb=3', { a: '2', b: '3' }],
    ['CR alone', 'a=1\rb=2', { a: '1', b: '2' }],
    ['values keep their blanks at the end', 'a= 1 ', { a: '1 ' }],
  ])('%s', (_, text, expected) => {
    const environment = load({ files: { 'application.properties': text } });
    expect(all(environment)).toEqual(expected);
    expect(environment.problems).toEqual([]);
  });

  test('a key twice is a warning, the later one counts', () => {
    const environment = load({ files: { 'application.properties': 'a=1\nb=2\na=3' } });
    expect(environment.get('a')).toBe('3');
    expect(environment.problems.map(({ message }) => message)).toEqual([
      'is written a second time, first at application.properties:1:3; this one counts',
    ]);
  });
});

describe('files that cannot be read', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['other encodings', new Uint8Array([0x61, 0x3a, 0x20, 0xc4, 0xe3]), /UTF-8/],
    ['binary files', new Uint8Array([0x61, 0]), /text/],
  ])('%s', (_, content, message) => {
    const { problems } = load({ files: { 'application.yml': content } });
    expect(problems).toEqual([
      expect.objectContaining({ severity: 'error', code: 'CONFIG_FILE', file: 'application.yml' }),
    ]);
    expect(problems[0]!.message).toMatch(message);
  });

  test('a directory of that name', () => {
    const directory = directoryWith();
    mkdirSync(join(directory, 'application.yml'));
    const { problems } = loadEnvironment({ directories: [directory], args: [], env: {} });
    expect(problems.map(({ message }) => message)).toEqual(['cannot be read (EISDIR)']);
  });
});

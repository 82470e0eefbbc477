import { describe, expect, test } from '@jest/globals';
import { loadEnvironment } from '../../src/config/index.js';
import { directoryWith, load, told, yml, type Given } from './files.js';

describe('precedence', () => {
  const json = { SPRING_APPLICATION_JSON: '{"who":{"wins":"json"}}' };
  const cases: readonly (readonly [string, Given, string])[] = [
    ['yml over yaml', { files: { 'application.yaml': 'who.wins: yaml', 'application.yml': 'who.wins: yml' } }, 'yml'],
    [
      'properties over yml',
      { files: { 'application.yml': 'who.wins: yml', 'application.properties': 'who.wins=p' } },
      'p',
    ],
    [
      'config/ over its folder',
      { files: { 'application.properties': 'who.wins=root', 'config/application.yml': 'who.wins: config' } },
      'config',
    ],
    [
      'a profile over config/',
      {
        files: { 'config/application.yml': 'who.wins: config', 'application-a.yml': 'who.wins: a' },
        args: ['--spring.profiles.active=a'],
      },
      'a',
    ],
    [
      'the last profile',
      {
        files: { 'application-a.yml': 'who.wins: a', 'application-b.yml': 'who.wins: b' },
        env: { SPRING_PROFILES_ACTIVE: 'b, a' },
      },
      'a',
    ],
    ['the last document', { files: { 'application.yml': 'who.wins: one\n---\nwho.wins: two' } }, 'two'],
    [
      'a variable over a profile',
      { files: { 'application-a.yml': 'who.wins: a' }, env: { SPRING_PROFILES_ACTIVE: 'a', WHO_WINS: 'env' } },
      'env',
    ],
    ['an upper-case variable over a dotted one', { env: { 'who.wins': 'dotted', WHO_WINS: 'upper' } }, 'upper'],
    [
      'a dotted variable over files',
      { files: { 'application.yml': 'who.wins: yml' }, env: { 'who.wins': 'dotted' } },
      'dotted',
    ],
    ['json over variables', { env: { ...json, WHO_WINS: 'env' } }, 'json'],
    ['an argument over json', { env: json, args: ['--who.wins=argument'] }, 'argument'],
    [
      'json as an argument over the variable',
      { env: json, args: ['--spring.application.json={"whoWins":1,"who.wins":"arg"}'] },
      'arg',
    ],
    [
      'a relaxed spelling',
      { files: { 'application.yml': 'who: { wins: yml }' }, args: ['--WHO.WINS=argument'] },
      'argument',
    ],
  ];
  test.each(cases)('%s', (_, given, winner) => {
    const environment = load(given);
    expect(environment.get('who.wins')).toBe(winner);
    expect(environment.problems).toEqual([]);
  });

  test('the first directory wins, whatever is in the second, and one named twice is read once', () => {
    const [work, home] = [
      directoryWith({ 'application.yml': 'a: work' }),
      directoryWith({ 'config/application.yml': 'a: home\nb: home' }),
    ];
    const environment = loadEnvironment({ directories: [work, home, work], args: [], env: {} });
    expect([environment.get('a'), environment.get('b')]).toEqual(['work', 'home']);
    expect(environment.origin('b')?.file).toBe(`${home}/config/application.yml`);
    expect(environment.problems).toEqual([]);
  });

  test('a list of a higher source replaces a lower one whole, in any form', () => {
    const files = {
      'application.yml': 'l: [a, b, c]',
      'application-p.yml': 'l: [x]',
      'application-q.properties': 'l=y',
    };
    const keys = (profile: string, env = {}): unknown => {
      const found = load({ files, args: [`--spring.profiles.active=${profile}`], env });
      return [...found.properties()]
        .filter(({ key }) => key.startsWith('l'))
        .map(({ key, value }) => `${key}=${value}`);
    };
    expect(keys('none')).toEqual(['l[0]=a', 'l[1]=b', 'l[2]=c']);
    expect(keys('p')).toEqual(['l[0]=x']);
    expect(keys('q')).toEqual(['l=y']);
    expect(keys('none', { L: 'z' })).toEqual(['l=z']);
    expect(keys('none', { L_1: 'z' })).toEqual(['l[0]=a', 'l[1]=z', 'l[2]=c']);
  });
});

describe('origins', () => {
  test.each<[string, Given, string]>([
    ['yml, nested', { files: { 'application.yml': 'a:\n  b: x' } }, 'application.yml:2:6'],
    ['yml in config/', { files: { 'config/application.yml': '# top\na.b: x' } }, 'config/application.yml:2:6'],
    ['properties', { files: { 'application.properties': '\n a.b = x' } }, 'application.properties:2:8'],
    ['a continued line', { files: { 'application.properties': '#\na.b=\\\n  x' } }, 'application.properties:2:5'],
    ['a variable', { env: { A_B: 'x' } }, 'environment variable A_B'],
    ['an argument', { args: ['--a.b=x'] }, 'argument --a.b'],
    ['json', { env: { SPRING_APPLICATION_JSON: '{"a.b":"x"}' } }, 'environment variable SPRING_APPLICATION_JSON'],
    [
      'a CRLF file with a byte order mark',
      { files: { 'application.yml': '\uFEFFx: 1\r\na:\r\n  b: x\r\n' } },
      'application.yml:3:6',
    ],
  ])('%s', (_, given, text) => {
    const environment = load(given);
    expect(environment.get('a.b')).toBe('x');
    expect(environment.origin('a.b')?.text).toBe(text);
  });
});

describe('arguments', () => {
  test('a flag alone is true, a repeated one a list, the rest is the program’s', () => {
    const environment = load({ args: ['--debug', 'file', '-x', '--', '--l=a', '--l=b', '--empty=', '--eq=a=b'] });
    expect(['debug', 'l', 'empty', 'eq', 'x'].map((key) => environment.get(key))).toEqual([
      'true',
      'a,b',
      '',
      'a=b',
      undefined,
    ]);
  });

  test('json that is none is told', () => {
    expect(told(load({ env: { SPRING_APPLICATION_JSON: '{oops' } }))).toEqual([
      'error CONFIG_VALUE undefined:undefined spring.application.json',
    ]);
  });

  test('json has lists, blocks, nulls and dotted keys', () => {
    const environment = load({
      env: { SPRING_APPLICATION_JSON: '{"a":[{"b":1},{"b":true}],"c.d":{"e":null,"f":""}}' },
    });
    expect(['a[0].b', 'a[1].b', 'c.d.e', 'c.d.f'].map((key) => environment.get(key))).toEqual(['1', 'true', '', '']);
  });
});

describe('where files are looked for', () => {
  const where = (args: string[], files: Record<string, string>): string | undefined => load({ files, args }).get('a');

  test('spring.config.name', () => {
    expect(where(['--spring.config.name=mine'], { 'mine.yml': 'a: mine', 'application.yml': 'a: usual' })).toBe('mine');
  });
  test('spring.config.location replaces the usual places; the last of several wins', () => {
    const files = { 'application.yml': 'a: usual', 'x/application.yml': 'a: x', 'one.properties': 'a=one' };
    expect(where(['--spring.config.location=x/'], files)).toBe('x');
    expect(where(['--spring.config.location=file:./one.properties,optional:nowhere/,x/'], files)).toBe('x');
    expect(where(['--spring.config.location=classpath:/x/,one.properties'], files)).toBe('one');
  });
  test('spring.config.additional-location stands above them, with the profile files of a file', () => {
    const files = { 'config/application.yml': 'a: usual', 'x/more.yml': 'a: more', 'x/more-p.yml': 'a: more-p' };
    expect(where(['--spring.config.additional-location=x/more.yml'], files)).toBe('more');
    expect(where(['--spring.config.additional-location=x/more.yml', '--spring.profiles.active=p'], files)).toBe(
      'more-p',
    );
  });
  test('what is not there is an error unless optional', () => {
    expect(told(load({ args: ['--spring.config.location=optional:a/,b/'] }))).toEqual([
      'error CONFIG_IMPORT undefined:undefined spring.config.location',
    ]);
  });
});

describe('spring.config.import', () => {
  test('stands above the document that imports and below the next one; relative to the file', () => {
    const environment = load({
      files: {
        'config/application.yml':
          'a: file\nb: file\nspring.config.import: "more/${which}.yml, optional:none.yml"\n---\nb: later',
        'config/more/x.yml': 'a: imported\nb: imported\nspring.config.import: [ ../deep.properties ]',
        'config/deep.properties': 'c=deep',
      },
      env: { WHICH: 'x' },
    });
    expect(['a', 'b', 'c'].map((key) => environment.get(key))).toEqual(['imported', 'later', 'deep']);
    expect(environment.problems).toEqual([]);
  });
  test('files that import each other are read once', () => {
    const environment = load({
      files: {
        'application.yml': 'a: 1\nspring.config.import: b.yml',
        'b.yml': 'b: 2\nspring.config.import: application.yml',
      },
    });
    expect([environment.get('a'), environment.get('b')]).toEqual(['1', '2']);
  });
  test('a missing file is an error, another kind of source a warning, optional ones are neither', () => {
    const environment = yml(
      'a: 1\nspring:\n  config:\n    import:\n      - none.yml\n      - "configserver:"\n      - optional:nacos:x.yml',
    );
    expect(told(environment)).toEqual([
      'error CONFIG_IMPORT 5:9 spring.config.import[0]',
      'warning CONFIG_UNSUPPORTED 6:9 spring.config.import[1]',
    ]);
    expect(environment.get('a')).toBe('1');
  });
});

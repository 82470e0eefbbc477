import { describe, expect, test } from '@jest/globals';
import { isStreambindError } from '../../src/errors/index.js';
import { schema, type Option } from '../../src/schema/index.js';
import { describeProblem } from '../../src/config/index.js';
import { load, told, yml } from './files.js';

describe('relaxed names', () => {
  const spellings = ['back-off-max', 'backOffMax', 'back_off_max', 'BACKOFFMAX', 'BackOff-Max', '[back-off-max]'];
  test.each(spellings)('%s is back-off-max', (spelling) => {
    expect(load({ args: [`--x.${spelling}.y=1`] }).get('x.back-off-max.y')).toBe('1');
    expect(load({ args: ['--x.back-off-max.y=1'] }).get(`x.${spelling}.y`)).toBe('1');
  });

  test.each([
    ['X_BACKOFFMAX_0_Y', 'x.back-off-max[0].y'],
    ['X_BACK_OFF_MAX', 'x.back-off-max'],
    ['X_BACK_OFF_MAX', 'x.backOffMax'],
    ['x_backoffmax', 'x.backOffMax'],
    ['JAVA_HOME', 'JAVA_HOME'],
    ['BINDINGS_MYINPUT_GROUP', 'bindings.my_input.group'],
    ['BINDINGS_MY_INPUT_GROUP', 'bindings.my_input.group'],
    ['BINDINGS_UPPERCASE_IN_0_GROUP', 'bindings.uppercase-in-0.group'],
  ])('the variable %s is %s', (variable, key) => {
    expect(load({ env: { [variable]: '1' } }).get(key)).toBe('1');
    const environment = load({ env: { [variable]: '1' }, args: [`--${key}=2`] });
    expect(environment.get(key)).toBe('2');
  });

  test('one name does not run into another', () => {
    const environment = load({ env: { AB_C: '1' }, args: ['--a.bc=2'] });
    expect([environment.get('a.b.c'), environment.get('abc'), environment.get('a.b')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('dotted and nested keys mix at every level', () => {
    const environment = yml('a.b:\n  c.d: 1\na:\n  b.c:\n    e: 2\n  "b":\n    f: 3\n"[a.b.g]": 4');
    expect(['a.b.c.d', 'a.b.c.e', 'a.b.f', 'a.b.g'].map((key) => environment.get(key))).toEqual(['1', '2', '3', '4']);
    expect(environment.problems).toEqual([]);
  });
});

describe('names', () => {
  const file = [
    'bindings:',
    '  Order_In: { destination: a }',
    '  "[with.dot]": { destination: b }',
    '  "a|b-in-0": { destination: c }',
    '  leer:',
    'bindings.orderIn.group: g',
  ].join('\n');

  test('are in the user’s spelling, once each; variables add new ones and recognise known ones', () => {
    const files = { 'application.yml': file };
    expect(load({ files }).names('bindings')).toEqual(['Order_In', 'with.dot', 'ab-in-0', 'leer']);
    const env = { BINDINGS_ORDER_IN_CONSUMER_X: '1', BINDINGS_ORDERIN_GROUP: 'v', BINDINGS_NEW_GROUP: '2', OTHER: '3' };
    const environment = load({ files, env });
    expect(environment.names('bindings')).toEqual(['Order_In', 'with.dot', 'ab-in-0', 'leer', 'new']);
    expect(environment.get('bindings.Order_In.group')).toBe('v');
    expect(environment.get('bindings.Order_In.consumer.x')).toBe('1');
    expect(environment.get('bindings.new.group')).toBe('2');
    expect(environment.get('bindings.with.dot.destination')).toBe('b');
  });
});

describe('placeholders', () => {
  const values = [
    'a=1',
    'nested=${a}${b:${c:${a}-d}}',
    'name=a',
    'indirect=${${name}}',
    'url=${none:http://x:80/y}',
    'empty=${none:}',
    'open=${a',
    'spel=#{systemProperties["${a}"]}',
    'json=${none:{"k":{}}}!',
    'relaxed=${serverX.port-no}-${INSTANCE_INDEX:9}',
    'server-x.portNo=80',
    'unset=x${gone}',
    'one=${two}',
    'two=${three:${a}}',
    'three=${one}',
    'unused=${a:${gone}}',
  ];
  const environment = load({ files: { 'application.properties': values.join('\n') }, env: { INSTANCE_INDEX: '3' } });

  test.each([
    ['nested', '11-d'],
    ['indirect', '1'],
    ['url', 'http://x:80/y'],
    ['empty', ''],
    ['open', '${a'],
    ['spel', '#{systemProperties["1"]}'],
    ['json', '{"k":{}}!'],
    ['relaxed', '80-3'],
    ['unused', '1'],
  ])('%s', (key, value) => expect(environment.get(key)).toBe(value));

  const thrown = (read: () => unknown): { code: string; where: unknown; message: string } => {
    try {
      read();
    } catch (error) {
      if (isStreambindError(error)) return { code: error.code, where: error.details.where, message: error.message };
    }
    throw new Error('nothing was thrown');
  };

  test('one that is not set is named with the place of the text it stands in', () => {
    expect(thrown(() => environment.get('unset'))).toMatchObject({
      code: 'CONFIG_PLACEHOLDER',
      where: 'application.properties:12:7 (unset)',
      message: expect.stringContaining('${gone}'),
    });
    expect(thrown(() => environment.resolve('${unset}', 'Listener.port'))).toMatchObject({
      where: 'application.properties:12:7 (unset)',
    });
    expect(thrown(() => environment.resolve('${gone}', 'Listener.port'))).toMatchObject({ where: 'Listener.port' });
    expect(thrown(() => environment.require('gone'))).toMatchObject({ code: 'CONFIG_PLACEHOLDER' });
  });

  test('a circle is named', () => {
    expect(thrown(() => environment.get('one'))).toMatchObject({
      code: 'CONFIG_CIRCULAR',
      message: expect.stringContaining('two → three → one → two'),
    });
  });

  test('random values', () => {
    expect(environment.resolve('${random.uuid}')).toMatch(/^[\da-f-]{36}$/);
    expect(environment.resolve('${random.value}')).toMatch(/^[\da-f]{32}$/);
    expect(environment.resolve('${random.int[7,8]} ${random.int(1)} ${random.long}')).toMatch(/^7 0 -?\d+$/);
    expect(environment.resolve('${random.int(9,3):no} ${random.word:none}')).toBe('no none');
  });
});

describe('options', () => {
  const option = (type: Option['type'], more: Partial<Option> = {}): Option => ({ type, doc: '', ...more });
  const read = (one: Option, value: string): unknown => {
    const environment = load({ files: { 'application.yml': `p.x: ${value}` } });
    const { x } = environment.options(schema<{ x: unknown }>({ x: one }), 'p');
    return environment.problems.length > 0
      ? `${environment.problems[0]!.code}: ${environment.problems[0]!.allowed}`
      : x;
  };
  const durations = 'a duration such as 500ms, 10s, 5m, 1h or PT10S';

  test.each<[Option, string, unknown]>([
    [option('string'), '0123', '0123'],
    [option('string'), 'no', 'no'],
    [option('string'), '" a "', ' a '],
    [option('string'), '""', undefined],
    [option('string', { default: 'd' }), '""', ''],
    [option('string', { default: 'd' }), '', 'd'],
    [option('string', { secret: true }), '""', ''],
    [option('boolean'), 'On', true],
    [option('boolean'), 'no', false],
    [option('boolean', { default: true }), '""', true],
    [option('boolean'), 'maybe', 'CONFIG_VALUE: true or false'],
    [option('integer'), '1_000', 1000],
    [option('integer'), '0x10', 16],
    [option('integer'), '1.5', 'CONFIG_VALUE: a whole number'],
    [option('integer', { min: 1 }), '0', 'CONFIG_VALUE: a whole number, 1 or more'],
    [option('integer', { min: 0, max: 9 }), '10', 'CONFIG_VALUE: a whole number from 0 to 9'],
    [option('integer', { max: 9 }), '10', 'CONFIG_VALUE: a whole number, at most 9'],
    [option('number'), '1.5', 1.5],
    [option('number'), '1,5', 'CONFIG_VALUE: a number'],
    [option('duration'), '500', 500],
    [option('duration', { unit: 's' }), '5', 5000],
    [option('duration', { unit: 's' }), '5ms', 5],
    [option('duration'), '2S', 2000],
    [option('duration'), '1d', 86_400_000],
    [option('duration'), 'PT1M2.5S', 62_500],
    [option('duration'), 'P1DT1H', 90_000_000],
    [option('duration'), '1.5s', `CONFIG_VALUE: ${durations}`],
    [option('duration'), 'P', `CONFIG_VALUE: ${durations}`],
    [option('duration'), '5 parsecs', `CONFIG_VALUE: ${durations}`],
    [option('duration', { min: 0 }), '-1', `CONFIG_VALUE: ${durations}, 0ms or more`],
    [option('size'), '512', 512],
    [option('size'), '10KB', 10_240],
    [option('size'), '1gb', 1024 ** 3],
    [option('size'), '-1', 'CONFIG_VALUE: a size such as 512, 10KB, 16MB or 1GB'],
    [option('enum', { values: ['embeddedHeaders', 'none'] }), 'EMBEDDED_HEADERS', 'embeddedHeaders'],
    [option('enum', { values: ['a', 'b'] }), 'c', 'CONFIG_VALUE: a, b'],
    [option('list'), '"a, b,,c "', ['a', 'b', 'c']],
    [option('list'), '[a, "b,c"]', ['a', 'b,c']],
    [option('list', { default: ['d'] }), '[]', []],
    [option('list', { default: ['d'] }), '', ['d']],
    [option('list', { values: ['A', 'B'] }), '[a, b]', ['A', 'B']],
    [option('list', { values: ['A', 'B'] }), 'a,c', 'CONFIG_VALUE: A, B'],
    [
      option('map'),
      '{ a.b: 1, Key: [x, y], "[c/d]": 2, none: }',
      { 'a.b': '1', 'Key[0]': 'x', 'Key[1]': 'y', 'c/d': '2' },
    ],
    [option('map'), '{ __proto__: x }', JSON.parse('{"__proto__":"x"}')],
    [option('map', { default: {} }), '', {}],
    [option('boolean-map'), '{ java.lang.X: false }', { 'java.lang.X': false }],
    [option('boolean-map'), '{ java.lang.X: 7 }', 'CONFIG_VALUE: true or false'],
    [option('expression'), '"headers[\'a\'] == ${none:1}"', "headers['a'] == 1"],
    [option('integer'), '${none}', 'CONFIG_PLACEHOLDER: set none or give a default: ${none:…}'],
    [option('integer', { unsupported: 'no', default: 1 }), '2', 1],
  ])('%j from %s', (one, value, expected) => expect(read(one, value)).toEqual(expected));

  test('the first prefix that has an option wins, maps are merged by key, old names and paths are read', () => {
    const environment = load({
      files: {
        'application.yml': [
          'own: { count: 1, map: { a: own }, tls.key-store: k, oldOne: x, filled: }',
          'default: { count: 2, name: n, list: [d, e], map: { A: default, b: default }, filled: f }',
        ].join('\n'),
      },
      env: { OWN_MAP_SECURITY_PROTOCOL: 'SSL', DEFAULT_NAME: 'variable' },
    });
    const values = environment.options(
      schema<{
        count: number;
        name: string;
        list: string[];
        map: object;
        'tls.keyStore': string;
        newOne: string;
        filled: string;
      }>({
        count: option('integer'),
        name: option('string'),
        list: option('list'),
        map: option('map'),
        'tls.keyStore': option('string'),
        newOne: option('string', { oldNames: ['old-one'] }),
        filled: option('string'),
      }),
      'own',
      'default',
    );
    expect(values).toEqual({
      count: 1,
      name: 'variable',
      list: ['d', 'e'],
      map: { a: 'own', b: 'default', 'security.protocol': 'SSL' },
      'tls.keyStore': 'k',
      newOne: 'x',
      filled: 'f',
    });
    expect(environment.problems).toEqual([]);
  });

  test('a list by index in properties, in the order of the indexes, above a comma list of a lower prefix', () => {
    const environment = load({ files: { 'application.properties': 'p.x[1]=b\np.x[0]=a\np.x[10]=c\nq.x=d,e' } });
    const list = schema<{ x: string[] }>({ x: option('list') });
    expect(environment.options(list, 'p', 'q').x).toEqual(['a', 'b', 'c']);
    expect(environment.options(list, 'q', 'p').x).toEqual(['d', 'e']);
  });

  test('a bad value is told once, with its place and what is allowed, and is the default', () => {
    const environment = yml('spring:\n  count: many');
    const count = schema<{ count: number }>({ count: option('integer', { default: 3 }) });
    expect(environment.options(count, 'own', 'spring')).toEqual({ count: 3 });
    environment.options(count, 'other', 'spring');
    expect(environment.problems.map(describeProblem)).toEqual([
      'application.yml:2:10: error CONFIG_VALUE: spring.count: is not a whole number\n  given:   many\n  allowed: a whole number',
    ]);
  });

  test('a bad value of a variable or an argument names that', () => {
    const environment = load({ env: { P_X: 'a' }, args: ['--p.y=b'] });
    environment.options(schema<{ x: number; y: number }>({ x: option('integer'), y: option('integer') }), 'p');
    expect(environment.problems.map(({ message, path }) => `${path}: ${message}`)).toEqual([
      'p.x: is not a whole number (environment variable P_X)',
      'p.y: is not a whole number (argument --p.y)',
    ]);
  });
});

describe('a child', () => {
  const files = {
    'application.yml': [
      'rabbit: { host: outer, port: 1, nodes: [a, b], name: "${who}" }',
      'who: outer-who',
      'b.x.environment:',
      '  rabbit: { host: inner, nodes: [c], user: "${who}", blank: }',
      '  who: inner-who',
    ].join('\n'),
  };
  const env = { RABBIT_PORT: '2', B_X_ENVIRONMENT_RABBIT_HEARTBEAT: '7', RABBIT_BLANK: 'filled' };
  const environment = load({ files, env, args: ['--b.x.environment.rabbit.extra=e'] });
  const nodes = schema<{ nodes: string[] }>({ nodes: { type: 'list', doc: '' } });

  test('that inherits has its own keys over the whole', () => {
    const child = environment.child('b.x.environment', true);
    const keys = [
      'rabbit.host',
      'rabbit.port',
      'rabbit.heartbeat',
      'rabbit.extra',
      'rabbit.name',
      'rabbit.user',
      'rabbit.blank',
    ];
    expect(keys.map((key) => child.get(key))).toEqual(['inner', '2', '7', 'e', 'inner-who', 'inner-who', 'filled']);
    expect(child.options(nodes, 'rabbit').nodes).toEqual(['c']);
    expect(child.names('rabbit')).toEqual(['host', 'nodes', 'user', 'blank', 'extra', 'heartbeat', 'port', 'name']);
    expect(child.origin('rabbit.host')?.text).toBe('application.yml:4:19');
  });

  test('that does not inherit has its own alone; placeholders may still name the rest', () => {
    const child = environment.child('b.x.environment', false);
    expect(['rabbit.host', 'rabbit.port', 'rabbit.heartbeat'].map((key) => child.get(key))).toEqual([
      'inner',
      undefined,
      '7',
    ]);
    expect(child.resolve('${rabbit.port}')).toBe('2');
    expect(child.names('rabbit')).toEqual(['host', 'nodes', 'user', 'blank', 'extra', 'heartbeat']);
  });

  test('puts its problems on the same list', () => {
    const child = environment.child('b.x.environment', true);
    child.options(schema<{ host: number }>({ host: { type: 'integer', doc: '' } }), 'rabbit');
    expect(told(environment)).toEqual(['error CONFIG_VALUE 4:19 b.x.environment.rabbit.host']);
  });
});

describe('secrets', () => {
  test('are not printed, by name or inside an address', () => {
    const environment = yml(
      [
        'a: { password: p1, client-secret: p2, accessKey: p3, apiToken: p4, sasl.jaas.config: p5, routing-key: shown }',
        'uri: amqp://user:p6@host:5672/x,amqp://other:p7@two',
        'db: { user: shown, password: "${missing:}" }',
        'spring.datasource.password: "${p8}"',
      ].join('\n'),
    );
    const text = [...environment.properties()]
      .map(({ key, value, origin }) => `${key}=${value} (${origin.text})`)
      .join('\n');
    expect(text).not.toMatch(/p\d/);
    expect(text).toContain('uri=amqp://******@host:5672/x,amqp://******@two (application.yml:2:6)');
    expect(text).toContain('a.routing-key=shown');
    expect(text).toContain('a.password=****** (application.yml:1:16)');
  });

  test('that are printed need not be complete: a placeholder that nobody asks for is no problem', () => {
    const environment = yml('a: ${gone}');
    expect([...environment.properties()].map(({ value }) => value)).toEqual(['${gone}']);
    expect(environment.problems).toEqual([]);
  });

  test('are not printed in problems', () => {
    const environment = yml('p: { x: secret-1, password: secret-2 }');
    const number: Option = { type: 'integer', doc: '' };
    environment.options(
      schema<{ x: number; password: number }>({ x: { ...number, secret: true }, password: number }),
      'p',
    );
    expect(environment.problems).toHaveLength(2);
    expect(environment.problems.map(describeProblem).join('\n')).not.toContain('secret-');
  });
});

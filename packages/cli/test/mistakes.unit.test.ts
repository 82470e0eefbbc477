/** One mistake at a time in a copy of the tutorial's own file: each is told once, at its place, in words of its own. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Problem } from '@streambind/core/internal';
import { checkYml, type Checked } from './files.js';

const TUTORIAL = readFileSync(new URL('../../../samples/consumer8802/application.yml', import.meta.url), 'utf8');
const S = 'spring.cloud.stream';
const IN = `${S}.bindings.input`;
const OUT = `${S}.bindings.output`;

type Change = (file: string) => string;

/** A piece of the file gives way to another. */
const swap =
  (piece: string | RegExp, other: string): Change =>
  (file) =>
    file.replace(piece, other);
const LAST = /( {12}binder: defaultRabbit[^\n]*\n)/;
const indent = (columns: number, lines: readonly string[]): string =>
  lines.map((line) => `${' '.repeat(columns)}${line}\n`).join('');
/** Lines below `input:`, below `bindings:`, below `stream:`. */
const inInput = (...lines: string[]): Change => swap(LAST, `$1${indent(12, lines)}`);
const inBindings = (...lines: string[]): Change => swap(LAST, `$1${indent(10, lines)}`);
const inStream = (...lines: string[]): Change => swap('      stream:\n', `      stream:\n${indent(8, lines)}`);
const output = (...lines: string[]): Change =>
  inBindings('output:', '  destination: studyExchange', ...lines.map((line) => `  ${line}`));

interface Told {
  readonly path: string;
  readonly says: string;
  readonly suggestion?: string;
  /** Default: a warning, CONFIG_KEY. */
  readonly severity?: 'error' | 'warning';
  readonly code?: Problem['code'];
}

const wrongKey = (path: string, says: string, suggestion?: string): Told => ({
  path,
  says,
  ...(suggestion !== undefined && { suggestion }),
});
const fatal = (code: Problem['code'], path: string, says: string, suggestion?: string): Told => ({
  ...wrongKey(path, says, suggestion),
  severity: 'error',
  code,
});

/** `‸` stands before the character that has to be pointed at. */
const MISTAKES: readonly (readonly [what: string, change: Change, told: Told])[] = [
  [
    'values beside the name that they belong to',
    swap(/ {12}destination: (studyExchange)[^]*?(?=\neureka)/, '          destination: ‸$1\n'),
    fatal('CONFIG_VALUE', `${S}.bindings.destination`, 'check the indentation'),
  ],
  [
    'a line that is indented too far',
    swap(/ {12}content-type/, '             ‸content-type'),
    fatal('CONFIG_FILE', '', 'the indentation does not fit the lines above'),
  ],
  [
    'a tab',
    swap(/ {12}content-type/, '‸\t\t\tcontent-type'),
    fatal('CONFIG_FILE', '', 'a tab is used for indentation'),
  ],
  [
    'a quote that is never closed',
    swap('destination: studyExchange', 'destination: ‸"studyExchange'),
    fatal('CONFIG_FILE', '', 'a character is missing: a quote'),
  ],
  [
    'a key twice',
    inInput('‸destination: other'),
    fatal('CONFIG_FILE', '', 'the key destination is written twice in one block, first at application.yml:21:13'),
  ],
  ['an unknown key', inInput('‸colour: red'), wrongKey(`${IN}.colour`, 'is not known')],
  [
    'a key in the wrong tree',
    inInput('‸durableSubscription: true'),
    wrongKey(
      `${IN}.durableSubscription`,
      `move it to ${S}.rabbit.bindings.input.consumer`,
      `${S}.rabbit.bindings.input.consumer.durable-subscription`,
    ),
  ],
  [
    'a key of another broker',
    inInput('consumer:', '  ‸startOffset: earliest'),
    wrongKey(`${IN}.consumer.startOffset`, `move it to ${S}.kafka.bindings.input.consumer`),
  ],
  [
    'a key one level too high',
    inInput('‸concurrency: 3'),
    wrongKey(`${IN}.concurrency`, `move it to ${IN}.consumer`, `${IN}.consumer.concurrency`),
  ],
  [
    'a key of consumers in the producer block',
    output('producer:', '  ‸max-attempts: 5'),
    wrongKey(`${OUT}.producer.max-attempts`, `move it to ${OUT}.consumer`, `${OUT}.consumer.max-attempts`),
  ],
  [
    'a consumer block in the producer block',
    output('producer:', '  ‸consumer:', '    max-attempts: 5', '    concurrency: 2'),
    wrongKey(`${OUT}.producer.consumer`, `move it to ${OUT}`, `${OUT}.consumer`),
  ],
  [
    'a consumer and a producer block',
    inInput('consumer: { concurrency: 2 }', '‸producer: { partition-count: 2 }'),
    wrongKey(`${IN}.producer`, 'has a consumer block beside it'),
  ],
  [
    'a group on an output',
    output('‸group: atguiguA', 'producer: { partition-count: 2 }'),
    wrongKey(`${OUT}.group`, 'has no effect on an output', `${OUT}.producer.required-groups`),
  ],
  [
    'no destination',
    (file) => file.replace(/ {12}destination[^\n]*\n/, '').replace('input:', '‸input:'),
    wrongKey(IN, 'names no destination, so it is "input"', `${IN}.destination`),
  ],
  [
    'an empty destination',
    swap('destination: studyExchange', '‸destination:'),
    wrongKey(`${IN}.destination`, 'is empty, so it is "input"'),
  ],
  [
    'a binding that is a slip of another',
    inBindings('‸inputt: { consumer: { concurrency: 2 } }'),
    wrongKey(`${S}.bindings.inputt`, 'its name is nearly "input"', 'input'),
  ],
  [
    'a broker’s block for a slip of a binding',
    inStream('rabbit.bindings.‸inptu.consumer.prefetch: 5'),
    wrongKey(`${S}.rabbit.bindings.inptu`, 'there is no binding "inptu"', 'input'),
  ],
  [
    'a binder that is not declared',
    swap('binder: defaultRabbit', 'binder: ‸defaultRabit'),
    fatal('BINDER_UNKNOWN', `${IN}.binder`, 'Unknown binder configuration: defaultRabit', 'defaultRabbit'),
  ],
  [
    'a default binder that is not declared',
    (file) => inStream('default-binder: ‸rabbit')(file).replace(LAST, ''),
    fatal('BINDER_UNKNOWN', `${S}.default-binder`, 'Unknown binder configuration: rabbit'),
  ],
  [
    'a type that no package serves',
    swap('type: rabbit', 'type: ‸rabit'),
    fatal('BINDER_TYPE', `${S}.binders.defaultRabbit.type`, 'No package serves the binder type "rabit"', 'rabbit'),
  ],
  [
    'two binders and none chosen',
    (file) =>
      file
        .replace(LAST, '')
        .replace('input:', '‸input:')
        .replace('        bindings:', '          other: { type: kafka }\n        bindings:'),
    fatal('BINDER_AMBIGUOUS', IN, 'there is more than one binder available: defaultRabbit,other'),
  ],
  [
    'a bad number',
    inInput('consumer:', '  max-attempts: ‸three'),
    fatal('CONFIG_VALUE', `${IN}.consumer.max-attempts`, 'is not a whole number'),
  ],
  [
    'a number that is too small',
    inInput('consumer:', '  concurrency: ‸0'),
    fatal('CONFIG_VALUE', `${IN}.consumer.concurrency`, 'is out of range: a whole number, 1 or more'),
  ],
  [
    'a bad duration',
    inInput('consumer:', '  back-off-initial-interval: ‸1 sec'),
    fatal('CONFIG_VALUE', `${IN}.consumer.back-off-initial-interval`, 'is not a duration such as 500ms'),
  ],
  [
    'a word that is none of those allowed',
    inInput('group: g', 'consumer:', '  on-exhausted: ‸dead-letter'),
    fatal('CONFIG_VALUE', `${IN}.consumer.on-exhausted`, 'is none of dlq, drop, requeue'),
  ],
  [
    'neither true nor false',
    inInput('consumer:', '  auto-startup: ‸never'),
    fatal('CONFIG_VALUE', `${IN}.consumer.auto-startup`, 'is not true or false'),
  ],
  [
    'an index beyond the count',
    inInput('group: g', 'consumer:', '  partitioned: true', '  instance-count: 2', '  instance-index: ‸2'),
    fatal('CONFIG_VALUE', `${IN}.consumer.instance-index`, 'is not below its instance count'),
  ],
  [
    'partitions without a group',
    inInput('consumer:', '  partitioned: ‸true'),
    fatal('CONFIG_VALUE', `${IN}.consumer.partitioned`, 'A consumer group is required'),
  ],
  [
    'dead letters without a group',
    inInput('consumer:', '  on-exhausted: ‸dlq'),
    fatal('CONFIG_VALUE', `${IN}.consumer.on-exhausted`, 'has no group, so its messages have no dead letters'),
  ],
  [
    'an expression that cannot be parsed',
    output('producer:', '  partition-key-expression: ‸payload.['),
    fatal('EXPRESSION_SYNTAX', `${OUT}.producer.partition-key-expression`, 'Expected a name'),
  ],
  [
    'a placeholder that is not set',
    swap('studyExchange', '‸${STUDY_EXCHANGE}'),
    fatal('CONFIG_PLACEHOLDER', `${IN}.destination`, 'names a property that is not set'),
  ],
  [
    'a placeholder that leads back to itself',
    (file) => `${file.replace('studyExchange', '‸${my.exchange}')}\nmy.exchange: \${my.exchange}\n`,
    fatal('CONFIG_CIRCULAR', `${IN}.destination`, 'leads back to itself'),
  ],
  [
    'a placeholder of a build',
    swap('studyExchange', '‸@project.artifactId@'),
    { ...wrongKey(`${IN}.destination`, 'a placeholder of a build that was not filled in'), code: 'CONFIG_VALUE' },
  ],
  [
    'a list where a map belongs',
    swap(/ {8}bindings:([^\n]*)\n {10}input:/, '        ‸bindings:$1\n          - input:'),
    fatal('CONFIG_VALUE', `${S}.bindings`, 'takes a block of keys, and a list stands below it'),
  ],
  [
    'a list where one value belongs',
    swap('destination: studyExchange', '‸destination: [a, b]'),
    fatal('CONFIG_VALUE', `${IN}.destination`, 'takes one value, and a list stands below it'),
  ],
  [
    'a block where one value belongs',
    swap('destination: studyExchange', '‸destination: { name: studyExchange }'),
    fatal('CONFIG_VALUE', `${IN}.destination`, 'takes one value, and a block of keys stands below it'),
  ],
  [
    'one value where a block belongs',
    swap(/input:[^]*?defaultRabbit[^\n]*\n/, 'input: ‸studyExchange\n'),
    fatal('CONFIG_VALUE', IN, 'takes a block of keys, not a value'),
  ],
  [
    'bindings.default',
    inBindings('‸default: { group: g }'),
    wrongKey(`${S}.bindings.default`, `what applies to all stands below ${S}.default`, `${S}.default`),
  ],
  [
    'a name with a dot',
    inBindings('my.‸input:', '  destination: x'),
    wrongKey(`${S}.bindings.my.input`, 'a name with a dot needs brackets', `${S}.bindings.[my.input].destination`),
  ],
  [
    'one property in two spellings',
    inInput('contentType: ‸text/plain'),
    wrongKey(`${IN}.contentType`, 'is one property with spring.cloud.stream.bindings.input.content-type'),
  ],
  [
    'the whole key inside itself',
    inStream('spring.cloud.stream.bindings.input.‸group: g'),
    wrongKey(`${S}.${IN}.group`, 'it is spring.cloud.stream twice', `${IN}.group`),
  ],
  [
    'a tree that hangs too high',
    (file) => `${file}\nstream.‸bindings.output.destination: x\n`,
    wrongKey('stream.bindings', 'belongs below spring.cloud.stream', `${S}.bindings`),
  ],
  [
    'an imported file that is not there',
    swap('server:', 'spring.config.import: ‸other.yml\n\nserver:'),
    fatal('CONFIG_IMPORT', 'spring.config.import', 'there is no other.yml'),
  ],
  [
    'a condition on profiles that cannot be read',
    (file) => `${file}\n---\nspring.config.activate.on-profile: ‸a &\n`,
    fatal('CONFIG_VALUE', 'spring.config.activate.on-profile', 'the profile expression cannot be read'),
  ],
  [
    'a feature that is not there',
    inStream('function.‸definition: uppercase'),
    { ...wrongKey(`${S}.function.definition`, 'functions come in a later version'), code: 'CONFIG_UNSUPPORTED' },
  ],
];

/** The same words with another name in them: shown by the name that is pointed at. */
const SLIPS: readonly (readonly [what: string, change: Change, told: Told])[] = [
  [
    'a misspelt block',
    swap('environment:', '‸evironment:'),
    wrongKey(`${S}.binders.defaultRabbit.evironment`, 'is not known', 'environment'),
  ],
  ['a short form', swap('content-type:', '‸cn:'), wrongKey(`${IN}.cn`, 'is not known', 'content-type')],
  [
    'a misspelt option of a connection',
    swap('port: 5672', '‸prot: 5672'),
    wrongKey(`${S}.binders.defaultRabbit.environment.spring.rabbitmq.prot`, 'is not known', 'port'),
  ],
  [
    'a misspelt option of a broker',
    inStream('rabbit.bindings.input.consumer.‸auto-bind-dql: true'),
    wrongKey(`${S}.rabbit.bindings.input.consumer.auto-bind-dql`, 'is not known', 'auto-bind-dlq'),
  ],
  [
    'a misspelt tree',
    inStream('‸rabit.bindings.input.consumer.autoBindDlq: true'),
    wrongKey(`${S}.rabit`, 'is not known', 'rabbit'),
  ],
];

const messages: string[] = [];

/** The changed file without its mark, and the place of that. */
function made(change: Change): { text: string; line: number; column: number } {
  const [before = '', after, ...more] = change(TUTORIAL).split('‸');
  if (after === undefined || more.length > 0) throw new Error('the change did not take place, or has not one mark');
  const lines = before.split('\n');
  return { text: before + after, line: lines.length, column: lines.at(-1)!.length + 1 };
}

async function check(change: Change): Promise<Checked> {
  const checked = await checkYml(made(change).text);
  messages.push(...checked.problems.map(({ message }) => message));
  return checked;
}

function expected(change: Change, { severity = 'warning', code = 'CONFIG_KEY', says, ...told }: Told): object {
  const { line, column } = made(change);
  const message = expect.stringContaining(says);
  const place = { file: 'application.yml', line, column };
  return {
    code: severity === 'error' ? 1 : 0,
    bindings: expect.any(Array),
    problems: [expect.objectContaining({ severity, code, message, ...place, ...told })],
  };
}

test('the tutorial’s file has no mistake', async () => {
  expect(await checkYml(TUTORIAL)).toMatchObject({ code: 0, problems: [] });
});

describe('a mistake', () => {
  test.each(MISTAKES)('%s', async (_, change, told) => {
    expect(await check(change)).toEqual(expected(change, told));
  });

  test('has words of its own', () => {
    expect(messages).toHaveLength(MISTAKES.length);
    expect(new Set(messages).size).toBe(MISTAKES.length);
  });
});

test('what is not read is not judged, and the binder that serves by default is', async () => {
  const file = [
    'spring.rabbitmq.password: ${RABBIT_PASSWORD}',
    'spring.cloud.stream:',
    '  rabbit.binder.nodes: ${RABBIT_NODES}',
    '  embedded.binder.lease: 1ms',
    '  bindings.input.destination: amqp://me:secret@host/orders',
  ].join('\n');
  const checked = await checkYml(file);
  expect(checked).toMatchObject({
    bindings: [{ destination: 'amqp://******@host/orders', type: 'embedded' }],
    problems: [{ code: 'CONFIG_VALUE', line: 4, path: `${S}.embedded.binder.lease` }],
  });
  expect(checked.problems).toHaveLength(1);
});

test('a binder that no binding needs does not keep an application from starting', async () => {
  const file = `${S}:\n  default-binder: gone\n  binders: { r.type: rabbit, s.type: solace }\n  bindings.input: { destination: a, binder: r }\n`;
  const { code, problems } = await checkYml(file);
  expect(code).toBe(0);
  expect(problems.map((problem) => [problem.severity, problem.code, problem.line])).toEqual([
    ['warning', 'BINDER_UNKNOWN', 2],
    ['warning', 'BINDER_TYPE', 3],
  ]);
});

test('the keys of a binder that is not known are not judged, the binder is', async () => {
  const file = `${S}:\n  binders.s.type: solace\n  bindings.input.destination: a\n  solace.bindings.input.consumer.autoBindDlq: true\n`;
  const { problems } = await checkYml(file);
  expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual([['BINDER_TYPE', 2, 19]]);
});

describe('a slip', () => {
  test.each(SLIPS)('%s', async (_, change, told) => {
    expect(await check(change)).toEqual(expected(change, told));
  });
});

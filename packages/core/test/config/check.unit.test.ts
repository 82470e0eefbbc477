import { describe, expect, test } from '@jest/globals';
import { describeProblem, type KeyGroup } from '../../src/config/index.js';
import { schema, type Option } from '../../src/schema/index.js';
import { load, yml, type Given } from './files.js';

const of = (options: Readonly<Record<string, Partial<Option>>>): KeyGroup['schema'] =>
  schema(
    Object.fromEntries(
      Object.entries(options).map(([name, option]): [string, Option] => [name, { type: 'string', doc: '', ...option }]),
    ),
  );

const S = 'spring.cloud.stream';
const CONSUMER = of({
  maxAttempts: { type: 'integer', min: 1 },
  concurrency: { type: 'integer' },
  backOffInitialInterval: { type: 'duration' },
  retryableExceptions: { type: 'boolean-map' },
  batchMode: { type: 'boolean', unsupported: 'batches come later' },
});
const PRODUCER = of({ partitionCount: { type: 'integer' }, requiredGroups: { type: 'list' }, useNativeEncoding: {} });
const BINDING = of({ destination: {}, group: {}, contentType: {}, binder: {} });
const RABBIT_CONSUMER = of({
  durableSubscription: { type: 'boolean' },
  autoBindDlq: { type: 'boolean' },
  exchangeType: {},
  maxConcurrency: {},
});
const RABBIT_PRODUCER = of({ exchangeType: {}, routingKeyExpression: { type: 'expression' } });

const groups: readonly KeyGroup[] = [
  { prefix: 'spring.main', schema: of({ bannerMode: { type: 'enum', values: ['console', 'off'] } }) },
  { prefix: 'server', schema: of({ port: { type: 'integer' }, address: {} }) },
  { prefix: 'logging', schema: of({ level: { type: 'map' } }) },
  {
    prefix: S,
    schema: of({ defaultBinder: {}, instanceCount: { type: 'integer' }, instanceIndexList: { type: 'list' } }),
  },
  {
    prefix: `${S}.binders.*`,
    schema: of({ type: {}, inheritEnvironment: { type: 'boolean' }, environment: { type: 'map' } }),
  },
  { prefix: `${S}.binders.*.environment`, schema: of({}), nested: true },
  ...[`${S}.bindings.*`, `${S}.default`].flatMap((prefix) => [
    { prefix, schema: BINDING },
    { prefix: `${prefix}.consumer`, schema: CONSUMER },
    { prefix: `${prefix}.producer`, schema: PRODUCER },
  ]),
  ...[`${S}.rabbit.bindings.*`, `${S}.rabbit.default`].flatMap((prefix) => [
    { prefix: `${prefix}.consumer`, schema: RABBIT_CONSUMER },
    { prefix: `${prefix}.producer`, schema: RABBIT_PRODUCER },
  ]),
  { prefix: `${S}.kafka`, schema: of({}), unread: true },
  { prefix: `${S}.solace`, schema: of({}), unread: true },
  { prefix: `${S}.kafka.bindings.*.consumer`, schema: of({ enableDlq: { type: 'map' } }), unread: true },
  { prefix: `${S}.function`, schema: of({ bindings: { type: 'map', unsupported: 'functions come later' } }) },
  { prefix: `${S}.rabbit.binder`, schema: of({ nodes: { type: 'list' }, connectionNamePrefix: {} }) },
  { prefix: `${S}.rocketmq.binder`, schema: of({ nameServer: { oldNames: ['namesrv-addr'] } }) },
  {
    prefix: 'spring.rabbitmq',
    schema: of({ host: {}, port: { type: 'integer' }, password: { secret: true }, virtualHost: {} }),
  },
];

const check = (given: Given | string): string[] => {
  const environment = typeof given === 'string' ? yml(given) : load(given);
  environment.check(groups);
  return environment.problems.map(({ severity, line, column, path, message, suggestion }) =>
    [`${severity} ${line}:${column} ${path}: ${message}`, ...(suggestion === undefined ? [] : [suggestion])].join(
      ' → ',
    ),
  );
};

/** A document with these lines below `spring.cloud.stream`. */
const stream = (...lines: string[]): string =>
  ['spring:', '  cloud:', '    stream:', ...lines.map((line) => `      ${line}`)].join('\n');

describe('a healthy file gives no line', () => {
  test.each<[string, string]>([
    [
      'nested, empty, relaxed, mixed case, other people’s keys',
      [
        'server: { port: 8802, servlet.context-path: /x }',
        'spring:',
        '  application: { name: a }',
        '  datasource: { url: "jdbc:x", hikari.maximum-pool-size: 3 }',
        '  rabbitmq: { host: h, virtual_host: /, listener.simple.retry.enabled: true, ssl.enabled: true }',
        '  cloud:',
        '    function.definition: f',
        '    nacos.discovery.server-addr: x',
        '    stream:',
        '      defaultBinder: r',
        '      instance-index-list: [0, 1]',
        '      bindings:',
        '        My_Input:',
        '          destination: a,b',
        '          group:',
        '          CONTENT_TYPE: text/plain',
        '          consumer: { max-attempts: 3, retryable-exceptions: { java.lang.X: true } }',
        '        "[a.b]": { destination: x, producer.requiredGroups: "a,b" }',
        '        empty:',
        '      binders.r:',
        '        type: rabbit',
        '        environment: { spring.rabbitmq: { host: h, port: 1 }, spring.datasource.url: x }',
        '      kafka: { binder.brokers: b, streams.binder.id: x, bindings.input.consumer: { enableDlq: "${x}", new: 1 } }',
        '      solace.bindings.input.consumer.autoBindDlq: true',
        '      servicebus.topic.bindings.input.consumer.mode: MANUAL',
        'eureka.client.service-url.defaultZone: http://x',
        'management.endpoints.web.exposure.include: "*"',
        'logging.level: { root: INFO, com.example: DEBUG }',
        'my.bindings.own: 1',
      ].join('\n'),
    ],
    [
      'an anchor and a merge',
      'x: &b { destination: d, group: g }\nspring.cloud.stream.bindings: { a: { <<: *b, group: h }, b: *b }',
    ],
    [
      'profiles',
      'spring.profiles: dev\n---\nspring.config.activate.on-profile: "!dev"\nspring.cloud.stream.default-binder: r',
    ],
  ])('%s', (_, text) => expect(check(text)).toEqual([]));
});

describe('mistakes', () => {
  test.each<[string, Given | string, string[]]>([
    [
      'a misspelt key',
      stream('bindings.input.destinaton: x'),
      [`warning 4:22 ${S}.bindings.input.destinaton: is not known → destination`],
    ],
    [
      'a short form',
      stream('bindings.input:', '  cn: application/json'),
      [`warning 5:9 ${S}.bindings.input.cn: is not known → content-type`],
    ],
    [
      'the default of all in one binding',
      stream('bindings.input.default-binder: r'),
      [`warning 4:22 ${S}.bindings.input.default-binder: is not known → binder`],
    ],
    ['an unknown key', stream('bindings.input.colour: red'), [`warning 4:22 ${S}.bindings.input.colour: is not known`]],
    [
      'a misspelt block, once',
      stream('binders:', '  r:', '    evironment:', '      spring.rabbitmq.host: h', '      spring.rabbitmq.port: 1'),
      [`warning 6:11 ${S}.binders.r.evironment: is not known → environment`],
    ],
    ['a misspelt tree', stream('binding.input.destination: x'), [`warning 4:7 ${S}.binding: is not known → bindings`]],
    [
      'a misspelt binder tree',
      stream('rabit.bindings.input.consumer.autoBindDlq: true'),
      [`warning 4:7 ${S}.rabit: is not known → rabbit`],
    ],
    [
      'a misspelt option of a connection',
      'spring.rabbitmq.prot: 1',
      ['warning 1:17 spring.rabbitmq.prot: is not known → port'],
    ],
    [
      'one inside a binder’s environment',
      stream('binders.r.environment.spring.rabbitmq.prot: 1'),
      [`warning 4:45 ${S}.binders.r.environment.spring.rabbitmq.prot: is not known → port`],
    ],
    [
      'a binder’s option on the binding',
      stream('bindings:', '  input:', '    durableSubscription: true'),
      [
        `warning 6:11 ${S}.bindings.input.durableSubscription: is not known here: move it to ${S}.rabbit.bindings.input.consumer` +
          ` → ${S}.rabbit.bindings.input.consumer.durable-subscription`,
      ],
    ],
    [
      'a binder’s option on the consumer',
      stream('bindings.input.consumer.autoBindDlq: true'),
      [
        `warning 4:31 ${S}.bindings.input.consumer.autoBindDlq: is not known here: move it to ${S}.rabbit.bindings.input.consumer` +
          ` → ${S}.rabbit.bindings.input.consumer.auto-bind-dlq`,
      ],
    ],
    [
      'an option that two blocks have',
      stream('bindings.x.exchangeType: direct'),
      [
        `warning 4:18 ${S}.bindings.x.exchangeType: is not known here: move it to ${S}.rabbit.bindings.x.consumer or ` +
          `${S}.rabbit.bindings.x.producer → ${S}.rabbit.bindings.x.consumer.exchange-type`,
      ],
    ],
    [
      'an option one level too high',
      stream('bindings.[a.b].concurrency: 3'),
      [
        `warning 4:22 ${S}.bindings.[a.b].concurrency: is not known here: move it to ${S}.bindings.[a.b].consumer` +
          ` → ${S}.bindings.[a.b].consumer.concurrency`,
      ],
    ],
    [
      'one level too deep',
      stream('bindings.input.consumer.group: g'),
      [
        `warning 4:31 ${S}.bindings.input.consumer.group: is not known here: move it to ${S}.bindings.input → ${S}.bindings.input.group`,
      ],
    ],
    [
      'consumer options under producer',
      stream('bindings.out.producer.max-attempts: 3'),
      [
        `warning 4:29 ${S}.bindings.out.producer.max-attempts: is not known here: move it to ${S}.bindings.out.consumer` +
          ` → ${S}.bindings.out.consumer.max-attempts`,
      ],
    ],
    [
      'a name of the binding left out',
      stream('destination: x'),
      [`warning 4:7 ${S}.destination: is not known here: move it to ${S}.default → ${S}.default.destination`],
    ],
    [
      'similar to one elsewhere',
      stream('bindings.out.required-group: g'),
      [`warning 4:20 ${S}.bindings.out.required-group: is not known → ${S}.bindings.out.producer.required-groups`],
    ],
    [
      'a wrong indentation',
      stream('bindings:', '  input:', '  destination: x'),
      [`error 6:22 ${S}.bindings.destination: stands where a name of yours belongs; check the indentation`],
    ],
    [
      'a value for a block',
      stream('bindings.input: x'),
      [`error 4:23 ${S}.bindings.input: takes a block of keys, not a value`],
    ],
    [
      'a list for a block',
      stream('bindings:', '  - destination: x'),
      [`error 4:7 ${S}.bindings: takes a block of keys, and a list stands below it`],
    ],
    [
      'a block in a block where it does not belong, once',
      stream('bindings.out.producer:', '  consumer:', '    max-attempts: 3', '    concurrency: 2'),
      [
        `warning 5:9 ${S}.bindings.out.producer.consumer: is not known here: move it to ${S}.bindings.out → ${S}.bindings.out.consumer`,
      ],
    ],
    [
      'a number out of range',
      stream('bindings.input.consumer.max-attempts: 0'),
      [`error 4:45 ${S}.bindings.input.consumer.max-attempts: is out of range: a whole number, 1 or more`],
    ],
    [
      'an option that is not supported, once for all that stands below it',
      stream('function.bindings: { a-in-0: x, b-in-0: y }'),
      [`warning 4:16 ${S}.function.bindings: has no effect here: functions come later`],
    ],
    [
      'a binder that is not there, in the wrong block',
      stream('bindings.input.consumer.enableDlq: true'),
      [
        `warning 4:31 ${S}.bindings.input.consumer.enableDlq: is not known here: move it to ${S}.kafka.bindings.input.consumer` +
          ` → ${S}.kafka.bindings.input.consumer.enable-dlq`,
      ],
    ],
    [
      'a slip in the tree of one',
      stream('kafka.bindings.input.consumer.enabelDlq: true'),
      [`warning 4:37 ${S}.kafka.bindings.input.consumer.enabelDlq: is not known → enable-dlq`],
    ],
    [
      'a block for a value',
      stream('bindings.input.group.name: x'),
      [`error 4:22 ${S}.bindings.input.group: takes one value, and a block of keys stands below it`],
    ],
    [
      'a list for a value',
      stream('bindings.input.destination: [a, b]'),
      [`error 4:22 ${S}.bindings.input.destination: takes one value, and a list stands below it`],
    ],
    [
      'a bad number',
      stream('bindings.input.consumer.max-attempts: many'),
      [`error 4:45 ${S}.bindings.input.consumer.max-attempts: is not a whole number, 1 or more`],
    ],
    [
      'a bad number of a binder',
      stream('binders.r.environment.spring.rabbitmq.port: x'),
      [`error 4:51 ${S}.binders.r.environment.spring.rabbitmq.port: is not a whole number`],
    ],
    [
      'a bad duration as an argument',
      { args: [`--${S}.default.consumer.backOffInitialInterval=soon`] },
      [
        `error undefined:undefined ${S}.default.consumer.backOffInitialInterval: is not a duration such as 500ms, 10s, 5m, 1h or PT10S (argument --${S}.default.consumer.backOffInitialInterval)`,
      ],
    ],
    [
      'a placeholder that is not set',
      stream('bindings.input.group: ${gone}'),
      [`error 4:29 ${S}.bindings.input.group: The placeholder \${gone} names a property that is not set.`],
    ],
    [
      'an option that is not supported',
      stream('bindings.i.consumer.batch-mode: true'),
      [`warning 4:27 ${S}.bindings.i.consumer.batch-mode: has no effect here: batches come later`],
    ],
    [
      'an old name',
      stream('rocketmq.binder.namesrvAddr: x'),
      [`warning 4:23 ${S}.rocketmq.binder.namesrvAddr: is an old name of name-server → name-server`],
    ],
    [
      'bindings.default, once',
      stream('bindings.default:', '  group: g', '  content-type: text/plain'),
      [
        `warning 4:16 ${S}.bindings.default: is taken as one of the name "default"; what applies to all stands below ${S}.default → ${S}.default`,
      ],
    ],
    [
      'a dotted name',
      stream('bindings:', '  my.input:', '    destination: x', '    consumer: { concurrency: 2 }'),
      [
        `warning 5:12 ${S}.bindings.my.input: a name with a dot needs brackets, in yml also quotes: "[a.b]" → ${S}.bindings.[my.input].destination`,
      ],
    ],
    [
      'the whole key below spring',
      'spring:\n  spring.cloud.stream.bindings.input.group: g',
      [
        `warning 2:38 spring.spring.cloud.stream.bindings.input.group: a whole key stands inside another: it is spring.cloud.stream twice → ${S}.bindings.input.group`,
      ],
    ],
    [
      'the whole key in a binding',
      stream('bindings.input:', '  spring.cloud.stream.bindings.input.group: g'),
      [
        `warning 5:44 ${S}.bindings.input.spring.cloud.stream.bindings.input.group: a whole key stands inside another: it is spring.cloud.stream twice → ${S}.bindings.input.group`,
      ],
    ],
    [
      'stream at the root',
      'stream.bindings.input.group: g',
      [`warning 1:8 stream.bindings: belongs below spring.cloud.stream → ${S}.bindings`],
    ],
    [
      'bindings below cloud',
      'spring.cloud.bindings.input.group: g',
      [`warning 1:14 spring.cloud.bindings: belongs below spring.cloud.stream → ${S}.bindings`],
    ],
    [
      'steam',
      'spring.cloud.steam.bindings.input.group: g',
      [`warning 1:20 spring.cloud.steam.bindings: belongs below spring.cloud.stream → ${S}.bindings`],
    ],
    [
      'an unfilled placeholder of a build',
      stream('bindings.input.group: @project.name@'),
      [`warning 4:29 ${S}.bindings.input.group: a placeholder of a build that was not filled in`],
    ],
    [
      'an unfilled profile',
      'spring.profiles.active: @profileActive@',
      ['warning 1:25 spring.profiles.active: a placeholder of a build that was not filled in'],
    ],
    [
      'two spellings',
      stream('bindings.input.contentType: a', 'bindings.input.content-type: b'),
      [
        `warning 5:36 ${S}.bindings.input.content-type: is one property with ${S}.bindings.input.contentType at application.yml:4:35; this one counts`,
      ],
    ],
  ])('%s', (_, given, problems) => expect(check(given)).toEqual(problems));
});

test('a problem is printed with place, path, what was given, what is allowed and what was probably meant', () => {
  const environment = yml(stream('bindings.input.cn: application/json'));
  environment.check(groups);
  expect(environment.problems.map(describeProblem)).toEqual([
    [
      `application.yml:4:22: warning CONFIG_KEY: ${S}.bindings.input.cn: is not known`,
      '  given:   cn',
      '  allowed: binder, consumer, content-type, destination, group, producer',
      '  nearest: content-type',
    ].join('\n'),
  ]);
});

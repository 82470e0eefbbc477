/** What the client is told: Java's properties by Spring's order of merging, our defaults, and what has no effect. */
import { describe, expect, test } from '@jest/globals';
import type { ClientSettings, MemberSettings, ProducerSettings } from '../src/client/port.js';
import {
  clientSettings,
  memberSettings,
  producerSettings,
  startOf,
  type Start,
  type Told,
} from '../src/options/settings.js';
import { BINDER, INPUT, OUTPUT, planned, thrown, type Given } from './support/configurations.js';

const KAFKA = 'spring.cloud.stream.kafka';
const GROUP = { 'spring.cloud.stream.bindings.input.group': 'g' };

function client(given: Given): Told<ClientSettings> {
  const { options, context } = planned('input', given);
  return clientSettings(options, context);
}
function member(given: Given): Told<MemberSettings> {
  const { options, sources, context } = planned('input', given);
  return memberSettings(options, sources[0]!, { group: 'g', topics: ['orders'] }, context);
}
function producer(given: Given, transactional = false): Told<ProducerSettings> {
  const { options, targets, context } = planned('output', {
    'spring.cloud.stream.bindings.output.producer.guarantee': 'at-most-once',
    ...given,
  });
  return producerSettings(options, targets[0], context, transactional);
}
function start(given: Given): Start {
  const { options, sources, context } = planned('input', given);
  return startOf(options, sources[0]!, context);
}

describe('without any configuration', () => {
  test('the broker is on this machine', () => {
    expect(client({})).toEqual({
      settings: {
        brokers: ['localhost:9092'],
        clientId: 'streambind.kafka',
        connectionTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
      },
      notices: [],
      places: {
        brokers: 'spring.cloud.stream.kafka.binder.brokers',
        protocol: 'security.protocol',
        login: 'sasl.jaas.config',
        trust: 'ssl.truststore.location',
      },
    });
  });

  test('a consumer can be in one group with those of Java', () => {
    expect(member({})).toEqual({
      settings: {
        group: 'g',
        topics: ['orders'],
        assignors: ['range', 'roundrobin'],
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        heartbeatIntervalMs: 1000,
        metadataMaxAgeMs: 30_000,
        minBytes: 1,
        maxBytes: 52_428_800,
        maxBytesPerPartition: 1_048_576,
        maxWaitMs: 500,
        readUncommitted: true,
      },
      notices: [],
    });
  });

  test('a producer loses and repeats nothing', () => {
    expect(producer({})).toEqual({
      settings: { idempotent: true, acks: -1, compression: 'none', timeoutMs: 30_000, metadataMaxAgeMs: 30_000 },
      notices: [],
    });
  });
});

describe('brokers', () => {
  const brokers = (given: Given): readonly string[] => client(given).settings.brokers;

  test('have the default port where they say none', () => {
    expect(brokers({ [`${BINDER}.brokers`]: 'a, b:1,[::1],[::2]:3' })).toEqual([
      'a:9092',
      'b:1',
      '[::1]:9092',
      '[::2]:3',
    ]);
    expect(brokers({ [`${BINDER}.brokers`]: 'a', [`${BINDER}.default-broker-port`]: '7' })).toEqual(['a:7']);
  });

  test('of the binder win, unless they are the default', () => {
    const boot = { 'spring.kafka.bootstrap-servers': 'boot:1,boot:2' };
    expect(brokers(boot)).toEqual(['boot:1', 'boot:2']);
    expect(brokers({ ...boot, [`${BINDER}.brokers`]: 'own' })).toEqual(['own:9092']);
    expect(brokers({ ...boot, [`${BINDER}.brokers`]: 'localhost' })).toEqual(['boot:1', 'boot:2']);
    expect(brokers({ 'spring.kafka.consumer.bootstrap-servers': 'side:1' })).toEqual(['side:1']);
  });

  test.each([
    [{ [`${BINDER}.brokers`]: 'http://broker:9092' }],
    [{ 'spring.kafka.bootstrap-servers': 'broker' }],
    [{ 'spring.kafka.bootstrap-servers': 'broker:99999' }],
  ])('that cannot be read are refused: %j', (given) => {
    expect(thrown(() => client(given))).toMatchObject({ code: 'CONFIG_VALUE' });
  });

  test.each([
    [`${BINDER}.configuration.bootstrap.servers`],
    [`${BINDER}.consumer-properties.bootstrap.servers`],
    [`${BINDER}.producer-properties.bootstrap.servers`],
  ])('are refused at %s, where they cannot be named', (key) => {
    expect(() => client({ [key]: 'broker:9092' })).toThrow(/binder\.brokers/);
  });

  test('are refused for one binding', () => {
    expect(() => member({ [`${INPUT}.configuration.bootstrap.servers`]: 'broker:9092' })).toThrow(/declare a binder/);
    expect(() => producer({ [`${OUTPUT}.configuration.bootstrap.servers`]: 'broker:9092' })).toThrow(
      /declare a binder/,
    );
  });
});

describe("a consumer's properties", () => {
  test('are those of the place that is nearest to the binding', () => {
    const places = [
      ['spring.kafka.properties.session.timeout.ms', 6001],
      ['spring.kafka.consumer.properties.session.timeout.ms', 6002],
      [`${BINDER}.configuration.session.timeout.ms`, 6003],
      [`${BINDER}.consumer-properties.session.timeout.ms`, 6004],
      [`${KAFKA}.default.consumer.configuration.session.timeout.ms`, 6005],
      [`${INPUT}.configuration.session.timeout.ms`, 6006],
    ] as const;
    for (let count = 1; count <= places.length; count++) {
      const given = Object.fromEntries(places.slice(0, count).map(([key, value]) => [key, String(value)]));
      expect(member(given).settings.sessionTimeoutMs).toBe(6000 + count);
    }
  });

  test("are read by Spring Boot's names too, with units", () => {
    expect(
      member({
        'spring.kafka.consumer.fetch-min-size': '1KB',
        'spring.kafka.consumer.fetch-max-wait': '1s',
        'spring.kafka.consumer.heartbeat-interval': '2s',
        'spring.kafka.consumer.isolation-level': 'READ_COMMITTED',
        'spring.kafka.consumer.max-poll-interval': '2m',
      }),
    ).toMatchObject({
      settings: {
        minBytes: 1024,
        maxWaitMs: 1000,
        heartbeatIntervalMs: 2000,
        readUncommitted: false,
        rebalanceTimeoutMs: 120_000,
      },
      notices: [],
    });
  });

  test("Spring Boot's own are below those that a user writes by the names of Java", () => {
    expect(
      member({
        'spring.kafka.consumer.fetch-min-size': '1KB',
        'spring.kafka.consumer.properties.fetch.min.bytes': '7',
      }).settings.minBytes,
    ).toBe(7);
  });

  test('may name the classes of Java that assign partitions', () => {
    const strategy = (text: string) => member({ [`${BINDER}.configuration.partition.assignment.strategy`]: text });
    const java = 'org.apache.kafka.clients.consumer';
    expect(strategy(`${java}.RoundRobinAssignor`)).toMatchObject({
      settings: { assignors: ['roundrobin'] },
      notices: [],
    });
    expect(strategy(`${java}.RangeAssignor,${java}.CooperativeStickyAssignor`)).toMatchObject({
      settings: { assignors: ['range'] },
      notices: [expect.stringContaining('CooperativeStickyAssignor is not supported; range is used')],
    });
    expect(() => strategy(`${java}.StickyAssignor`)).toThrow(/RangeAssignor, RoundRobinAssignor/);
  });

  test('are refused where they cannot be read, with the place', () => {
    expect(thrown(() => member({ [`${INPUT}.configuration.fetch.max.bytes`]: '50MB' }))).toMatchObject({
      code: 'CONFIG_VALUE',
      details: {
        given: '50MB',
        allowed: 'a whole number from 1',
        where: expect.stringContaining(`${INPUT}.configuration.fetch.max.bytes`) as unknown,
      },
    });
    expect(() => member({ [`${INPUT}.configuration.isolation.level`]: 'serializable' })).toThrow(/read_committed/);
  });
});

describe("a producer's properties", () => {
  test('acks: required-acks is below all that names acks', () => {
    const acks = (given: Given) => producer(given).settings.acks;
    expect(acks({ [`${BINDER}.required-acks`]: '1' })).toBe(1);
    expect(acks({ [`${BINDER}.required-acks`]: '-1' })).toBe(-1);
    expect(() => acks({ [`${BINDER}.required-acks`]: 'most' })).toThrow(/binder\.required-acks[\s\S]*all, -1, 0, 1/);
    expect(acks({ [`${BINDER}.required-acks`]: '1', 'spring.kafka.producer.acks': 'all' })).toBe(-1);
    expect(acks({ 'spring.kafka.producer.acks': 'all', [`${BINDER}.producer-properties.acks`]: '0' })).toBe(0);
    expect(acks({ [`${BINDER}.producer-properties.acks`]: '0', [`${OUTPUT}.configuration.acks`]: '1' })).toBe(1);
  });

  test('a producer without all acks is not idempotent, and may not ask to be', () => {
    expect(producer({ [`${BINDER}.required-acks`]: '1' }).settings.idempotent).toBe(false);
    expect(producer({ [`${BINDER}.configuration.enable.idempotence`]: 'false' }).settings).toMatchObject({
      idempotent: false,
      acks: -1,
    });
    expect(() =>
      producer({ [`${BINDER}.required-acks`]: '1', [`${BINDER}.configuration.enable.idempotence`]: 'true' }),
    ).toThrow(/false, or acks: all/);
  });

  test('compression-type of a binding is below all that names compression.type', () => {
    const compression = (given: Given) => producer(given).settings.compression;
    expect(compression({ [`${OUTPUT}.compression-type`]: 'gzip' })).toBe('gzip');
    expect(
      compression({ [`${OUTPUT}.compression-type`]: 'gzip', [`${BINDER}.configuration.compression.type`]: 'lz4' }),
    ).toBe('lz4');
    expect(compression({ 'spring.kafka.producer.compression-type': 'snappy' })).toBe('snappy');
  });

  test('in transactions have what transaction.producer says, and need every copy', () => {
    const transactions = `${BINDER}.transaction.producer.configuration`;
    const given = { [`${transactions}.compression.type`]: 'gzip' };
    expect(producer(given).settings.compression).toBe('none');
    expect(producer(given, true).settings).toMatchObject({ compression: 'gzip', idempotent: true });
    expect(() => producer({ [`${BINDER}.required-acks`]: '1' }, true)).toThrow(/Transactions need/);
  });
});

describe('an input begins', () => {
  test.each<[Given, Start]>([
    [{}, { from: 'latest', reset: false }],
    [GROUP, { from: 'earliest', reset: false }],
    [
      { ...GROUP, 'spring.kafka.consumer.auto-offset-reset': 'latest' },
      { from: 'latest', reset: false },
    ],
    [
      { ...GROUP, [`${INPUT}.configuration.auto.offset.reset`]: 'latest' },
      { from: 'latest', reset: false },
    ],
    [
      { ...GROUP, [`${INPUT}.configuration.auto.offset.reset`]: 'latest', [`${INPUT}.start-offset`]: 'earliest' },
      { from: 'earliest', reset: false },
    ],
    [
      { ...GROUP, 'spring.cloud.stream.bindings.input.consumer.start-from': 'latest' },
      { from: 'latest', reset: false },
    ],
    [
      { [`${INPUT}.start-offset`]: 'earliest', [`${INPUT}.reset-offsets`]: 'true' },
      { from: 'earliest', reset: true },
    ],
  ])('with %j: %j', (given, expected) => {
    expect(start(given)).toEqual(expected);
  });

  test('nowhere else', () => {
    expect(() => start({ [`${BINDER}.configuration.auto.offset.reset`]: 'none' })).toThrow(/earliest, latest/);
  });
});

describe('the connection', () => {
  test('is one, whichever side is told of it', () => {
    const jaas = 'x.PlainLoginModule required username="u" password="p";';
    for (const side of ['consumer', 'producer']) {
      const properties = `${BINDER}.${side}-properties`;
      expect(
        client({
          [`${properties}.security.protocol`]: 'SASL_PLAINTEXT',
          [`${properties}.sasl.mechanism`]: 'PLAIN',
          [`${properties}.sasl.jaas.config`]: jaas,
        }).settings.sasl,
      ).toEqual({ mechanism: 'plain', username: 'u', password: 'p' });
    }
  });

  test('is not two', () => {
    expect(() =>
      client({
        [`${BINDER}.configuration.security.protocol`]: 'SASL_SSL',
        [`${BINDER}.consumer-properties.security.protocol`]: 'PLAINTEXT',
      }),
    ).toThrow(/security\.protocol differs/);
  });

  test('is not that of a binding', () => {
    const key = `${INPUT}.configuration.security.protocol`;
    expect(() => member({ [key]: 'SSL' })).toThrow(/belongs to the connection of the binder/);
    expect(member({ [key]: 'PLAINTEXT', [`${BINDER}.configuration.security.protocol`]: 'PLAINTEXT' }).notices).toEqual(
      [],
    );
  });

  test('may have a name and its patience from either side', () => {
    expect(
      client({
        'spring.kafka.client-id': 'shop',
        'spring.kafka.producer.client-id': 'shop-out',
        [`${BINDER}.configuration.request.timeout.ms`]: '5000',
        [`${BINDER}.configuration.socket.connection.setup.timeout.ms`]: '2000',
      }).settings,
    ).toMatchObject({ clientId: 'shop', requestTimeoutMs: 5000, connectionTimeoutMs: 2000 });
  });
});

describe('it is told at start that there is no effect in', () => {
  test.each([
    ['spring.kafka.consumer.group-id', 'mine', /group\.id .*the group of the binding/],
    [
      `${BINDER}.configuration.key.serializer`,
      'org.apache.kafka.common.serialization.StringSerializer',
      /content type/,
    ],
    [`${BINDER}.configuration.enable.auto.commit`, 'true', /committed/],
    [`${BINDER}.consumer-properties.max.poll.records`, '10', /prefetch/],
    [`${BINDER}.producer-properties.delivery.timeout.ms`, '10', /send-timeout/],
    [`${BINDER}.configuration.schema.registry.url`, 'http://registry', /content type/],
    [`${BINDER}.consumer-properties.acks`, 'all', /property of producers/],
    [`${BINDER}.producer-properties.isolation.level`, 'read_committed', /property of consumers/],
    [`${BINDER}.configuration.sesion.timeout.ms`, '5', /known[\s\S]*nearest: session\.timeout\.ms/],
    [`${BINDER}.consumer-properties.max.pol.records`, '5', /nearest: max\.poll\.records/],
  ])('%s: %s', (key, value, told) => {
    expect(client({ [key]: value }).notices).toEqual([expect.stringMatching(told)]);
    expect(client({ [key]: value }).notices[0]).toContain(`(${key})`);
  });

  test.each([
    [`${BINDER}.configuration.enable.auto.commit`, 'false'],
    [`${BINDER}.configuration.acks`, 'all'],
    [`${BINDER}.configuration.key.serializer`, 'org.apache.kafka.common.serialization.ByteArraySerializer'],
    ['spring.kafka.properties.isolation.level', 'read_committed'],
  ])('nothing of %s: %s', (key, value) => {
    expect(client({ [key]: value }).notices).toEqual([]);
  });

  test('what is written for one binding, with the binding', () => {
    expect(client({ [`${INPUT}.configuration.max.poll.records`]: '5' }).notices).toEqual([]);
    expect(member({ [`${INPUT}.configuration.max.poll.records`]: '5' }).notices).toEqual([
      expect.stringContaining(`(${INPUT}.configuration.max.poll.records)`),
    ]);
    expect(member({ [`${KAFKA}.default.consumer.configuration.max.poll.records`]: '5' }).notices).toEqual([
      expect.stringContaining(`(${KAFKA}.default.consumer.configuration.max.poll.records)`),
    ]);
  });
});

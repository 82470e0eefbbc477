/** How the options of this binder are read, and that none of Spring's is unknown. */
import { describe, expect, test } from '@jest/globals';
import { kebab, type Option, type Schema } from '@streambind/core/internal';
import { absentBinderGroups } from '../../core/src/application/absent-binders.js';
import {
  binderSchema,
  connectionSchema,
  consumerSchema,
  producerSchema,
  type KafkaConsumerOptions,
} from '../src/options/options.js';
import { BINDER, INPUT, OUTPUT, below, planned, type Given } from './support/configurations.js';

const KAFKA = 'spring.cloud.stream.kafka';

const consumer = (given: Given): ReturnType<typeof planned> => planned('input', below(INPUT, given));
const options = (given: Given): KafkaConsumerOptions => consumer(given).sources[0]!.options;

describe("every name of Spring's is an option, or has a reason why not", () => {
  const schemas: Readonly<Record<string, Schema>> = {
    [`${KAFKA}.binder`]: binderSchema,
    [`${KAFKA}.default.consumer`]: consumerSchema,
    [`${KAFKA}.default.producer`]: producerSchema,
    'spring.kafka': connectionSchema,
  };
  const groups = absentBinderGroups(new Set()).filter(({ prefix }) => prefix in schemas);

  test.each(groups.map(({ prefix, schema }) => [prefix, schema] as const))('below %s', (prefix, spring) => {
    const known = Object.entries<Option>(schemas[prefix]!.options).flatMap(([name, { oldNames = [] }]) => [
      kebab(name).split('.')[0]!,
      ...oldNames,
    ]);
    expect(known).toEqual(expect.arrayContaining(Object.keys(spring.options)));
  });

  test('in every group', () => {
    expect(groups).toHaveLength(Object.keys(schemas).length);
  });
});

test('unset, true and false of enable-dlq are three things', () => {
  expect(options({}).enableDlq).toBeUndefined();
  expect(options({ 'enable-dlq': 'false' }).enableDlq).toBe(false);
  expect(options({ 'enable-dlq': 'true' }).enableDlq).toBe(true);
});

test('a configuration keeps the names of Java, in both ways to write them', () => {
  const given = { 'configuration.max.poll.records': '5', 'configuration[session.timeout.ms]': '6000' };
  expect(options(given).configuration).toEqual({ 'max.poll.records': '5', 'session.timeout.ms': '6000' });
});

test('defaults of all bindings and those of one are one configuration', () => {
  const { sources } = planned('input', {
    [`${KAFKA}.default.consumer.configuration.isolation.level`]: 'read_committed',
    [`${KAFKA}.default.consumer.configuration.fetch.min.bytes`]: '1',
    [`${INPUT}.configuration.fetch.min.bytes`]: '2',
  });
  expect(sources[0]!.options.configuration).toEqual({ 'isolation.level': 'read_committed', 'fetch.min.bytes': '2' });
});

test('compression is the older name of compression-type', () => {
  const { targets, problems } = planned('output', { [`${OUTPUT}.compression`]: 'GZIP' });
  expect(targets[0]!.options.compressionType).toBe('gzip');
  expect(problems).toMatchObject([{ severity: 'warning', suggestion: 'compression-type' }]);
});

test.each([
  ['ack-mode', 'ALWAYS', 'RECORD, BATCH, TIME, COUNT, COUNT_TIME, MANUAL, MANUAL_IMMEDIATE'],
  ['start-offset', 'erliest', 'earliest, latest'],
  ['dlq-partitions', '-1', 'a whole number, 0 or more'],
  ['enable-dlq', 'maybe', 'true or false'],
  ['topic.replication-factor', 'many', 'a whole number from -1 to 32767'],
])('%s: %s is refused, and what is allowed is said', (key, given, allowed) => {
  expect(consumer({ [key]: given }).problems).toMatchObject([
    { code: 'CONFIG_VALUE', severity: 'error', given, allowed },
  ]);
});

test.each([
  ['ack-each-record', 'true', /committed/],
  ['idle-event-interval', '1000', /events/],
  ['recovery-interval', '5000', /made anew/],
  ['dlq-producer-properties.configuration.acks', '1', /dead letters/],
])('%s is known and has no effect, for a reason', (key, given, reason) => {
  expect(consumer({ [key]: given }).problems).toMatchObject([
    { code: 'CONFIG_UNSUPPORTED', severity: 'warning', message: expect.stringMatching(reason) as unknown },
  ]);
});

test.each([
  [`${BINDER}.zk-nodes`, 'zoo:2181', /ZooKeeper/],
  [`${OUTPUT}.buffer-size`, '16384', /while a request is out/],
  ['spring.kafka.ssl.trust-store-type', 'JKS', /PEM/],
  ['spring.kafka.listener.ack-mode', 'manual', /bindings receive/],
])('%s is known and has no effect, for a reason', (key, given, reason) => {
  expect(planned('output', { [key]: given }).problems).toMatchObject([
    { code: 'CONFIG_UNSUPPORTED', severity: 'warning', message: expect.stringMatching(reason) as unknown },
  ]);
});

test.each([
  [`${BINDER}.brockers`, 'brokers'],
  [`${BINDER}.auto-create-topic`, 'auto-create-topics'],
  [`${OUTPUT}.message-key-expresion`, 'message-key-expression'],
  ['spring.kafka.bootstrap-server', 'bootstrap-servers'],
])('%s is told its right name', (key, suggestion) => {
  expect(planned('output', { [key]: 'x' }).problems).toMatchObject([{ code: 'CONFIG_KEY', suggestion }]);
});

test("jaas of the binder is above spring.kafka's, and leaves it where it says nothing", () => {
  const boot = { 'spring.kafka.jaas.login-module': 'x.PlainLoginModule', 'spring.kafka.jaas.options.username': 'boot' };
  expect(planned('input', boot).options).toMatchObject({
    'jaas.loginModule': 'x.PlainLoginModule',
    'jaas.options': { username: 'boot' },
  });
  expect(
    planned('input', { ...boot, [`${BINDER}.jaas.options.username`]: 'own', [`${BINDER}.jaas.options.password`]: 'p' })
      .options,
  ).toMatchObject({ 'jaas.loginModule': 'x.PlainLoginModule', 'jaas.options': { username: 'own', password: 'p' } });
});

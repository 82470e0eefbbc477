/** How the options of this binder are read, and that none of Spring's is unknown. */
import { describe, expect, test } from '@jest/globals';
import { kebab, type Option, type Schema } from '@streambind/core/internal';
import { absentBinderGroups } from '../../core/src/application/absent-binders.js';
import { loadEnvironment } from '../../core/src/config/index.js';
import {
  binderSchema,
  connectionSchema,
  consumerSchema,
  producerSchema,
  type RabbitConsumerOptions,
} from '../src/options/options.js';
import { planned } from './support/configurations.js';

const RABBIT = 'spring.cloud.stream.rabbit';

const consumer = (given: Readonly<Record<string, string>>): ReturnType<typeof planned> =>
  planned({
    model: 'input',
    properties: Object.fromEntries(
      Object.entries(given).map(([key, value]) => [`${RABBIT}.bindings.input.consumer.${key}`, value]),
    ),
  });
const options = (given: Readonly<Record<string, string>>): RabbitConsumerOptions => consumer(given).sources[0]!.options;

describe("every name of Spring's is an option, or has a reason why not", () => {
  const schemas: Readonly<Record<string, Schema>> = {
    [`${RABBIT}.binder`]: binderSchema,
    [`${RABBIT}.default.consumer`]: consumerSchema,
    [`${RABBIT}.default.producer`]: producerSchema,
    'spring.rabbitmq': connectionSchema,
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

test('unset, true and false of auto-bind-dlq are three things', () => {
  expect(options({}).autoBindDlq).toBeUndefined();
  expect(options({ 'auto-bind-dlq': 'false' }).autoBindDlq).toBe(false);
  expect(options({ 'auto-bind-dlq': 'true' }).autoBindDlq).toBe(true);
});

test('an empty dead-letter exchange of the dead-letter queue is the default exchange', () => {
  expect(options({}).dlqDeadLetterExchange).toBeNull();
  expect(options({ 'dlq-dead-letter-exchange': '' }).dlqDeadLetterExchange).toBe('');
});

test("prefetch is core's until it is written", () => {
  expect(consumer({}).sources[0]).toMatchObject({ prefetch: 100 });
  expect(consumer({ prefetch: '1' }).sources[0]).toMatchObject({ prefetch: 1 });
});

test('durations and sizes may have units', () => {
  expect(options({ ttl: '1m', 'max-length-bytes': '1MB', 'dlq-ttl': '500' })).toMatchObject({
    ttl: 60_000,
    maxLengthBytes: 1_048_576,
    dlqTtl: 500,
  });
});

test("the delivery mode of dead letters goes by Spring's spelling, and by the right one with a hint", () => {
  const right = consumer({ 'republish-delivery-mode': 'NON_PERSISTENT' });
  expect(right.sources[0]!.options.republishDeliveyMode).toBe('non-persistent');
  expect(right.problems).toMatchObject([
    { severity: 'warning', suggestion: expect.stringContaining('delivey') as unknown },
  ]);
  const spring = consumer({ 'republish-delivey-mode': 'NON_PERSISTENT' });
  expect(spring.sources[0]!.options.republishDeliveyMode).toBe('non-persistent');
  expect(spring.problems).toEqual([]);
});

test.each([
  ['container-type', 'stream', 'simple, direct'],
  ['max-priority', '256', 'a whole number from 1 to 255'],
  ['prefetch', '0', 'a whole number from 1 to 65535'],
  ['overflow-behavior', 'drop-tail', 'drop-head, reject-publish, reject-publish-dlx'],
  ['exchange-type', 'x-random', 'topic, direct, fanout, headers'],
])('%s: %s is refused, and what is allowed is said', (key, given, allowed) => {
  expect(consumer({ [key]: given }).problems).toMatchObject([
    { code: 'CONFIG_VALUE', severity: 'error', given, allowed },
  ]);
});

test.each([
  ['max-concurrency', '5', /raise concurrency/],
  ['recovery-interval', '1000', /tried again/],
  ['super-stream', 'true', /streams/],
])('%s is known and has no effect, for a reason', (key, given, reason) => {
  expect(consumer({ [key]: given }).problems).toMatchObject([
    { code: 'CONFIG_UNSUPPORTED', severity: 'warning', message: expect.stringMatching(reason) as unknown },
  ]);
});

test('the connection has the defaults of Spring Boot, and its heartbeat counts seconds', () => {
  const read = (...args: string[]) =>
    loadEnvironment({ directories: [], args, env: {} }).options(connectionSchema, 'spring.rabbitmq');
  expect(read()).toMatchObject({ host: 'localhost', username: 'guest', password: 'guest', virtualHost: '/' });
  expect(read('--spring.rabbitmq.requested-heartbeat=5', '--spring.rabbitmq.addresses=a:1,b:2')).toMatchObject({
    requestedHeartbeat: 5000,
    addresses: ['a:1', 'b:2'],
  });
  expect(read('--spring.rabbitmq.ssl.enabled=true', '--spring.rabbitmq.template.mandatory=true')).toMatchObject({
    'ssl.enabled': true,
    'template.mandatory': true,
  });
});

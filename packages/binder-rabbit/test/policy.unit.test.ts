/** What core is told of the options of a binding, and what a start refuses because it could lose a message. */
import { describe, expect, test } from '@jest/globals';
import type { RabbitOptions } from '../src/options/options.js';
import { policy, weaknesses } from '../src/options/policy.js';
import { anonymousName } from '../src/topology/names.js';
import { consumerTopology, type ConsumerTopology, type DeadLetters } from '../src/topology/topology.js';
import { planned } from './support/configurations.js';

type Given = Readonly<Record<string, string>>;

const RABBIT = 'spring.cloud.stream.rabbit.bindings';
const below = (prefix: string, given: Given): Given =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [`${prefix}.${key}`, value]));

/** An input of the group g. */
const source = (given: Given) =>
  planned({
    model: 'input',
    properties: {
      'spring.cloud.stream.bindings.input.destination': 'orders',
      'spring.cloud.stream.bindings.input.group': 'g',
      'spring.cloud.stream.bindings.input.consumer.guarantee': 'at-most-once',
      ...below(`${RABBIT}.input.consumer`, given),
    },
  }).sources[0]!;

const ofInput = (given: Given): string[] =>
  weaknesses({} as RabbitOptions, { direction: 'input', group: 'g', options: source(given).options }).map(
    (one) => one.given,
  );

function ofOutput(given: Given): string[] {
  const [target] = planned({
    model: 'output',
    properties: {
      'spring.cloud.stream.bindings.output.producer.guarantee': 'at-most-once',
      ...below(`${RABBIT}.output.producer`, given),
    },
  }).targets;
  return weaknesses({} as RabbitOptions, { direction: 'output', options: target!.options }).map((one) => one.given);
}

describe('core is told', () => {
  test('who acknowledges', () => {
    expect(policy(source({}).options)).toEqual({ acknowledge: 'auto' });
    expect(policy(source({ 'acknowledge-mode': 'MANUAL', prefetch: '7' }).options)).toEqual({
      acknowledge: 'manual',
      prefetch: 7,
    });
  });

  test('to give back what is exhausted, where nothing else would keep it', () => {
    const rejecting = { 'requeue-rejected': 'true', 'republish-to-dlq': 'false' };
    expect(policy(source(rejecting).options).exhausted).toBe('requeue');
    expect(policy(source({ 'requeue-rejected': 'true' }).options).exhausted).toBeUndefined();
  });
});

describe('a start is refused for', () => {
  test.each<[Given, string[]]>([
    [{}, []],
    [{ 'acknowledge-mode': 'NONE' }, ['acknowledge-mode: none']],
    [{ 'durable-subscription': 'false' }, ['durable-subscription: false']],
    [{ 'republish-delivey-mode': 'NON_PERSISTENT' }, ['republish-delivey-mode: non-persistent']],
    [{ ttl: '60000' }, []],
    [{ 'quorum.enabled': 'true' }, []],
    [{ 'quorum.enabled': 'true', 'quorum.delivery-limit': '3' }, ['quorum.delivery-limit: 3']],
    [{ 'quorum.enabled': 'true', 'quorum.delivery-limit': '3', 'auto-bind-dlq': 'true' }, []],
  ])('an input with %j: %j', (given, expected) => {
    expect(ofInput(given)).toEqual(expected);
  });

  test('nothing of an input without a group, whose queue goes with it anyway', () => {
    const { options } = source({ 'durable-subscription': 'false' });
    expect(weaknesses({} as RabbitOptions, { direction: 'input', options })).toEqual([]);
  });

  test.each<[Given, string[]]>([
    [{}, []],
    [{ 'delivery-mode': 'NON_PERSISTENT' }, ['delivery-mode: non-persistent']],
    [{ 'max-length': '5' }, []],
  ])('an output with %j: %j', (given, expected) => {
    expect(ofOutput(given)).toEqual(expected);
  });
});

describe('a start tells that messages are meant to be dropped', () => {
  test.each<[Given, string[]]>([
    [{}, []],
    [{ ttl: '60000' }, ['ttl: 60000']],
    [{ ttl: '60000', 'auto-bind-dlq': 'true' }, []],
    [{ expires: '60000' }, ['expires: 60000']],
    [{ 'max-length': '100' }, ['max-length: 100']],
    [{ 'max-length': '100', 'max-length-bytes': '9' }, ['max-length: 100', 'max-length-bytes: 9']],
    [{ 'max-length': '100', 'overflow-behavior': 'reject-publish' }, []],
    [{ 'max-length': '100', 'auto-bind-dlq': 'true' }, []],
    [{ 'dlq-ttl': '5000' }, ['dlq-ttl: 5000']],
    [{ 'dlq-ttl': '5000', 'dlq-dead-letter-exchange': '' }, []],
    [{ 'dlq-max-length': '5' }, ['dlq-max-length: 5']],
    [{ 'exchange-durable': 'false' }, ['exchange-durable: false']],
  ])('an input with %j: %j', (given, expected) => {
    const { notices } = consumerTopology(source(given), anonymousName());
    expect(notices.map((line) => /has (.*?: \S+?): /.exec(line)?.[1])).toEqual(expected);
  });
});

describe('dead letters', () => {
  const topology = (given: Given): ConsumerTopology => consumerTopology(source(given), anonymousName());
  const deadLetters = (given: Given): DeadLetters | undefined => topology(given).queues[0]!.deadLetters;
  const published = { by: 'publishing', exchange: 'DLX', routingKey: 'orders.g' };

  test('have their place when it is first needed, and the queue does not tell of it', () => {
    const { declarations, queues, notices } = topology({});
    expect(declarations).toMatchObject([{ name: 'orders' }, { name: 'orders.g', arguments: {} }, { kind: 'binding' }]);
    expect(queues[0]!.deadLetters).toMatchObject({
      ...published,
      whenMissing: 'keep',
      declarations: [
        { kind: 'queue', name: 'orders.g.dlq', durable: true },
        { kind: 'exchange', name: 'DLX', type: 'direct' },
        { kind: 'binding', queue: 'orders.g.dlq', exchange: 'DLX', routingKey: 'orders.g' },
        { kind: 'binding', queue: 'orders.g.dlq', exchange: 'DLX', routingKey: 'orders.g' },
      ],
    });
    expect(notices).toEqual([]);
  });

  test('have it from the start with auto-bind-dlq', () => {
    expect(deadLetters({ 'auto-bind-dlq': 'true' })).toEqual({ ...published, whenMissing: 'keep', declarations: [] });
  });

  test('are dropped without an exchange where the yml says auto-bind-dlq: false, and the start says so', () => {
    const { queues, notices } = topology({ 'auto-bind-dlq': 'false' });
    expect(queues[0]!.deadLetters).toEqual({ ...published, whenMissing: 'drop', declarations: [] });
    expect(notices).toEqual([expect.stringContaining('lost unless the exchange "DLX" exists')]);
  });

  test("are the broker's without republish-to-dlq, and the start says where it has no place for them", () => {
    expect(topology({ 'republish-to-dlq': 'false', 'auto-bind-dlq': 'true' })).toMatchObject({
      queues: [{ deadLetters: { by: 'broker' } }],
      notices: [],
    });
    expect(topology({ 'republish-to-dlq': 'false' }).notices).toEqual([expect.stringContaining('unless a policy')]);
  });

  test('of a queue that goes with its consumer are declared when they are needed', () => {
    expect(deadLetters({ 'durable-subscription': 'false', 'auto-bind-dlq': 'true' })).toMatchObject({
      whenMissing: 'keep',
      declarations: [{ name: 'orders.g.dlq' }, { name: 'DLX' }, {}, {}],
    });
  });
});

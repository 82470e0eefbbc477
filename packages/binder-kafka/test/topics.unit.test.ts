/** What a binding needs of its topics, before a broker is asked; and what only a broker in trouble would answer. */
import { describe, expect, test } from '@jest/globals';
import { KafkaTrouble } from '../src/client/errors.js';
import type { KafkaAdmin, NewTopic, PartitionState } from '../src/client/port.js';
import { anonymousGroup, isTopicName } from '../src/topics/names.js';
import { consumerPlan, matching, producerPlan, type ConsumerPlan, type WantedTopic } from '../src/topics/plan.js';
import { provisionConsumer, provisionProducer } from '../src/topics/provision.js';
import { BINDER, INPUT, OUTPUT, below, planned, thrown, type Given } from './support/configurations.js';

const BINDING = 'spring.cloud.stream.bindings.input';
const GROUP = { [`${BINDING}.destination`]: 'orders', [`${BINDING}.group`]: 'g' };

function plansOf(given: Given): ConsumerPlan[] {
  const { options, sources } = planned('input', { ...GROUP, ...given });
  return sources.map((source) => consumerPlan(source, options, 'here'));
}
const planOf = (given: Given): ConsumerPlan => plansOf(given)[0]!;

function targetOf(given: Given): WantedTopic {
  const { options, targets } = planned('output', given);
  return producerPlan(targets[0]!, options, 'here');
}

test.each([
  ['orders', true],
  ['a.b_c-D9', true],
  ['a'.repeat(249), true],
  ['a'.repeat(250), false],
  ['', false],
  ['.', false],
  ['..', false],
  ['orders/x', false],
  ['bestellungen-für', false],
])('the name of a topic: %j %s', (name, legal) => {
  expect(isTopicName(name)).toBe(legal);
});

test('a group of its own has a name that nobody else has', () => {
  expect(anonymousGroup()).toMatch(/^anonymous\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(anonymousGroup()).not.toBe(anonymousGroup());
});

describe('an input needs', () => {
  test('a partition for every handler of every instance, and makes no fewer than the binder says', () => {
    const wanted = (given: Given) => planOf(given).topics![0]!;
    expect(wanted({})).toMatchObject({
      topic: 'orders',
      needed: 1,
      partitions: 1,
      replicationFactor: -1,
      fewer: 'idle',
    });
    expect(wanted({ [`${BINDING}.consumer.concurrency`]: '3' })).toMatchObject({ needed: 3, partitions: 3 });
    expect(
      wanted({ [`${BINDING}.consumer.concurrency`]: '3', 'spring.cloud.stream.instance-count': '2' }),
    ).toMatchObject({ needed: 6, partitions: 6 });
    expect(wanted({ [`${BINDER}.min-partition-count`]: '8' })).toMatchObject({ needed: 1, partitions: 8 });
  });

  test('copies and properties as the binding says, above the binder', () => {
    expect(
      planOf({
        [`${BINDER}.replication-factor`]: '2',
        [`${INPUT}.topic.properties.retention.ms`]: '1000',
        [`${INPUT}.topic.properties.cleanup.policy`]: 'compact',
      }).topics,
    ).toMatchObject([{ replicationFactor: 2, properties: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } }]);
    expect(
      planOf({ [`${BINDER}.replication-factor`]: '2', [`${INPUT}.topic.replication-factor`]: '3' }).topics,
    ).toMatchObject([{ replicationFactor: 3 }]);
  });

  test('brokers by partition, in either way to write a list', () => {
    const key = `${INPUT}.topic.replicas-assignments`;
    expect(planOf({ [`${key}.0`]: '1,2', [`${key}.1[0]`]: '2', [`${key}.1[1]`]: '1' }).topics).toMatchObject([
      { assignments: { 0: [1, 2], 1: [2, 1] } },
    ]);
    expect(thrown(() => planOf({ [`${key}.first`]: '1' }))).toMatchObject({ code: 'CONFIG_VALUE' });
    expect(thrown(() => planOf({ [`${key}.0`]: 'broker' }))).toMatchObject({ code: 'CONFIG_VALUE' });
  });

  test('a topic of each of several destinations, in one subscription where it multiplexes', () => {
    const several = { [`${BINDING}.destination`]: 'a,b' };
    const names = (plans: ConsumerPlan[]) => plans.map(({ topics }) => topics!.map(({ topic }) => topic));
    expect(names(plansOf(several))).toEqual([['a'], ['b']]);
    expect(names(plansOf({ ...several, [`${BINDING}.consumer.multiplex`]: 'true' }))).toEqual([['a', 'b']]);
  });

  test('leave to make, to grow and to alter', () => {
    expect(planOf({}).topics).toMatchObject([{ create: true, grow: false, alter: false }]);
    expect(
      planOf({
        [`${BINDER}.auto-create-topics`]: 'false',
        [`${BINDER}.auto-add-partitions`]: 'true',
        [`${BINDER}.auto-alter-topics`]: 'true',
      }).topics,
    ).toMatchObject([{ create: false, grow: true, alter: true }]);
  });

  test('no instance-index: what assigns partitions by it is told to have no effect', () => {
    expect(planOf({}).notices).toEqual([]);
    expect(planOf({ [`${INPUT}.auto-rebalance-enabled`]: 'false' }).notices).toEqual([
      expect.stringContaining('auto-rebalance-enabled: false has no effect here'),
    ]);
  });

  test('a name that Kafka takes', () => {
    expect(thrown(() => planOf({ [`${BINDING}.destination`]: 'orders/x' }))).toMatchObject({
      code: 'CONFIG_VALUE',
      details: { where: 'here', given: 'orders/x' },
    });
  });
});

describe('an output needs', () => {
  const output = 'spring.cloud.stream.bindings.output';

  test('as many partitions as partition-count says, a key or not', () => {
    expect(targetOf({})).toMatchObject({ topic: 'output', needed: 1, fewer: 'refuse' });
    expect(targetOf({ [`${output}.producer.partition-count`]: '3' })).toMatchObject({ needed: 3, partitions: 3 });
    expect(
      targetOf({
        [`${output}.producer.partition-count`]: '3',
        [`${output}.producer.partition-key-expression`]: 'payload',
        [`${BINDER}.min-partition-count`]: '5',
        [`${OUTPUT}.topic.properties.retention.ms`]: '5',
      }),
    ).toMatchObject({ needed: 3, partitions: 5, properties: { 'retention.ms': '5' } });
  });

  test('a name that Kafka takes', () => {
    expect(thrown(() => targetOf({ [`${output}.destination`]: 'a b' }))).toMatchObject({ code: 'CONFIG_VALUE' });
  });
});

describe('dead letters', () => {
  const dead = (given: Given) => planOf(given).deadLetters!;

  test('of a group have a topic of their own, with as many partitions', () => {
    const plan = dead({});
    expect(plan.when).toBe('need');
    expect(plan.topic('orders', 3)).toMatchObject({ topic: 'error.orders.g', partitions: 3, create: true });
    expect(plan.partition(2, 3)).toBe(2);
    expect(plan.partition(2, 2)).toBe(0);
  });

  test('have it at start where enable-dlq says so', () => {
    expect(dead({ [`${INPUT}.enable-dlq`]: 'true' }).when).toBe('start');
  });

  test('have the name and the partitions that are written', () => {
    const plan = dead({ [`${INPUT}.dlq-name`]: 'morgue', [`${INPUT}.dlq-partitions`]: '1' });
    expect(plan.topic('orders', 3)).toMatchObject({ topic: 'morgue', partitions: 1 });
    expect(plan.partition(2, 3)).toBe(0);
    const five = dead({ [`${INPUT}.dlq-partitions`]: '5' });
    expect(five.topic('orders', 3)).toMatchObject({ partitions: 5 });
    expect(five.partition(2, 5)).toBe(2);
  });

  test('are none where nobody wants them', () => {
    expect(planOf({ [`${INPUT}.enable-dlq`]: 'false' }).deadLetters).toBeUndefined();
    expect(planOf({ [`${BINDING}.group`]: '' }).deadLetters).toBeUndefined();
  });

  test('cannot be of an input without a group', () => {
    const given = { [`${BINDING}.group`]: '', [`${INPUT}.enable-dlq`]: 'true' };
    expect(thrown(() => planOf(given))).toMatchObject({ code: 'CONFIG_VALUE', details: { given: 'enable-dlq: true' } });
  });

  test('need a topic that Kafka takes', () => {
    const given = { [`${BINDING}.group`]: 'my group' };
    expect(thrown(() => planOf(given))).toMatchObject({
      code: 'CONFIG_VALUE',
      details: { given: 'error.orders.my group', fix: expect.stringContaining('dlq-name') as unknown },
    });
    expect(planOf({ ...given, [`${INPUT}.dlq-name`]: 'morgue' }).deadLetters).toBeDefined();
    expect(planOf({ ...given, [`${INPUT}.enable-dlq`]: 'false' }).deadLetters).toBeUndefined();
  });

  test('of several destinations are apart, unless they have one name', () => {
    const several = { [`${BINDING}.destination`]: 'a,b', [`${BINDING}.consumer.multiplex`]: 'true' };
    const names = (given: Given) => ['a', 'b'].map((topic) => dead({ ...several, ...given }).topic(topic, 1).topic);
    expect(names({})).toEqual(['error.a.g', 'error.b.g']);
    expect(names({ [`${INPUT}.dlq-name`]: 'morgue' })).toEqual(['morgue', 'morgue']);
  });
});

describe('a destination that is a pattern', () => {
  const pattern = (destination: string) =>
    planOf({ ...below(INPUT, { 'destination-is-pattern': 'true' }), [`${BINDING}.destination`]: destination });

  test('is the whole name of a topic, and means neither those of Kafka nor dead letters of the group', () => {
    const topics = ['orders.eu', 'orders.us', 'my.orders.eu', '__consumer_offsets', 'error.orders.eu.g', 'error.x.h'];
    expect(matching(pattern(String.raw`orders\..*`).pattern!, 'g', topics)).toEqual(['orders.eu', 'orders.us']);
    expect(matching(pattern('.*').pattern!, 'g', topics)).toEqual([
      'error.x.h',
      'my.orders.eu',
      'orders.eu',
      'orders.us',
    ]);
    expect(pattern('.*').topics).toBeUndefined();
  });

  test('has dead letters by the names of its topics', () => {
    expect(pattern('.*').deadLetters!.topic('orders.eu', 2)).toMatchObject({ topic: 'error.orders.eu.g' });
  });

  test('is refused where it is none', () => {
    expect(thrown(() => pattern('orders('))).toMatchObject({ code: 'CONFIG_VALUE', details: { given: 'orders(' } });
  });
});

describe('a broker that', () => {
  const { options, sources, context } = planned('input', GROUP);
  const source = sources[0]!;
  const one: PartitionState = { partition: 0, leader: 1, replicas: [1] };

  /** Answers of a broker in trouble, which a real one gives too seldom. */
  const admin = (answers: Partial<KafkaAdmin>): KafkaAdmin => answers as KafkaAdmin;
  const refusing = (kind: 'authorization' | 'refused' | 'unavailable', type: string) =>
    admin({
      partitions: () => Promise.resolve(undefined),
      createTopic: () => Promise.reject(new KafkaTrouble(kind, 'no', { type })),
    });

  test('allows nothing says what is missing', async () => {
    const made = provisionConsumer(refusing('authorization', 'TOPIC_AUTHORIZATION_FAILED'), source, options, context);
    await expect(made).rejects.toMatchObject({
      code: 'ACCESS_REFUSED',
      details: { given: 'TOPIC_AUTHORIZATION_FAILED', where: expect.stringContaining(BINDING) as unknown },
    });
  });

  test.each([
    ['INVALID_CONFIG', /topic\.properties/],
    ['INVALID_REPLICA_ASSIGNMENT', /replicas-assignments/],
    ['INVALID_REPLICATION_FACTOR', /replication-factor/],
  ])('refuses by %s is told with what to look at', async (type, fix) => {
    await expect(provisionConsumer(refusing('refused', type), source, options, context)).rejects.toMatchObject({
      code: 'BINDER_FAILED',
      details: { fix: expect.stringMatching(fix) as unknown },
    });
  });

  test('is away is not about the topic', async () => {
    const made = provisionConsumer(refusing('unavailable', 'X'), source, options, context);
    await expect(made).rejects.toBeInstanceOf(KafkaTrouble);
  });

  test('made the topic for somebody else at the same moment has it as that one wanted it', async () => {
    let made: NewTopic | undefined;
    const answers = [undefined, [], [{ partition: 0, replicas: [1] }], [one]];
    const target = planned('output', { 'spring.cloud.stream.bindings.output.producer.partition-count': '2' });
    const racing = admin({
      partitions: () => Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]),
      createTopic: (topic) => {
        made = topic;
        return Promise.resolve(false);
      },
    });
    await expect(provisionProducer(racing, target.targets[0]!, target.options, target.context)).rejects.toMatchObject({
      code: 'TOPOLOGY_CONFLICT',
    });
    expect(made).toMatchObject({ partitions: 2 });
    expect(answers).toEqual([[one]]);
  });

  test('could not make the topic of dead letters is asked again with the next one', async () => {
    let tries = 0;
    const { deadLetters } = await provisionConsumer(
      admin({
        partitions: (topic) => Promise.resolve(topic === 'orders' || tries > 1 ? [one] : undefined),
        createTopic: () =>
          ++tries === 1 ? Promise.reject(new KafkaTrouble('unavailable', 'away')) : Promise.resolve(true),
      }),
      source,
      options,
      context,
    );
    expect(tries).toBe(0);
    const from = { topic: 'orders', partition: 0 };
    await expect(deadLetters!.target(from)).rejects.toThrow('away');
    expect(await Promise.all([deadLetters!.target(from), deadLetters!.target(from)])).toEqual([
      { topic: 'error.orders.g', partition: 0 },
      { topic: 'error.orders.g', partition: 0 },
    ]);
    expect(tries).toBe(2);
  });
});

/** Topics on a real broker: as Spring Cloud Stream was recorded to make them, and what it does not say. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { isStreambindError } from '@streambind/core/binder';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { KafkaJsClient } from '../src/client/kafkajs/client.js';
import { clientSettings } from '../src/options/settings.js';
import { provisionConsumer, provisionProducer, type ConsumerTopics } from '../src/topics/provision.js';
import { BINDER, INPUT, OUTPUT, planned, type Given } from './support/configurations.js';
import { golden } from './support/golden.js';

interface Row {
  readonly case: string;
  readonly properties: Given;
  /** Partitions of the topic before the start. */
  readonly before?: number;
  readonly started: boolean;
  /** Partitions by topic after it. */
  readonly topics: Readonly<Record<string, number>>;
}

interface DeadLetterRow {
  readonly case: string;
  readonly properties: Given;
  readonly topicPartitions: number;
  readonly sent: { readonly partition?: number };
  readonly dlqName: string;
  readonly dlqPartitions: number;
  readonly inDlq: readonly { readonly partition: number }[];
}

/** Why it is not as Spring: it starts, logs an error and tries again every 30 seconds, for ever. */
const REFUSED: Readonly<Record<string, { readonly code: string; readonly because: string }>> = {
  'producer wants 4, topic has 2': {
    code: 'TOPOLOGY_CONFLICT',
    because: 'no try can cure it without somebody who adds partitions, so the start ends and says who can.',
  },
  'anonymous with enable-dlq': { code: 'CONFIG_VALUE', because: 'no try can cure it, so the start ends.' },
  'illegal topic name': { code: 'CONFIG_VALUE', because: 'no try can cure it, so the start ends.' },
  // tried again here too, with growing gaps
  'auto-create-topics false, topic absent': {
    code: 'DESTINATION_GONE',
    because: 'somebody may make the topic; the gaps grow from a fraction of a second to some seconds.',
  },
};

const codeOf = (error: unknown): string => (isStreambindError(error) ? error.code : String(error));

const INPUT_BINDING = 'spring.cloud.stream.bindings.input';
const OUTPUT_BINDING = 'spring.cloud.stream.bindings.output';

await describeWithBroker('kafka', 'topics', ({ address: { bootstrapServers } }) => {
  const servers = { 'spring.kafka.bootstrap-servers': bootstrapServers };
  const { settings } = clientSettings(planned('input', servers).options, { name: 'test' });
  const client = new KafkaJsClient(settings, { debug: () => {} });
  const { admin } = client;
  afterAll(() => client.close());

  const fresh = (): string => `t-${randomUUID().slice(0, 8)}`;

  const create = (topic: string, partitions: number, properties: Given = {}): Promise<boolean> =>
    admin.createTopic({ topic, partitions, replicationFactor: 1, properties });

  /** With `<topic>` and `<dlq>` in values replaced. */
  const named = (properties: Given, topic: string): Given =>
    Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [
        key,
        value.replace('<topic>', topic).replace('<dlq>', `${topic}-dead`),
      ]),
    );

  /** Provisions every binding of the one input or output. @throws as `provisionConsumer`, and what the plan refuses */
  async function start(properties: Given): Promise<ConsumerTopics | { readonly notices: readonly string[] }> {
    const model = Object.keys(properties).some((key) => key.includes('bindings.input.')) ? 'input' : 'output';
    const { options, sources, targets, context } = planned(model, properties);
    return model === 'input'
      ? provisionConsumer(admin, sources[0]!, options, context)
      : provisionProducer(admin, targets[0]!, options, context);
  }
  const consumer = (properties: Given): Promise<ConsumerTopics> => start(properties) as Promise<ConsumerTopics>;

  async function topicsOf(prefix: string): Promise<Readonly<Record<string, number>>> {
    const topics = (await admin.topics()).filter((topic) => topic.includes(prefix));
    const counted = await Promise.all(
      topics.map(async (topic) => [topic, (await admin.partitions(topic))!.length] as const),
    );
    return Object.fromEntries(counted);
  }

  describe('as recorded', () => {
    const { provisioning } = golden<{ provisioning: readonly Row[] }>('kafka-provisioning');

    test.each(provisioning.map((row) => [row.case, row] as const))('%s', async (name, row) => {
      const topic = fresh();
      if (row.before !== undefined) await create(topic, row.before);
      const code = await start(named(row.properties, topic)).then(
        () => undefined,
        (thrown: unknown) => codeOf(thrown instanceof AggregateError ? thrown.errors[0] : thrown),
      );
      expect(code).toBe(row.started ? REFUSED[name]?.code : 'CONFIG_VALUE');
      const expected = Object.entries(row.topics).map(([key, count]) => [key.replace('<topic>', topic), count]);
      expect(await topicsOf(topic)).toEqual(Object.fromEntries(expected));
    });

    test('and nothing is listed that is not recorded', () => {
      expect(provisioning.map((row) => row.case)).toEqual(expect.arrayContaining(Object.keys(REFUSED)));
    });

    const { deadLetters } = golden<{ deadLetters: readonly DeadLetterRow[] }>('kafka-messages');

    test.each(deadLetters.map((row) => [row.case, row] as const))('dead letters: %s', async (_, row) => {
      const topic = fresh();
      await create(topic, row.topicPartitions);
      const made = await consumer(named(row.properties, topic));
      const dead = row.dlqName.replace('<topic>', topic).replace('<dlq>', `${topic}-dead`);
      expect(await topicsOf(topic)).toEqual({ [topic]: row.topicPartitions, [dead]: row.dlqPartitions });
      const from = { topic, partition: row.sent.partition ?? 0 };
      expect(await made.deadLetters!.target(from)).toEqual({ topic: dead, partition: row.inDlq[0]!.partition });
    });
  });

  const input = (topic: string, more: Given = {}): Given => ({
    [`${INPUT_BINDING}.destination`]: topic,
    [`${INPUT_BINDING}.group`]: 'g',
    ...more,
  });

  test('dead letters have their topic when the first one comes', async () => {
    const topic = fresh();
    const { deadLetters } = await consumer(input(topic, { [`${BINDER}.min-partition-count`]: '2' }));
    expect(await topicsOf(topic)).toEqual({ [topic]: 2 });
    expect(await deadLetters!.target({ topic, partition: 1 })).toEqual({ topic: `error.${topic}.g`, partition: 1 });
    expect(await topicsOf(topic)).toEqual({ [topic]: 2, [`error.${topic}.g`]: 2 });
  });

  test('dead letters whose topic may not be made say so', async () => {
    const topic = fresh();
    await create(topic, 1);
    const closed = input(topic, { [`${BINDER}.auto-create-topics`]: 'false' });
    const { deadLetters } = await consumer(closed);
    await expect(deadLetters!.target({ topic, partition: 0 })).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
    await expect(consumer({ ...closed, [`${INPUT}.enable-dlq`]: 'true' })).rejects.toMatchObject({
      code: 'DESTINATION_GONE',
      message: expect.stringContaining(`error.${topic}.g`) as unknown,
    });
  });

  test('a topic that is smaller than the input could read is used, and it is said', async () => {
    const topic = fresh();
    await create(topic, 2);
    const made = await consumer(input(topic, { [`${INPUT_BINDING}.consumer.concurrency`]: '4' }));
    expect(made.topics).toEqual(new Map([[topic, 2]]));
    expect(made.notices).toEqual([expect.stringContaining('2 have nothing to do')]);
    expect((await consumer(input(topic, { [`${INPUT_BINDING}.consumer.concurrency`]: '2' }))).notices).toEqual([]);
  });

  test('a topic grows to min-partition-count where it may', async () => {
    const topic = fresh();
    await create(topic, 1);
    const grown = input(topic, { [`${BINDER}.min-partition-count`]: '5', [`${BINDER}.auto-add-partitions`]: 'true' });
    expect((await consumer(grown)).topics).toEqual(new Map([[topic, 5]]));
    const smaller = input(topic, { [`${BINDER}.auto-add-partitions`]: 'true' });
    expect((await consumer(smaller)).topics).toEqual(new Map([[topic, 5]]));
  });

  test('properties are those of the binding when it is made, and later only where they may be altered', async () => {
    const topic = fresh();
    const given = (retention: string, more: Given = {}): Given => ({
      [`${OUTPUT_BINDING}.destination`]: topic,
      [`${OUTPUT}.topic.properties.retention.ms`]: retention,
      ...more,
    });
    const property = async (name: string) => (await admin.topicProperties(topic))[name];
    await start(given('7000', { [`${OUTPUT}.topic.properties.cleanup.policy`]: 'compact' }));
    expect(await property('retention.ms')).toBe('7000');
    await start(given('8000'));
    expect(await property('retention.ms')).toBe('7000');
    await start(given('8000', { [`${BINDER}.auto-alter-topics`]: 'true' }));
    expect(await property('retention.ms')).toBe('8000');
    expect(await property('cleanup.policy')).toBe('compact');
  });

  test('partitions are where the binding puts them', async () => {
    const [topic, other] = [fresh(), fresh()];
    await create(other, 1);
    const broker = (await admin.partitions(other))![0]!.leader!;
    const key = `${OUTPUT}.topic.replicas-assignments`;
    const to = (topicName: string): Given => ({ [`${OUTPUT_BINDING}.destination`]: topicName });
    await start({ ...to(topic), [`${key}.0`]: String(broker), [`${key}.1`]: String(broker) });
    expect(await topicsOf(topic)).toEqual({ [topic]: 2 });
    await expect(start({ ...to(fresh()), [`${key}.0`]: '4711' })).rejects.toMatchObject({ code: 'BINDER_FAILED' });
  });

  test.each<[string, Given, RegExp]>([
    ['more copies than brokers', { [`${BINDER}.replication-factor`]: '9' }, /replication-factor: 9/],
    ['a property that is none', { [`${OUTPUT}.topic.properties.retention.hours`]: '1' }, /topic\.properties/],
  ])('%s: the broker refuses the topic, and it is said what to look at', async (_, given, told) => {
    const error = await start({ [`${OUTPUT_BINDING}.destination`]: fresh(), ...given }).catch(
      (thrown: unknown) => thrown,
    );
    expect(isStreambindError(error, 'BINDER_FAILED')).toBe(true);
    expect((error as Error).message).toMatch(told);
  });

  test('a pattern reads what there is, and waits where there is nothing', async () => {
    const prefix = fresh();
    const matched = input(String.raw`${prefix}\..*`, { [`${INPUT}.destination-is-pattern`]: 'true' });
    await expect(start(matched)).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
    await create(`${prefix}.a`, 2);
    await create(`${prefix}.b`, 1);
    await create(`error.${prefix}.a.g`, 1);
    const { topics, deadLetters } = await consumer(matched);
    expect(topics).toEqual(
      new Map([
        [`${prefix}.a`, 2],
        [`${prefix}.b`, 1],
      ]),
    );
    expect(await deadLetters!.target({ topic: `${prefix}.a`, partition: 1 })).toEqual({
      topic: `error.${prefix}.a.g`,
      partition: 0,
    });
  });

  test('several destinations of one input are all made', async () => {
    const [one, other] = [fresh(), fresh()];
    const made = await consumer(input(`${one},${other}`, { [`${INPUT_BINDING}.consumer.multiplex`]: 'true' }));
    expect([...made.topics.keys()]).toEqual([one, other]);
    expect(await deadLettersOf(made, one, other)).toEqual([`error.${one}.g`, `error.${other}.g`]);
  });

  const deadLettersOf = async ({ deadLetters }: ConsumerTopics, ...topics: readonly string[]): Promise<string[]> =>
    Promise.all(topics.map(async (topic) => (await deadLetters!.target({ topic, partition: 0 })).topic));
});

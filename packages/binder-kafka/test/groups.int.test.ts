/** Members that come and go: what is read, from where, and what is committed when a partition changes hands. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumerBinding, Delivery } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { KafkaOptions } from '../src/options/options.js';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

const LIMIT_MS = 15_000;

await describeWithBroker('kafka', 'groups', ({ address }) => {
  const binders: KafkaBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });

  async function open(options: Partial<KafkaOptions> = {}): Promise<KafkaBinder> {
    const { binder } = await openBinder(address, options);
    binders.push(binder);
    return binder;
  }

  /** Sends texts one to a partition, round and round. */
  async function send(binder: KafkaBinder, topic: string, texts: readonly string[], partitionCount = 1): Promise<void> {
    const producer = await produce(binder, topic, { partitionCount });
    await Promise.all(texts.map((text, index) => producer.send(record(text, { partition: index % partitionCount }))));
    await producer.close();
  }

  const numbers = (count: number, prefix = ''): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

  test('orderly joins and leaves: nothing lost, nothing twice, the order of each partition kept', async () => {
    const topic = freshTopic();
    const binder = await open({ minPartitionCount: 4 });
    const seen: string[] = [];
    const deliver = async (delivery: Delivery): Promise<typeof ACK> => {
      await delay(Math.random() * 4);
      seen.push(textOf(delivery));
      return ACK;
    };
    const first = await consume(binder, topic, deliver, { concurrency: 4 });
    const producer = await produce(binder, topic, { partitionCount: 4 });
    const texts = numbers(1200);
    let members: ConsumerBinding[] = [];
    const sending = (async () => {
      for (const [index, text] of texts.entries()) {
        await producer.send(record(text, { partition: index % 4 }));
      }
    })();
    for (let round = 0; round < 3; round++) {
      const { binding } = await consume(await open(), topic, deliver, { concurrency: 4 });
      members.push(binding);
    }
    for (const member of members) await member.close();
    members = [];
    await sending;
    await until(() => seen.length >= texts.length, LIMIT_MS, 'every record');
    await first.binding.close();
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(texts);
    for (let partition = 0; partition < 4; partition++) {
      const its = seen.map(Number).filter((n) => n % 4 === partition);
      expect(its).toEqual([...its].sort((a, b) => a - b));
    }
    expect(first.faults).toEqual([]);
  }, 60_000);

  test('a partition that stays keeps what waits for it: it is not read again', async () => {
    const topic = freshTopic();
    const binder = await open({ minPartitionCount: 2 });
    await send(binder, topic, numbers(40), 2);
    const seen: string[] = [];
    const { binding } = await consume(
      binder,
      topic,
      async (delivery) => {
        await delay(20);
        seen.push(textOf(delivery));
        return ACK;
      },
      { concurrency: 2 },
    );
    await until(() => seen.length >= 4, LIMIT_MS, 'the first records');
    const other = await consume(await open(), topic, async (delivery) => {
      await delay(20);
      seen.push(textOf(delivery));
      return ACK;
    });
    await until(() => seen.length >= 40, LIMIT_MS, 'all of them');
    await other.binding.close();
    await binding.close();
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(numbers(40));
  }, 40_000);

  describe('where reading begins', () => {
    test('a group begins at the oldest record, and goes on where it was', async () => {
      const topic = freshTopic();
      const binder = await open();
      await send(binder, topic, numbers(3));
      const seen: string[] = [];
      const read = (delivery: Delivery): typeof ACK => (seen.push(textOf(delivery)), ACK);
      const { binding } = await consume(binder, topic, read);
      await until(() => seen.length === 3, LIMIT_MS);
      await binding.close();
      await send(binder, topic, ['more']);
      await consume(binder, topic, read);
      await until(() => seen.length === 4, LIMIT_MS);
      expect(seen).toEqual(['0', '1', '2', 'more']);
    });

    test('without a group: what was sent after it was bound, all of it, and its group is gone with it', async () => {
      const topic = freshTopic();
      const binder = await open();
      await send(binder, topic, ['before']);
      for (let round = 0; round < 5; round++) {
        const seen: string[] = [];
        const producer = await produce(binder, topic);
        const { binding } = await consume(binder, topic, (delivery) => (seen.push(textOf(delivery)), ACK), {
          group: null,
        });
        await producer.send(record(`after ${round}`));
        await until(() => seen.length >= 1, LIMIT_MS, 'the record sent at once');
        expect(seen).toEqual([`after ${round}`]);
        await binding.close();
        await producer.close();
      }
      expect(await groups()).not.toContainEqual(expect.stringMatching(/^anonymous/));
    });

    test('latest: a group that is new skips what there is, and its next member begins where it began', async () => {
      const topic = freshTopic();
      const binder = await open();
      await send(binder, topic, ['before']);
      const first = await consume(binder, topic, () => ({ kind: 'requeue', delayMs: 60_000 }), {
        options: { startOffset: 'latest' },
      });
      await send(binder, topic, ['held']);
      await first.binding.close();
      const seen: string[] = [];
      await consume(binder, topic, (delivery) => (seen.push(textOf(delivery)), ACK), {
        options: { startOffset: 'latest' },
      });
      await until(() => seen.length >= 1, LIMIT_MS);
      expect(seen).toEqual(['held']);
    });

    test('reset-offsets: from the beginning again, once', async () => {
      const topic = freshTopic();
      const binder = await open();
      await send(binder, topic, numbers(3));
      const seen: string[] = [];
      const read = (delivery: Delivery): typeof ACK => (seen.push(textOf(delivery)), ACK);
      const first = await consume(binder, topic, read);
      await until(() => seen.length === 3, LIMIT_MS);
      await first.binding.close();
      await consume(binder, topic, read, { options: { resetOffsets: true, startOffset: 'earliest' } });
      await until(() => seen.length === 6, LIMIT_MS);
      await consume(await open(), topic, read);
      await send(binder, topic, ['more']);
      await until(() => seen.includes('more'), LIMIT_MS);
      expect(seen.filter((text) => text === '0')).toHaveLength(2);
    });
  });

  test('a dead member is taken over, and nothing that was not committed is lost', async () => {
    const topic = freshTopic();
    const short = { consumerProperties: { 'session.timeout.ms': '2000', 'heartbeat.interval.ms': '300' } };
    const binder = await open(short);
    await send(binder, topic, numbers(5));
    const started: string[] = [];
    const { binding } = await consume(binder, topic, (delivery) => {
      started.push(textOf(delivery));
      return new Promise(() => {});
    });
    await until(() => started.length === 1, LIMIT_MS);
    const seen: string[] = [];
    const taking = consume(await open(short), topic, (delivery) => (seen.push(textOf(delivery)), ACK));
    // the first one holds the group up for its handler; a close gives it up
    await binding.close(0);
    await taking;
    await until(() => seen.length === 5, LIMIT_MS);
    expect(seen).toEqual(numbers(5));
  }, 40_000);

  async function groups(): Promise<string[]> {
    const { Kafka, logLevel } = (await import('kafkajs')).default;
    const admin = new Kafka({ brokers: [`${address.host}:${address.port}`], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { groups: all } = await admin.listGroups();
    await admin.disconnect();
    return all.map(({ groupId }) => groupId);
  }
});

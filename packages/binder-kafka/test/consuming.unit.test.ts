/** An input at a group on paper: what no real broker can be made to do at the moment that matters. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Trouble, type ConsumerSource, type Delivery, type Later, type Settlement } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { KafkaTrouble } from '../src/client/errors.js';
import { KafkaConsumer } from '../src/consuming/consumer.js';
import type { DeadLetterOffice } from '../src/consuming/dead-letter-office.js';
import { KafkaDelivery } from '../src/consuming/delivery.js';
import { binderFactory } from '../src/index.js';
import type { KafkaConsumerOptions, KafkaOptions } from '../src/options/options.js';
import type { Schema } from '@streambind/core/binder';
import { ACK, defaultsOf, textOf } from './support/binder.js';
import { PaperClient, TOPIC, partitions } from './support/paper-client.js';

const LIMIT_MS = 5000;
const { schemas, connection, capabilities } = binderFactory;
const away = (): KafkaTrouble => new KafkaTrouble('unavailable', 'the broker is away');

type Outcome = Settlement | Later;

/** Handlers that end when the test says so, by the value of their record. */
class Handlers {
  /** In the order in which they began. */
  readonly begun: string[] = [];
  readonly deliveries: Delivery[] = [];
  readonly #ends = new Map<string, (outcome: Outcome) => void>();

  deliver = (delivery: Delivery): Promise<Outcome> => {
    this.begun.push(textOf(delivery));
    this.deliveries.push(delivery);
    return new Promise((resolve) => this.#ends.set(textOf(delivery), resolve));
  };

  /** Resolves once it has begun: the intake may let others go first. */
  async began(value: string): Promise<void> {
    await until(() => this.#ends.has(value), LIMIT_MS, `the handler of ${value}`);
  }

  async end(value: string, outcome: Outcome = ACK): Promise<void> {
    await this.began(value);
    this.#ends.get(value)!(outcome);
  }
}

describe('an input', () => {
  const opened: KafkaConsumer[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ binding }) => binding.close(0)));
  });

  async function open(
    client: PaperClient,
    deliver: (delivery: Delivery) => Outcome | Promise<Outcome>,
    {
      options,
      transactions = false,
      binder,
      ...source
    }: Partial<Omit<ConsumerSource, 'options'>> & {
      options?: Partial<KafkaConsumerOptions>;
      binder?: Partial<KafkaOptions>;
      transactions?: boolean;
    } = {},
  ) {
    const faults: Error[] = [];
    const reports: Error[] = [];
    const consumer = new KafkaConsumer(
      {
        binding: 'input',
        destinations: [TOPIC],
        group: 'g',
        concurrency: 1,
        prefetch: 4,
        ordered: true,
        provision: 'create',
        ...source,
        options: { ...defaultsOf(schemas.consumer), ...options },
      },
      { deliver, fault: (error) => void faults.push(error) },
      {
        client,
        options: {
          ...defaultsOf(connection!['spring.kafka'] as Schema<KafkaOptions>),
          ...defaultsOf(schemas.binder),
          ...binder,
        },
        capabilities,
        trouble: new Trouble({ report: (error) => void reports.push(error), recovered: () => {} }),
        context: {
          log: { name: 'test', enabled: () => true, debug() {}, info() {}, warn() {}, error() {} },
        },
        deadLetters: { send: () => Promise.resolve() } as unknown as DeadLetterOffice,
        ...(transactions
          ? {
              transactions: {
                prefix: 'tx-',
                open: (transactionalId) =>
                  client.producer({
                    idempotent: true,
                    acks: -1,
                    compression: 'none',
                    timeoutMs: 1,
                    metadataMaxAgeMs: 1,
                    transactionalId,
                  }),
              },
            }
          : {}),
      },
    );
    opened.push(consumer);
    await consumer.open();
    return { consumer, member: client.current, faults, reports };
  }

  describe('commits', () => {
    test('only what has nothing unsettled before it, of all partitions in one request', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver, { ordered: false, concurrency: 4 });
      void member.read(0, 1, 2);
      void member.read(1, 7);
      await handlers.end('2');
      await handlers.end('7');
      await until(() => member.commits.length === 1, LIMIT_MS, 'a commit');
      expect(member.commits).toEqual([['1@8']]);
      await handlers.end('1');
      await until(() => member.commits.length === 2, LIMIT_MS, 'another one');
      expect(member.commits[1]).toEqual(['0@3']);
    });

    test('that do not get through keep handlers from beginning, until they do', async () => {
      const client = new PaperClient();
      const handlers = new Handlers();
      const { member, faults } = await open(client, handlers.deliver);
      let failed = 0;
      let isAway = true;
      member.onCommit = () => {
        if (!isAway) return Promise.resolve();
        failed++;
        return Promise.reject(away());
      };
      void member.read(0, 1, 2, 3);
      await handlers.end('1');
      await until(() => failed > 0, LIMIT_MS, 'a commit that failed');
      await until(() => handlers.begun.length === 2, LIMIT_MS);
      await handlers.end('2');
      await until(() => failed > 1, LIMIT_MS, 'another one');
      expect(handlers.begun).toEqual(['1', '2']);
      isAway = false;
      await until(() => handlers.begun.length === 3, LIMIT_MS, 'the next handler');
      expect(member.commits).toEqual([['0@3']]);
      expect(faults.length).toBe(failed);
    });

    test.each([
      ['stays', partitions(0), [['0@2']]],
      ['goes', partitions(1), []],
    ] as const)('that a group refuses while it changes hands: a partition that %s', async (_, owned, commits) => {
      const client = new PaperClient();
      const { member, faults } = await open(client, () => ACK);
      let tries = 0;
      member.onCommit = () => {
        tries++;
        return Promise.reject(new KafkaTrouble('fenced', 'the group is rebalancing'));
      };
      void member.read(0, 1);
      await until(() => tries > 0, LIMIT_MS, 'the commit');
      member.onCommit = () => Promise.resolve();
      await member.assign(owned, true);
      await delay(250);
      expect(member.commits).toEqual(commits);
      expect(faults).toEqual([]);
    });
  });

  describe('a group that changes hands', () => {
    test('handlers may end and are committed before; nothing begins meanwhile', async () => {
      const client = new PaperClient();
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver);
      void member.read(0, 1, 2);
      await handlers.began('1');
      const revoking = member.listener.revoking();
      await handlers.end('1');
      await revoking;
      expect(member.commits).toEqual([['0@2']]);
      expect(handlers.begun).toEqual(['1']);
      await member.assign(partitions(0), true);
      await until(() => handlers.begun.length === 2, LIMIT_MS, 'the next handler');
      expect(handlers.begun).toEqual(['1', '2']);
    });

    test('what it keeps goes on where it was, and what it has read already is not dropped', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const seen: string[] = [];
      const handlers = new Handlers();
      const { member } = await open(client, (delivery) => {
        seen.push(textOf(delivery));
        return handlers.deliver(delivery);
      });
      void member.read(0, 1, 2);
      await handlers.began('1');
      const revoking = member.listener.revoking();
      await handlers.end('1');
      await revoking;
      expect(await member.assign(partitions(0), true)).toEqual(['0@3']);
      await until(() => seen.length === 2, LIMIT_MS, 'the next handler');
      expect(seen).toEqual(['1', '2']);
    });

    test('after a generation that it missed it begins where the group is', async () => {
      const client = new PaperClient();
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver);
      void member.read(0, 1, 2);
      await handlers.began('1');
      const { lost } = handlers.deliveries[0]!;
      expect(await member.assign(partitions(0), false)).toEqual([]);
      expect(lost.aborted).toBe(true);
      await handlers.end('1');
      void member.read(0, 2);
      await until(() => handlers.begun.length === 2, LIMIT_MS);
      await handlers.end('2');
      await until(() => member.commits.length === 1, LIMIT_MS);
      expect(member.commits).toEqual([['0@3']]);
    });

    test('what is settled once its partition is somebody else’s is not committed', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver, { concurrency: 2 });
      void member.read(0, 1);
      void member.read(1, 5);
      await Promise.all([handlers.began('1'), handlers.began('5')]);
      await member.assign(partitions(1), true);
      await handlers.end('1');
      await handlers.end('5');
      await until(() => member.commits.length === 1, LIMIT_MS, 'a commit');
      expect(member.commits).toEqual([['1@6']]);
    });

    test('a partition that has enough is paused again, and read again when it has not', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver, { prefetch: 2 });
      await member.read(0, 1, 2, 3, 4, 5, 6);
      expect([...member.paused]).toEqual([0]);
      await member.assign(partitions(0, 1), true);
      expect([...member.paused]).toEqual([0]);
      for (const value of ['1', '2', '3']) {
        await handlers.end(value);
      }
      await until(() => member.paused.size === 0, LIMIT_MS, 'reading goes on');
    });

    test('a close whose time is over does not wait for what the group waits for', async () => {
      const client = new PaperClient();
      const handlers = new Handlers();
      const { consumer, member } = await open(client, handlers.deliver);
      void member.read(0, 1);
      await handlers.began('1');
      const revoking = member.listener.revoking();
      const began = performance.now();
      await consumer.binding.close(50);
      await revoking;
      expect(performance.now() - began).toBeLessThan(LIMIT_MS);
      expect(member.closed).toBe(true);
    });
  });

  test('reset-offsets: what it has from the start begins anew, and not what comes to it later', async () => {
    const client = new PaperClient();
    client.committed = () => Promise.resolve(partitions(0, 1).map((each) => ({ ...each, offset: 5n })));
    const { member } = await open(client, () => ACK, { options: { resetOffsets: true } });
    expect(await member.assign(partitions(0, 1), true)).toEqual(['0@0']);
  });

  describe('a start that cannot be asked for', () => {
    const latest = { options: { startOffset: 'latest' } } as const;

    test('fails the join, and is asked for again at the next', async () => {
      const client = new PaperClient();
      const { member } = await open(client, () => ACK, latest);
      client.committed = () => Promise.reject(away());
      await expect(member.assign(partitions(0, 1), true)).rejects.toThrow('the broker is away');
      client.committed = () => Promise.resolve([]);
      expect(await member.assign(partitions(0, 1), true)).toEqual(['0@10', '1@10']);
    });

    test('and is answered after the member has failed: the next one has what it was given', async () => {
      const client = new PaperClient();
      const handlers = new Handlers();
      const { member } = await open(client, handlers.deliver, latest);
      let answer: (() => void) | undefined;
      client.committed = () => new Promise((resolve) => (answer = () => resolve([])));
      const late = member.assign(partitions(0, 1), true);
      await until(() => answer !== undefined, LIMIT_MS, 'the question');
      client.committed = () => Promise.resolve([{ topic: TOPIC, partition: 0, offset: 20n }]);
      member.listener.failed(away());
      await until(() => client.members.length === 2, LIMIT_MS, 'a new member');
      await until(() => client.current.listener !== undefined, LIMIT_MS);
      void client.current.read(0, 20);
      answer!();
      expect(await late).toEqual([]);
      await until(() => handlers.begun.length === 1, LIMIT_MS);
      void client.current.read(0, 21);
      await handlers.end('20');
      await until(() => client.current.commits.flat().includes('0@21'), LIMIT_MS, 'the commit');
      expect(client.current.commits.flat()).not.toContain('1@10');
    });
  });

  test('a member that failed is made anew; nothing of the old one is committed by the new one', async () => {
    const client = new PaperClient();
    const handlers = new Handlers();
    const { member, reports } = await open(client, handlers.deliver, { concurrency: 2, ordered: false });
    void member.read(0, 1);
    await handlers.began('1');
    member.listener.failed(away());
    expect(handlers.deliveries[0]!.lost.aborted).toBe(true);
    await until(() => client.members.length === 2, LIMIT_MS, 'a new member');
    expect(member.closed).toBe(true);
    await handlers.end('1');
    void client.current.read(0, 1);
    await until(() => handlers.begun.length === 2, LIMIT_MS);
    await delay(250);
    expect(client.current.commits).toEqual([]);
    expect(reports).toHaveLength(1);
  });

  describe('transactions', () => {
    const transactional = { transactions: true } as const;

    function sending(value: string): (delivery: Delivery) => void {
      return (delivery) => {
        if (!(delivery instanceof KafkaDelivery)) throw new Error('not ours');
        delivery.sent!.push({ topic: 'out', key: null, value: Buffer.from(value), headers: {} });
      };
    }

    test('others are fenced before what is committed is asked for', async () => {
      const client = new PaperClient();
      await open(client, () => ACK, { ...transactional, options: { startOffset: 'latest' } });
      expect(client.log).toEqual([`producer tx-g.${TOPIC}.0`, 'asked what is committed']);
    });

    test('one has the offsets of its own messages, and not of those settled while it is under way', async () => {
      const client = new PaperClient();
      let handled = 0;
      const { member } = await open(
        client,
        (delivery) => {
          handled++;
          sending(`out ${textOf(delivery)}`)(delivery);
          return ACK;
        },
        transactional,
      );
      const producer = client.producers[0]!;
      let sent!: () => void;
      producer.onSend = () => new Promise((resolve) => (sent = resolve));
      void member.read(0, 1);
      await until(() => sent !== undefined, LIMIT_MS, 'the first one is under way');
      producer.onSend = () => Promise.resolve();
      void member.read(0, 2, 3);
      await until(() => handled === 3, LIMIT_MS, 'the others are settled');
      sent();
      await until(() => producer.committed.length === 2, LIMIT_MS, 'both');
      expect(producer.committed).toEqual([
        ['out 1', '0@2'],
        ['out 2', 'out 3', '0@4'],
      ]);
    });

    test('one that fails begins anew with all partitions, and the producers of the old ones are closed', async () => {
      const client = new PaperClient();
      const { member, faults } = await open(
        client,
        (delivery) => {
          sending('out')(delivery);
          return ACK;
        },
        transactional,
      );
      const [producer] = client.producers;
      producer!.onSend = () => Promise.reject(new KafkaTrouble('fenced', 'another one'));
      void member.read(0, 1);
      await until(() => client.members.length === 2, LIMIT_MS, 'a new member');
      expect(producer).toMatchObject({ closed: true, committed: [] });
      expect(client.producers).toHaveLength(2);
      expect(faults).toHaveLength(1);
    });

    test('one of a partition that is lost in the middle of it leaves the member alone', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const { member } = await open(
        client,
        (delivery) => {
          sending('out')(delivery);
          return ACK;
        },
        transactional,
      );
      let fail!: (error: Error) => void;
      client.producers[0]!.onSend = () => new Promise((_, reject) => (fail = reject));
      void member.read(0, 1);
      await until(() => fail !== undefined, LIMIT_MS, 'it is under way');
      await member.assign(partitions(1), true);
      fail(new KafkaTrouble('unknown', 'the producer is closed'));
      void member.read(1, 1);
      await until(() => client.producers[1]!.committed.length === 1, LIMIT_MS, 'the other partition goes on');
      expect(client.members).toHaveLength(1);
      expect(client.producers[0]).toMatchObject({ closed: true, committed: [] });
    });

    test('a close leaves no producer behind', async () => {
      const client = new PaperClient();
      client.owned = partitions(0, 1);
      const { consumer } = await open(client, () => ACK, transactional);
      await consumer.binding.close();
      expect(client.producers.map(({ closed }) => closed)).toEqual([true, true]);
      expect(client.members.map(({ closed }) => closed)).toEqual([true]);
    });
  });
});

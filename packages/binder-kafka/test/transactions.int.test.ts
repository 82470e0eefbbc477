/** Consume, process, produce: what a handler sends is there when its message is done, and only then, once. */
import { afterEach, expect, test } from '@jest/globals';
import type { ConsumerBinding } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { KafkaOptions } from '../src/options/options.js';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

const LIMIT_MS = 20_000;
const COMMITTED = { configuration: { 'isolation.level': 'read_committed' } };

await describeWithBroker('kafka', 'transactions', ({ address }) => {
  const binders: KafkaBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });

  async function open(options: Partial<KafkaOptions> = {}): Promise<KafkaBinder> {
    const { binder } = await openBinder(address, options);
    binders.push(binder);
    return binder;
  }

  const transactional = (topic: string): Promise<KafkaBinder> =>
    open({ 'transaction.transactionIdPrefix': `tx-${topic}-` });

  async function collect(topic: string): Promise<string[]> {
    const seen: string[] = [];
    await consume(await open(), topic, (delivery) => (seen.push(textOf(delivery)), ACK), { options: COMMITTED });
    return seen;
  }

  test('what a handler sent is seen when its message is settled', async () => {
    const [from, to] = [freshTopic(), freshTopic()];
    const binder = await transactional(from);
    const out = await produce(binder, to);
    const seen = await collect(to);
    let release!: () => void;
    const waits = new Promise<void>((resolve) => (release = resolve));
    await consume(binder, from, async (delivery) => {
      await out.send(record(`${textOf(delivery)}!`), delivery);
      await out.send(record(`${textOf(delivery)}?`), delivery);
      if (textOf(delivery) === 'a') await waits;
      return ACK;
    });
    const into = await produce(await open(), from);
    await into.send(record('a'));
    await into.send(record('b'));
    await out.send(record('outside'));
    await until(() => seen.length === 1, LIMIT_MS);
    expect(seen).toEqual(['outside']);
    release();
    await until(() => seen.length === 5, LIMIT_MS);
    expect(seen).toEqual(['outside', 'a!', 'a?', 'b!', 'b?']);
  }, 40_000);

  test('what a failed attempt sent is forgotten; a dead letter is committed with its message', async () => {
    const [from, to] = [freshTopic(), freshTopic()];
    const binder = await transactional(from);
    const out = await produce(binder, to);
    const seen = await collect(to);
    await consume(binder, from, async (delivery) => {
      await out.send(record(`${textOf(delivery)} ${delivery.attempt}`), delivery);
      if (textOf(delivery) === 'good' && delivery.attempt > 1) return ACK;
      await binder.transactions!.abort(delivery);
      return delivery.attempt > 1
        ? { kind: 'deadLetter', reason: new Error('bad') }
        : { kind: 'requeue', delayMs: 1, failure: new Error('again') };
    });
    const dead = await collect(`error.${from}.g-${from}`);
    const into = await produce(await open(), from);
    for (const text of ['good', 'bad', 'good']) await into.send(record(text));
    await until(() => seen.length === 2 && dead.length === 1, LIMIT_MS);
    expect(seen).toEqual(['good 2', 'good 2']);
    expect(dead).toEqual(['bad']);
  }, 40_000);

  test('what is too large for its topic fails the send, not the transaction', async () => {
    const [from, to] = [freshTopic(), freshTopic()];
    const binder = await transactional(from);
    const out = await produce(binder, to);
    const seen = await collect(to);
    const failures: unknown[] = [];
    await consume(binder, from, async (delivery) => {
      await out.send(record('x'.repeat(2_000_000)), delivery).catch((error: unknown) => void failures.push(error));
      await out.send(record(textOf(delivery)), delivery);
      return ACK;
    });
    const into = await produce(await open(), from);
    await into.send(record('a'));
    await until(() => seen.length === 1, LIMIT_MS);
    expect(failures).toMatchObject([{ code: 'PAYLOAD_TOO_LARGE' }]);
  }, 40_000);

  test('members that join and leave: each message comes out once', async () => {
    const [from, to] = [freshTopic(), freshTopic()];
    const first = await open({ 'transaction.transactionIdPrefix': `tx-${from}-`, minPartitionCount: 4 });
    const seen = await collect(to);
    const member = async (binder: KafkaBinder): Promise<ConsumerBinding> => {
      const out = await produce(binder, to);
      const { binding } = await consume(
        binder,
        from,
        async (delivery) => {
          await out.send(record(textOf(delivery)), delivery);
          return ACK;
        },
        { concurrency: 4 },
      );
      return binding;
    };
    await member(first);
    const into = await produce(await open(), from, { partitionCount: 4 });
    const texts = Array.from({ length: 400 }, (_, n) => String(n));
    const sending = (async () => {
      for (const [n, text] of texts.entries()) await into.send(record(text, { partition: n % 4 }));
    })();
    const second = await member(await transactional(from));
    await second.close();
    await sending;
    await until(() => seen.length >= texts.length, LIMIT_MS, 'every message');
    await until(async () => new Set(seen).size === texts.length, LIMIT_MS);
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(texts);
  }, 60_000);
});

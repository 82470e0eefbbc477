/** Sending: what is confirmed is there, once and in order, whatever happens on the way. */
import { afterEach, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { startPrivate, until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

const LIMIT_MS = 20_000;

await describeWithBroker('kafka', 'publishing', ({ address }) => {
  const binders: KafkaBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });

  async function open(at = address): Promise<KafkaBinder> {
    const { binder } = await openBinder(at);
    binders.push(binder);
    return binder;
  }

  async function admin<T>(work: (admin: ReturnType<InstanceType<typeof kafkajs.Kafka>['admin']>) => Promise<T>) {
    const { Kafka, logLevel } = kafkajs;
    const one = new Kafka({ brokers: [`${address.host}:${address.port}`], logLevel: logLevel.NOTHING }).admin();
    await one.connect();
    try {
      return await work(one);
    } finally {
      await one.disconnect();
    }
  }

  async function read(binder: KafkaBinder, topic: string, count: number): Promise<string[]> {
    const seen: string[] = [];
    const { binding } = await consume(binder, topic, (delivery) => (seen.push(textOf(delivery)), ACK), {
      group: `read-${topic}`,
    });
    await until(() => seen.length >= count, LIMIT_MS, `${count} records`);
    await binding.close();
    return seen;
  }

  const settled = (sends: readonly Promise<void>[]): Promise<string[]> =>
    Promise.all(
      sends.map((send) =>
        send.then(
          () => 'confirmed',
          (error: { code?: string }) => String(error.code),
        ),
      ),
    );

  test('the order of the calls is the order of the records', async () => {
    const topic = freshTopic();
    const binder = await open();
    const producer = await produce(binder, topic);
    const texts = Array.from({ length: 2000 }, (_, n) => String(n));
    await Promise.all(texts.map((text) => producer.send(record(text))));
    expect(await read(binder, topic, texts.length)).toEqual(texts);
  });

  test('a record that is too large fails alone, before it is sent', async () => {
    const topic = freshTopic();
    await admin((one) =>
      one.createTopics({
        topics: [{ topic, configEntries: [{ name: 'max.message.bytes', value: '20000' }] }],
      }),
    );
    const binder = await open();
    const producer = await produce(binder, topic);
    const large = Buffer.alloc(30_000, 'x');
    const payloads = [Buffer.from('a'), large, Buffer.from('b'), Buffer.from('c')];
    const sends = payloads.map((payload) => producer.send(record('', { payload })));
    expect(await settled(sends)).toEqual(['confirmed', 'PAYLOAD_TOO_LARGE', 'confirmed', 'confirmed']);
    expect(await read(binder, topic, 3)).toEqual(['a', 'b', 'c']);
  });

  test('many records that fit are not taken for one that does not', async () => {
    const topic = freshTopic();
    await admin((one) =>
      one.createTopics({
        topics: [{ topic, configEntries: [{ name: 'max.message.bytes', value: '20000' }] }],
      }),
    );
    const binder = await open();
    const producer = await produce(binder, topic);
    const payload = Buffer.alloc(1500, 'x');
    const sends = Array.from({ length: 100 }, () => producer.send(record('', { payload })));
    expect(new Set(await settled(sends))).toEqual(new Set(['confirmed']));
  });

  test('a record that the broker refuses does not take its neighbours with it', async () => {
    const topic = freshTopic();
    await admin((one) =>
      one.createTopics({ topics: [{ topic, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }] }),
    );
    const binder = await open();
    const producer = await produce(binder, topic);
    // a compacted topic takes no record without a key
    const sends = [
      producer.send(record('a', { key: 'ka' })),
      producer.send(record('keyless')),
      producer.send(record('b', { key: 'kb' })),
    ];
    expect(await settled(sends)).toEqual(['confirmed', 'PUBLISH_REFUSED', 'confirmed']);
    await producer.send(record('c', { key: 'kc' }));
    expect(await read(binder, topic, 3)).toEqual(['a', 'b', 'c']);
  });

  test('a topic that is deleted under a producer is made again', async () => {
    const topic = freshTopic();
    const binder = await open();
    const producer = await produce(binder, topic);
    await producer.send(record('before'));
    await admin((one) => one.deleteTopics({ topics: [topic] }));
    await producer.send(record('after'));
    expect(await read(binder, topic, 1)).toEqual(['after']);
  }, 40_000);

  test('a broker that is killed while records are sent: each that was confirmed is there once, in order', async () => {
    const broker = await startPrivate('kafka');
    try {
      const topic = freshTopic();
      const binder = await open(broker.address);
      const producer = await produce(binder, topic);
      const confirmed: string[] = [];
      let stop = false;
      let n = 0;
      const senders = Array.from({ length: 8 }, async () => {
        while (!stop) {
          const text = String(n++);
          await producer.send(record(text)).then(() => confirmed.push(text));
        }
      });
      await until(() => confirmed.length > 200, LIMIT_MS);
      await broker.kill9();
      await broker.start();
      const before = confirmed.length;
      await until(() => confirmed.length > before + 200, LIMIT_MS, 'sends after the broker came back');
      stop = true;
      await Promise.all(senders);
      const seen = await read(binder, topic, confirmed.length);
      expect(seen.map(Number)).toEqual([...seen].map(Number).sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
      expect(new Set(seen)).toEqual(new Set(confirmed));
    } finally {
      await Promise.all(binders.splice(0).map((binder) => binder.close()));
      await broker.remove();
    }
  }, 90_000);
});

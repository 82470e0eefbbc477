/** A door to Kafka: whoever came in by it stays behind it, and records can be held up there. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { describeWithBroker } from '../jest.mjs';
import { kafkaDoor, type KafkaDoor } from '../kafka/door.mjs';

jest.setTimeout(30_000);

await describeWithBroker('kafka', 'a door to Kafka', (broker) => {
  const { host, port } = broker.address;
  let door: KafkaDoor;
  let kafka: Kafka;
  beforeAll(async () => {
    door = await kafkaDoor({ host, port });
    kafka = new Kafka({
      brokers: [`${door.link.host}:${door.link.port}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 1, initialRetryTime: 50 },
    });
  });
  afterAll(() => door.close());

  test('clients hear of it instead of the broker, and reach nothing when it is shut', async () => {
    const admin = kafka.admin();
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    expect(brokers).toMatchObject([{ port: door.link.port }]);
    await door.link.down();
    await expect(admin.describeCluster()).rejects.toThrow(/connect/i);
    await door.link.restore();
    expect((await admin.describeCluster()).brokers).toHaveLength(1);
    await admin.disconnect();
  });

  test('records wait there until they are released', async () => {
    const topic = `door-${randomUUID()}`;
    const admin = kafka.admin();
    const producer = kafka.producer();
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
    door.hold();
    let confirmed = false;
    const sending = producer.send({ topic, messages: [{ value: 'x' }] }).then(() => (confirmed = true));
    await delay(500);
    expect(confirmed).toBe(false);
    expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ high: '0' }]);
    door.release();
    await sending;
    expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ high: '1' }]);
    await admin.deleteTopics({ topics: [topic] });
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });
});

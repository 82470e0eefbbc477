/** One request goes to several brokers, and some of them fail: nothing is left out, and nothing is stored twice. */
import { describe, expect, test } from '@jest/globals';
import kafkajs, { type Kafka } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaJsProducer } from '../src/client/kafkajs/producer.js';
import type { OutgoingRecord, ProducerSettings } from '../src/client/port.js';
import { PaperCluster } from './support/paper-cluster.js';

const SETTINGS: ProducerSettings = {
  idempotent: true,
  acks: -1,
  compression: 'none',
  timeoutMs: 1000,
  metadataMaxAgeMs: 1000,
};

const record = (partition: number, text: string): OutgoingRecord => ({
  topic: 't',
  partition,
  key: null,
  value: Buffer.from(text),
  headers: {},
});

const { KafkaJSProtocolError } = kafkajs as unknown as { KafkaJSProtocolError: new (details: object) => Error };
const gone = (): Error =>
  new KafkaJSProtocolError({ type: 'NOT_LEADER_FOR_PARTITION', code: 6, retriable: true, message: 'not the leader' });

describe('partitions 0 and 1 at one broker, 2 at another', () => {
  const open = async (): Promise<{ cluster: PaperCluster; producer: KafkaJsProducer }> => {
    const cluster = new PaperCluster([1, 1, 2]);
    return { cluster, producer: await KafkaJsProducer.open(cluster.kafka as Kafka, SETTINGS) };
  };
  const records = [record(0, 'a'), record(1, 'b'), record(2, 'c')];
  const more = [record(0, 'd'), record(2, 'e')];
  const ALL = [['a', 'd'], ['b'], ['c', 'e']];

  async function until(sent: () => Promise<void>): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      try {
        return await sent();
      } catch {
        // the same again
      }
    }
    throw new Error('it was never sent');
  }

  test('one of them does not answer once: what the other one has is not sent again', async () => {
    const { cluster, producer } = await open();
    let faults = 2;
    cluster.fault = (broker) => (broker === 2 && faults-- > 0 ? Promise.reject(gone()) : undefined);
    await until(() => producer.send(records));
    await producer.send(more);
    expect(cluster.stored).toEqual(ALL);
  });

  test('the other one is slow', async () => {
    const { cluster, producer } = await open();
    let faults = 2;
    cluster.fault = (broker) => {
      if (broker === 1) return delay(200);
      return faults-- > 0 ? Promise.reject(gone()) : undefined;
    };
    await until(() => producer.send(records));
    await producer.send(more);
    expect(cluster.stored).toEqual(ALL);
  });

  test('a partition moves to the one that has answered already', async () => {
    const { cluster, producer } = await open();
    cluster.fault = (broker) => {
      if (broker === 1) return undefined;
      cluster.leaders[2] = 1;
      return Promise.reject(gone());
    };
    await until(() => producer.send(records));
    await producer.send(more);
    expect(cluster.stored).toEqual(ALL);
  });

  test('an answer that is lost', async () => {
    const { cluster, producer } = await open();
    const { stored } = cluster;
    let lost = false;
    cluster.answer = (broker) => {
      if (broker !== 1 || lost) return;
      lost = true;
      throw gone();
    };
    await until(() => producer.send(records));
    await producer.send(more);
    expect(stored).toEqual(ALL);
  });
});

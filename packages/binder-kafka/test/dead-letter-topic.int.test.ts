/** The topic of dead letters is taken away while it is needed. */
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { AtBroker } from './support/at-broker.js';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

const LIMIT_MS = 20_000;

await describeWithBroker('kafka', 'the topic of dead letters', (broker) => {
  let binder: KafkaBinder | undefined;
  const kafka = new AtBroker(broker);
  afterEach(async () => {
    await binder?.close();
    await kafka.close();
  });

  test('is made again, and the dead letters of other inputs do not wait for it', async () => {
    await kafka.open();
    ({ binder } = await openBinder(broker.address));
    const [topic, other] = [freshTopic(), freshTopic()];
    const bury = () => ({ kind: 'deadLetter', reason: new Error('bad') }) as const;
    await consume(binder, topic, bury);
    await consume(binder, other, bury);
    const [producer, otherProducer] = [await produce(binder, topic), await produce(binder, other)];
    await producer.send(record('first'));
    const dead = `error.${topic}.g-${topic}`;
    await until(async () => (await kafka.records(dead)) === 1, LIMIT_MS, 'the first one');
    await kafka.remove(dead);
    await producer.send(record('second'));
    await otherProducer.send(record('third'));
    const seen: string[] = [];
    await consume(binder, `error.${other}.g-${other}`, (delivery) => (seen.push(textOf(delivery)), ACK));
    await until(() => seen.length === 1, LIMIT_MS, 'that of the other input');
    await until(async () => (await kafka.records(dead)) === 1, LIMIT_MS, 'the second one');
    expect(seen).toEqual(['third']);
  }, 60_000);
});

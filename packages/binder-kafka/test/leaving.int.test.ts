/** Leaving a group that waits for somebody else. */
import { afterEach, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

const LIMIT_MS = 20_000;

const connections = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

await describeWithBroker('kafka', 'a group that waits for a slow handler', ({ address }) => {
  const binders: KafkaBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });

  async function open(): Promise<KafkaBinder> {
    const { binder } = await openBinder(address, { minPartitionCount: 3 });
    binders.push(binder);
    return binder;
  }

  test('does not keep the others from leaving', async () => {
    const topic = freshTopic();
    const binder = await open();
    let end: (() => void) | undefined;
    const slow = await consume(binder, topic, (delivery) =>
      textOf(delivery) === 'slow' ? new Promise((resolve) => (end = () => resolve(ACK))) : ACK,
    );
    const producer = await produce(binder, topic, { partitionCount: 3 });
    const idle = await consume(await open(), topic, () => ACK);
    for (const partition of [0, 1, 2]) await producer.send(record('slow', { partition }));
    await until(() => end !== undefined, LIMIT_MS, 'the slow handler');
    const joining = consume(await open(), topic, () => ACK);
    // not a race: one that leaves before it has heard of the change has an easier way out
    await delay(2500);
    const began = performance.now();
    await idle.binding.close();
    expect(performance.now() - began).toBeLessThan(8000);
    const ending = setInterval(() => end!(), 20);
    // the group does not wait for the one that left either
    const before = performance.now();
    await joining;
    clearInterval(ending);
    expect(performance.now() - before).toBeLessThan(8000);
    await slow.binding.close();
  }, 90_000);

  test('does not keep those from closing that wait to join', async () => {
    const topic = freshTopic();
    const binder = await open();
    let end: (() => void) | undefined;
    await consume(binder, topic, () => new Promise((resolve) => (end = () => resolve(ACK))));
    const producer = await produce(binder, topic);
    await producer.send(record('slow'));
    await until(() => end !== undefined, LIMIT_MS, 'the slow handler');
    await delay(500);
    const before = connections();
    const other = await open();
    const joining = consume(other, topic, () => ACK);
    await until(() => connections() > before + 1, LIMIT_MS, 'it is connected');
    await delay(1000);
    await other.close();
    await expect(joining).rejects.toMatchObject({ code: 'CLOSED' });
    await until(() => connections() <= before, 8000, 'its connections are gone');
    end!();
  }, 60_000);
});

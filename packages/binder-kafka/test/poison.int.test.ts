/** Messages that always fail: tried three times, dead letters, and in nobody's way but their own partition's. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Component, EnableBinding, Header, Payload, Sink, StreamListener } from '@streambind/core';
import { binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, run } from './support/applications.js';
import { AtBroker, type Sent } from './support/at-broker.js';

jest.setTimeout(90_000);

const HEALTHY = 1940;
const POISON = 20;
const PARTITIONS = 4;
const POISONED = 3;
/** Milliseconds before the second attempt; twice that before the third. */
const BACK_OFF = 50;

@Component()
@EnableBinding(Sink)
class Worker {
  /** Handled healthy ones by partition, in their order. */
  readonly healthy: string[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly poison = new Map<string, number>();
  /** When the partitions without poison were done, and how many poisons had been tried by then. */
  othersDone: { readonly at: number; readonly poisons: number } | undefined;

  @StreamListener(Sink.INPUT)
  async on(@Payload() body: string, @Header('kafka_receivedPartitionId') partition: number): Promise<void> {
    if (body.startsWith('poison')) {
      this.poison.set(body, (this.poison.get(body) ?? 0) + 1);
      throw new Error(`cannot take ${body}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.healthy[partition]!.push(body);
    if (partition !== POISONED && this.count(POISONED) === (HEALTHY / PARTITIONS) * (PARTITIONS - 1)) {
      this.othersDone = { at: performance.now(), poisons: this.poison.size };
    }
  }

  /** How many healthy ones were handled. @param but of all partitions but this one */
  count(but?: number): number {
    return this.healthy.reduce((sum, bodies, partition) => sum + (partition === but ? 0 : bodies.length), 0);
  }
}

await describeWithBroker('kafka', 'messages that always fail', (broker) => {
  let kafka: AtBroker;
  beforeAll(async () => {
    kafka = new AtBroker(broker);
    await kafka.open();
  }, 30_000);
  afterAll(() => kafka.close(), 30_000);

  const healthyOf = (partition: number): string[] =>
    Array.from({ length: HEALTHY / PARTITIONS }, (_, n) => `healthy ${partition} ${n}`);

  /** A backlog in which that many poisons lie among the healthy ones of one partition, handled to its end. */
  async function handle(name: string, poison: number) {
    const topic = await kafka.topic(name, PARTITIONS);
    const every = Math.floor(HEALTHY / PARTITIONS / Math.max(poison, 1));
    const messages = Array.from({ length: PARTITIONS }, (_, partition) =>
      healthyOf(partition).flatMap((value, n): Sent[] => [
        { partition, value },
        ...(partition === POISONED && poison > 0 && n % every === 0 && n / every < poison
          ? [{ partition, value: `poison ${n}` }]
          : []),
      ]),
    );
    await kafka.send(topic, messages.flat());
    const started = performance.now();
    const application = await run({ binder: binderFactory }, [Worker], {
      ...kafka.properties,
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.concurrency`]: PARTITIONS,
      [`${IN}.consumer.back-off-initial-interval`]: BACK_OFF,
    });
    const worker = application.get(Worker);
    await until(() => worker.othersDone !== undefined, 30_000, 'the partitions without poison');
    const othersMs = worker.othersDone!.at - started;
    await until(() => worker.count() === HEALTHY, 60_000, 'the partition with the poison');
    await application.stop();
    return { topic, worker, othersMs };
  }

  test('twenty of them among 1,940 healthy ones hold up their own partition alone', async () => {
    const alone = await handle('alone', 0);
    const together = await handle('together', POISON);
    const { worker, topic } = together;
    expect(together.othersMs).toBeLessThanOrEqual(alone.othersMs * 2);
    // their back-off alone takes 20 × 150 ms, in which the others had to be done
    expect(worker.othersDone!.poisons).toBeLessThanOrEqual(POISON / 2);
    expect(worker.healthy).toEqual(Array.from({ length: PARTITIONS }, (_, partition) => healthyOf(partition)));
    expect([...worker.poison.values()]).toEqual(Array.from({ length: POISON }, () => 3));
    expect(await kafka.records(`error.${topic}.g`)).toBe(POISON);
    const each = HEALTHY / PARTITIONS;
    expect(await kafka.committed('g', topic)).toEqual([each, each, each, each + POISON]);
  });
});

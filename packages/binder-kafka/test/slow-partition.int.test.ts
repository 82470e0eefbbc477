/** A handler of three seconds on one partition, which has far more waiting than is read ahead: nobody else notices. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Component, EnableBinding, Header, Payload, Sink, StreamListener } from '@streambind/core';
import { binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';

jest.setTimeout(60_000);

const PARTITIONS = 4;
const SLOW = 1;
const HANDLER_MS = 3000;
const BACKLOG = 1000;
/** One to each partition every so many milliseconds, so often. */
const STEP_MS = 20;
const STEPS = 350;

@Component()
@EnableBinding(Sink)
class Worker {
  /** When each message was handled, by partition. */
  readonly handled: number[][] = Array.from({ length: PARTITIONS }, () => []);

  @StreamListener(Sink.INPUT)
  async on(@Payload() _body: string, @Header('kafka_receivedPartitionId') partition: number): Promise<void> {
    if (partition === SLOW) await new Promise((resolve) => setTimeout(resolve, HANDLER_MS));
    this.handled[partition]!.push(performance.now());
  }
}

const longestGap = (times: readonly number[]): number =>
  times.slice(1).reduce((longest, time, index) => Math.max(longest, time - times[index]!), 0);

await describeWithBroker('kafka', 'one slow partition', (broker) => {
  let kafka: AtBroker;
  beforeAll(async () => {
    kafka = new AtBroker(broker);
    await kafka.open();
  }, 30_000);
  afterAll(() => kafka.close(), 30_000);

  test('leaves the gaps of the others under 0.3 s', async () => {
    const topic = await kafka.topic('slow', PARTITIONS);
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    await kafka.send(
      topic,
      Array.from({ length: BACKLOG }, (_, n) => ({ partition: SLOW, value: `waits ${n}` })),
    );
    const application = await run({ binder: binderFactory }, [Worker], {
      ...kafka.properties,
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.concurrency`]: PARTITIONS,
    });
    const { handled } = application.get(Worker);
    const sent: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      await kafka.send(
        topic,
        all.map((partition) => ({ partition, value: `step ${step}` })),
      );
      sent.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
    const others = all.filter((partition) => partition !== SLOW);
    await until(() => others.every((partition) => handled[partition]!.length === STEPS), 10_000, 'all of the others');

    // a gap in what was sent is nobody's fault here
    expect(longestGap(sent)).toBeLessThan(200);
    for (const partition of others) expect(longestGap(handled[partition]!)).toBeLessThan(300);
    const slow = handled[SLOW]!;
    expect(slow.length).toBeGreaterThanOrEqual(2);
    for (const [index, time] of slow.slice(1).entries()) expect(time - slow[index]!).toBeGreaterThan(HANDLER_MS - 5);
  });
});

/** A message that is settled by hand, with the parameter as Spring's programs have it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Acknowledgment, Component, EnableBinding, Header, Payload, Sink, StreamListener } from '@streambind/core';
import { KafkaHeaders, binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';

const open: Acknowledgment[] = [];

@Component()
@EnableBinding(Sink)
class ByHand {
  @StreamListener(Sink.INPUT)
  on(@Payload() body: string, @Header(KafkaHeaders.ACKNOWLEDGMENT) acknowledgment: Acknowledgment): void {
    if (body.length > 0) open.push(acknowledgment);
  }
}

await describeWithBroker('kafka', 'ack-mode: MANUAL', (broker) => {
  let kafka: AtBroker;
  beforeAll(async () => {
    kafka = new AtBroker(broker);
    await kafka.open();
  }, 30_000);
  afterAll(() => kafka.close(), 30_000);

  test('what is committed is what was acknowledged without a gap', async () => {
    const topic = await kafka.topic('by-hand', 1);
    await run({ binder: binderFactory }, [ByHand], {
      ...kafka.properties,
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.ordered`]: false,
      'spring.cloud.stream.kafka.bindings.input.consumer.ack-mode': 'MANUAL',
    });
    await kafka.send(
      topic,
      ['one', 'two', 'three'].map((value) => ({ partition: 0, value })),
    );
    await until(() => open.length === 3, 20_000, 'all are handled');
    open[2]!.acknowledge();
    open[0]!.acknowledge();
    const committed = async (): Promise<string> => (await kafka.committed('g', topic)).join();
    await until(async () => (await committed()) !== '-1', 10_000, 'something is committed');
    expect(await committed()).toBe('1');
    open[1]!.acknowledge();
    await until(async () => (await committed()) === '3', 10_000, 'all is committed');
  }, 60_000);
});

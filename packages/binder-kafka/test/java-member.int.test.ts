/** One group with members of two code bases: this binder, and Kafka's own client as Spring configures it. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Component, EnableBinding, Sink, StreamListener } from '@streambind/core';
import { binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { Partner, startPartner } from '../conformance/src/partner.js';
import { IN, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';

jest.setTimeout(90_000);

const PARTITIONS = 4;

@Component()
@EnableBinding(Sink)
class Reader {
  readonly got: string[] = [];

  @StreamListener(Sink.INPUT)
  on(text: string): void {
    this.got.push(text);
  }
}

await describeWithBroker('kafka', 'a group that is shared with Java', (broker) => {
  const kafka = new AtBroker(broker);
  let java: Awaited<ReturnType<typeof startPartner>>;
  let partner: Partner;
  beforeAll(async () => {
    [java] = await Promise.all([startPartner(broker), kafka.open()]);
    partner = await Partner.at(java.port);
  }, 60_000);
  afterAll(async () => {
    partner.close();
    await Promise.all([java.end(), kafka.close()]);
  }, 30_000);

  test('each reads its share, once, and what the other leaves', async () => {
    const topic = await kafka.topic('shared', PARTITIONS);
    const application = await run({ binder: binderFactory }, [Reader], {
      ...kafka.properties,
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'shared',
    });
    const { got } = application.get(Reader);
    const member = await partner.ask('join', { group: 'shared', topics: [topic] });
    const java = () => partner.ask('member', { member });
    await until(async () => (await java()).partitions.length === PARTITIONS / 2, 20_000, 'Java has its share');

    const bodies = (name: string): string[] => Array.from({ length: 40 }, (_, n) => `${name} ${n}`);
    const send = (values: readonly string[]): Promise<void> =>
      kafka.send(
        topic,
        values.map((value, n) => ({ value, partition: n % PARTITIONS })),
      );
    const [shared, alone] = [bodies('shared'), bodies('alone')];
    await send(shared);
    const total = async (): Promise<number> => got.length + (await java()).records.length;
    await until(async () => (await total()) >= shared.length, 20_000, 'all are read');
    const { records } = await partner.ask('leave', { member });
    const ofJava = records.map(({ value }) => Buffer.from(value ?? '', 'base64').toString());
    expect(ofJava).toHaveLength(shared.length / 2);
    expect([...got, ...ofJava].toSorted()).toEqual(shared.toSorted());

    got.length = 0;
    await send(alone);
    await until(() => got.length >= alone.length, 20_000, 'the rest is read here');
    expect(got.toSorted()).toEqual(alone.toSorted());
  });
});

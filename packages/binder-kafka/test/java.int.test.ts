/** This binder beside Kafka's own client as Spring configures it: what that writes, and one group with members of both. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Component, EnableBinding, Message, Sink, StreamListener } from '@streambind/core';
import { KafkaHeaders, binderFactory } from '@streambind/binder-kafka';
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
  readonly messages: Message<string>[] = [];

  @StreamListener(Sink.INPUT)
  on(message: Message<string>): void {
    this.got.push(message.payload);
    this.messages.push(message);
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

await describeWithBroker('kafka', "Kafka's own client", (broker) => {
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

  test('what it writes is read as it is', async () => {
    const topic = await kafka.topic('java', PARTITIONS);
    const application = await run({ binder: binderFactory }, [Reader], {
      ...kafka.properties,
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'java',
    });
    const types = JSON.stringify({ tenant: 'java.lang.String', count: 'java.lang.Long' });
    const [place] = await partner.ask('publish', {
      topic,
      records: [
        {
          value: base64('hello'),
          key: base64('k1'),
          headers: [
            ['tenant', base64('acme')],
            ['count', base64('12')],
            ['spring_json_header_types', base64(types)],
          ],
          partition: 2,
          timestamp: 1_700_000_000_000,
        },
      ],
    });
    const { messages } = application.get(Reader);
    await until(() => messages.length > 0, 20_000, 'it is read');
    const [{ payload, headers }] = messages as [Message<string>];
    expect(payload).toBe('hello');
    expect(headers).toMatchObject({
      tenant: 'acme',
      count: 12,
      [KafkaHeaders.RECEIVED_TOPIC]: topic,
      [KafkaHeaders.RECEIVED_PARTITION_ID]: 2,
      [KafkaHeaders.OFFSET]: place!.offset,
      [KafkaHeaders.RECEIVED_TIMESTAMP]: 1_700_000_000_000,
    });
    expect(Buffer.from(headers[KafkaHeaders.RECEIVED_MESSAGE_KEY] as Uint8Array).toString()).toBe('k1');
  });

  test('in a group with it each reads its share, once, and what the other leaves', async () => {
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

/** What Kafka's own tools write is consumed, and what is sent here they read, with its headers. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  Message,
  MessageBuilder,
  MessageChannel,
  Resource,
  Sink,
  Source,
  StreamListener,
} from '@streambind/core';
import { KafkaHeaders, binderFactory, kafkaTyped } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, OUT, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';

jest.setTimeout(60_000);

@Component()
@EnableBinding(Sink)
class Reader {
  readonly messages: Message<string>[] = [];

  @StreamListener(Sink.INPUT)
  on(message: Message<string>): void {
    this.messages.push(message);
  }
}

@Component()
@EnableBinding(Source)
class Writer {
  @Resource() readonly output!: MessageChannel;
}

const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString();

await describeWithBroker('kafka', "Kafka's own tools", (broker) => {
  const kafka = new AtBroker(broker);
  beforeAll(() => kafka.open(), 30_000);
  afterAll(() => kafka.close(), 30_000);

  const consume = async (topic: string): Promise<Message<string>[]> => {
    const properties = { [`${IN}.destination`]: topic, [`${IN}.group`]: 'g', [`${IN}.content-type`]: 'text/plain' };
    const application = await run({ binder: binderFactory }, [Reader], { ...kafka.properties, ...properties });
    return application.get(Reader).messages;
  };

  test('what the console producer writes is consumed, with keys and headers', async () => {
    const topic = await kafka.topic('console', 1);
    const lines = ['tenant:acme,region:eu\tk1\tgrüße', 'tenant:umbrella\tk2\tthe second'];
    const properties = ['parse.key=true', 'parse.headers=true'].flatMap((each) => ['--property', each]);
    await broker.ctlWith(`${lines.join('\n')}\n`, 'console-producer', '--topic', topic, ...properties);
    const messages = await consume(topic);
    await until(() => messages.length >= 2, 20_000, 'both arrive');
    expect(messages.map(({ payload }) => payload)).toEqual(['grüße', 'the second']);
    expect(messages.map(({ headers }) => text(headers[KafkaHeaders.RECEIVED_MESSAGE_KEY]))).toEqual(['k1', 'k2']);
    // what is listed nowhere is bytes, as Spring has it
    expect(messages.map(({ headers }) => text(headers['tenant']))).toEqual(['acme', 'umbrella']);
    expect(text(messages[0]!.headers['region'])).toBe('eu');
  });

  test('what the verifiable producer writes is consumed, once each', async () => {
    const topic = await kafka.topic('verifiable', 3);
    const told = await broker.ctl('verifiable-producer', '--topic', topic, '--max-messages', '300');
    const acknowledged = told
      .split('\n')
      .filter((line) => line.includes('producer_send_success'))
      .map((line) => (JSON.parse(line) as { value: string }).value);
    expect(acknowledged).toHaveLength(300);
    const messages = await consume(topic);
    await until(() => messages.length >= 300, 20_000, 'all arrive');
    expect(messages.map(({ payload }) => payload).toSorted()).toEqual(acknowledged.toSorted());
  });

  test('what is sent here the console consumer reads, with its headers', async () => {
    const topic = await kafka.topic('ours', 1);
    const properties = {
      [`${OUT}.destination`]: topic,
      'spring.cloud.stream.kafka.bindings.output.producer.message-key-expression': "headers['customer']",
    };
    const application = await run({ binder: binderFactory }, [Writer], { ...kafka.properties, ...properties });
    const message = MessageBuilder.withPayload({ amount: 12 })
      .setHeader('customer', 'c1')
      .setHeader('count', 3)
      .setHeader('large', kafkaTyped('long', 5))
      .setHeader('exact', 2.5)
      .setHeader('vip', true)
      .setHeader('since', new Date(1_700_000_000_000));
    await application.get(Writer).output.send(message.build());
    const shown = ['print.headers', 'print.key', 'print.partition'].flatMap((each) => ['--property', `${each}=true`]);
    const read = ['--from-beginning', '--max-messages', '1', '--timeout-ms', '20000'];
    const printed = await broker.ctl('console-consumer', '--topic', topic, ...read, ...shown);
    const [partition, headers, key, value] = printed.trim().split('\t');
    expect([partition, key, value]).toEqual(['Partition:0', 'c1', '{"amount":12}']);
    expect(headers).toBe(
      [
        'customer:c1,count:3,large:5,exact:2.5,vip:true,since:1700000000000,contentType:"application/json"',
        `spring_json_header_types:${JSON.stringify({
          customer: 'java.lang.String',
          count: 'java.lang.Integer',
          large: 'java.lang.Long',
          exact: 'java.lang.Double',
          vip: 'java.lang.Boolean',
          since: 'java.util.Date',
          contentType: 'java.lang.String',
        })}`,
      ].join(),
    );
  });
});

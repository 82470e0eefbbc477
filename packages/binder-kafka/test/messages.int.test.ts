/** The recordings once more, through a real broker: what is sent is read back from it, what is received was sent to it. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { IHeaders } from 'kafkajs';
import { binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RecordHeaders } from '../src/client/port.js';
import { DEAD_LETTERS, INBOUND, OTHER_CAUSE, PARTITIONS, PUBLISHED } from './golden/left-out.js';
import { IN, OUT, run } from './support/applications.js';
import { AtBroker, type ReadRecord } from './support/at-broker.js';
import { Failing, Ordering, PROCESSORS, SINKS, Sender, got } from './support/listeners.js';
import { comparable, incoming, recorded } from './support/paper-wire.js';
import {
  asJava,
  choosesPartition,
  comparableHeaders,
  existingPartitions,
  inPlace,
  keyOf,
  recordedHeaders,
  recordedMessages,
  recordedPayload,
  sentFor,
  sentMessage,
  type Foreign,
  type Properties,
  type WireMessage,
} from './support/recorded-messages.js';

jest.setTimeout(60_000);

const wire = ({ partition, message: { key, value, headers } }: ReadRecord): WireMessage =>
  recorded({ partition, key, value, headers: headers as RecordHeaders });

await describeWithBroker('kafka', 'the recorded messages', (broker) => {
  let kafka: AtBroker;
  beforeAll(async () => {
    kafka = new AtBroker(broker);
    await kafka.open();
  }, 30_000);
  afterAll(() => kafka.close(), 30_000);

  const start = (components: Parameters<typeof run>[1], properties: Properties, topic?: string) =>
    run({ binder: binderFactory }, components, { ...kafka.properties, ...properties }, topic);

  const send = (topic: string, foreign: Foreign): Promise<void> => {
    const { key, value, headers } = incoming(foreign);
    const { partition } = foreign;
    return kafka.sendRecord(topic, {
      key,
      value,
      headers: headers as IHeaders,
      ...(partition === undefined ? {} : { partition }),
    });
  };

  test('published: every row', async () => {
    const rows = recordedMessages.published.filter(
      ({ id, annotation }) => !(id in PUBLISHED) && !('error' in annotation),
    );
    const sent = new Map<string, (typeof rows)[number]>();
    for (const row of rows) {
      const { properties } = row;
      const topic = await kafka.topic('out', existingPartitions(properties) ?? partitionCount(properties));
      const application = await start([Sender], properties, topic);
      await Sender.last.output.send(sentMessage(row.sent));
      await application.stop();
      sent.set(topic, row);
    }
    const read = await kafka.read([...sent.keys()], rows.length);
    const seen = [...read].map(([topic, records]) => ({ id: sent.get(topic)!.id, records: records.map(wire) }));
    for (const { id, records } of seen) {
      const row = rows.find((each) => each.id === id)!;
      const annotation = row.annotation as WireMessage;
      // a client that may choose chooses any
      const theirs = { ...annotation, partition: choosesPartition(row) ? annotation.partition : records[0]!.partition };
      expect([id, records.map(comparable)]).toEqual([id, [comparable(theirs)]]);
    }
    expect(seen).toHaveLength(rows.length);
  });

  const partitionCount = (properties: Properties): number =>
    (properties[`${OUT}.producer.partition-count`] as number | undefined) ?? 1;

  test.each(recordedMessages.partitions)('partitions: $id', async ({ properties, partitionOf }) => {
    const topic = await kafka.topic('parts', partitionCount(properties));
    await start([Sender], properties, topic);
    const names = Object.keys(partitionOf).filter((name) => !(name in PARTITIONS));
    await Promise.all(
      names.map((payload) =>
        Sender.last.output.send(sentMessage({ payload, headers: { key: keyOf(partitionOf[payload]!.key) } })),
      ),
    );
    const records = (await kafka.read([topic], names.length)).get(topic)!;
    const ours = records.map(({ partition, message }) => [String(message.value), partition]);
    expect(Object.fromEntries(ours)).toEqual(
      Object.fromEntries(names.map((name) => [name, partitionOf[name]!.partition])),
    );
    expect(ours).toHaveLength(names.length);
  });

  test.each(recordedMessages.processors)('passed on: $model', async ({ model, received, sent }) => {
    const [from, to] = [await kafka.topic('in', 1), await kafka.topic('out', 1)];
    await start([PROCESSORS[model]!], {
      [`${IN}.destination`]: from,
      [`${IN}.group`]: 'g',
      [`${OUT}.destination`]: to,
    });
    await send(from, received);
    const records = (await kafka.read([to], 1)).get(to)!;
    expect(records.map(wire).map(comparable)).toEqual(sent.map(comparable));
  });

  test.each(Object.keys(SINKS))('received by %s', async (handler) => {
    const rows = recordedMessages.inbound.filter((row) => row.handler === handler);
    const expected = rows.map((row) => {
      const instead = INBOUND[`${handler}/${row.message}`];
      if (instead) return { payloads: [inPlace(row.value, instead.got)], headers: undefined };
      return { payloads: row.got.map(recordedPayload), headers: row.got[0]?.headers };
    });
    const handled = expected.filter(({ payloads }) => payloads.length > 0);
    const topic = await kafka.topic('inb', 1);
    got.length = 0;
    await start([SINKS[handler]!], {
      [`${IN}.destination`]: topic,
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.max-attempts`]: 1,
    });
    for (const row of rows) await send(topic, sentFor(row));
    const dead = async (): Promise<number> => kafka.records(`error.${topic}.g`);
    await until(async () => got.length + (await dead()) >= rows.length, 20_000, 'each is handled or dead');
    expect(got.map(({ payload }) => asJava(payload))).toEqual(handled.flatMap(({ payloads }) => payloads));
    const compared = handled.flatMap(({ headers }, n) =>
      headers ? [[comparableHeaders(got[n]!.headers, headers), recordedHeaders(headers)]] : [],
    );
    expect(compared.map(([ours]) => ours)).toEqual(compared.map(([, theirs]) => theirs));
  });

  test.each(recordedMessages.deadLetters)('dead letter: $case', async (row) => {
    const handler = row.case.startsWith('conversion') ? Ordering : Failing;
    const topic = await kafka.topic('dying', row.topicPartitions);
    await start([handler], row.properties, topic);
    await send(topic, row.sent);
    const name = row.dlqName.replaceAll('<topic>', topic).replaceAll('<dlq>', `${topic}-dead`);
    await until(async () => (await kafka.records(name)) > 0, 20_000, 'the dead letter is there');
    const [letter] = (await kafka.read([name], 1)).get(name)!;
    const [theirs] = row.inDlq;
    const ours = wire(letter!);
    const blank = [...Object.keys(DEAD_LETTERS), 'x-original-timestamp', ...(row.case in OTHER_CAUSE ? ['x-exception-fqcn'] : [])]; // prettier-ignore
    const told = ({ partition, key, value, headers }: WireMessage): object => ({
      partition,
      key,
      value,
      headers: headers.flatMap(([header, said]) => {
        if (header === 'x-exception-message' && row.case === 'exception without message') return [];
        return [blank.includes(header) ? [header] : [header, said === topic ? '<topic>' : said]];
      }),
    });
    expect(told(ours)).toEqual(told(theirs!));
    expect(await kafka.partitions(name)).toBe(row.dlqPartitions);
    const committed = await kafka.committed('g', topic);
    const expected = Object.entries(row.committed).map(([at, offset]) => [Number(at.split('-').at(-1)), offset]);
    expect(expected.map(([partition]) => [partition, committed[partition!]])).toEqual(expected);
  });
});

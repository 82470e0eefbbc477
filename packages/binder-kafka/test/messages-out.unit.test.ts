/** Every record that Spring Cloud Stream 3.2.10 was recorded to send, against what the real pipelines make of the same. */
import {
  Component,
  EnableBinding,
  Message,
  MessageBuilder,
  Processor,
  SendTo,
  StreamListener,
  isStreambindError,
} from '@streambind/core';
import { describe, expect, test } from '@jest/globals';
import { PARTITIONS, PUBLISHED } from './golden/left-out.js';
import { IN, run } from './support/applications.js';
import { PROCESSORS, Sender } from './support/listeners.js';
import { PaperWire, comparable, incoming } from './support/paper-wire.js';
import {
  choosesPartition,
  existingPartitions,
  keyOf,
  recordedMessages,
  sentMessage,
  type RecordedHeader,
} from './support/recorded-messages.js';

const byId = new Map(recordedMessages.published.map((row) => [row.id, row]));

/** What came of it in Spring, and what comes of it here. */
async function published(id: string): Promise<{ theirs: unknown; ours: unknown }> {
  const row = byId.get(id)!;
  const { properties, sent, annotation } = row;
  const theirs =
    'error' in annotation
      ? 'refused'
      : [comparable(choosesPartition(row) ? annotation : { ...annotation, partition: undefined })];
  const wire = new PaperWire(existingPartitions(properties));
  await run(wire, [Sender], properties);
  try {
    await Sender.last.output.send(sentMessage(sent));
  } catch (error) {
    if (!isStreambindError(error)) throw error;
    return { theirs, ours: wire.published.length === 0 ? 'refused' : 'refused and sent' };
  }
  return { theirs, ours: wire.published.map(comparable) };
}

describe('published', () => {
  test.each([...byId.keys()].filter((id) => !(id in PUBLISHED)))('%s', async (id) => {
    const { theirs, ours } = await published(id);
    expect(ours).toEqual(theirs);
  });

  test.each(Object.entries(PUBLISHED))('%s is left out: %s', async (id) => {
    const { theirs, ours } = await published(id);
    expect(ours).not.toEqual(theirs);
  });

  test('the time of a record', async () => {
    const wire = new PaperWire();
    await run(wire, [Sender], {});
    await Sender.last.output.send(sentMessage(byId.get('kafka-headers/kafka_timestamp')!.sent));
    expect(wire.sent[0]!.timestamp).toBe(1704164645678);
  });
});

describe('partitioned', () => {
  const rows = (prefix: string) => recordedMessages.partitions.filter(({ id }) => id.startsWith(prefix));
  const byExpression = rows('partition-count-');

  const sendAll = async ({ properties, partitionOf }: (typeof byExpression)[number]): Promise<PaperWire> => {
    const wire = new PaperWire();
    await run(wire, [Sender], properties);
    for (const { key } of Object.values(partitionOf)) {
      await Sender.last.output.send(sentMessage({ payload: 'p', headers: { key: keyOf(key) } }));
    }
    return wire;
  };

  test.each(byExpression)('$id', async (row) => {
    const wire = await sendAll(row);
    const names = Object.keys(row.partitionOf);
    const ours = wire.published.map(({ partition }, n) => [names[n], partition]);
    const repeated = ([name]: readonly unknown[]): boolean => !((name as string) in PARTITIONS);
    expect(ours.filter(repeated)).toEqual(
      names.map((name) => [name, row.partitionOf[name]!.partition]).filter(repeated),
    );
    expect(ours).toHaveLength(67);
  });

  test.each(Object.entries(PARTITIONS))('%s is left out: %s', (name) => {
    expect(byExpression.every(({ partitionOf }) => name in partitionOf)).toBe(true);
  });

  test.each(rows('kafka-partitioner-'))('$id: the key, and the client chooses', async (row) => {
    const wire = await sendAll(row);
    expect(wire.sent.map(({ key, partition }) => [key!.toString(), partition])).toEqual(
      Object.values(row.partitionOf).map(({ key }) => [key, undefined]),
    );
  });
});

describe('passed on by a handler', () => {
  test.each(recordedMessages.processors)('$model', async ({ model, received, sent }) => {
    const wire = new PaperWire();
    await run(wire, [PROCESSORS[model]!], { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' });
    expect(await wire.deliver(incoming(received))).toEqual({ kind: 'ack' });
    expect(wire.published.map(comparable)).toEqual(
      sent.map((message) => comparable({ ...message, partition: undefined })),
    );
  });

  test('every type, and what the handler changes is typed anew', async () => {
    const kept: RecordedHeader[] = [
      ['quoted', '"text"'],
      ['short', '2'],
      ['long', '3'],
      ['big', '9007199254740993'],
      ['float', '0.5'],
      ['decimal', '12.340'],
      ['instant', '1704164645.678000001'],
      ['uuid', '"123e4567-e89b-12d3-a456-426614174000"'],
      ['map', '{"l": 5}'],
      ['own', '{"id":"o1"}'],
      ['plain', 'not listed'],
      ['broken', '{oops'],
      ['traceparent', '00-abc'],
    ];
    const types = {
      quoted: 'java.lang.String',
      short: 'java.lang.Short',
      long: 'java.lang.Long',
      big: 'java.lang.Long',
      float: 'java.lang.Float',
      decimal: 'java.math.BigDecimal',
      instant: 'java.time.Instant',
      uuid: 'java.util.UUID',
      map: 'java.util.TreeMap',
      own: 'com.acme.Thing',
      broken: 'java.util.Map',
      changed: 'java.lang.Short',
    };
    const seen: Record<string, unknown>[] = [];

    @Component()
    @EnableBinding(Processor)
    class Change {
      @StreamListener(Processor.INPUT)
      @SendTo(Processor.OUTPUT)
      on(message: Message<string>): Message<string> {
        seen.push(Object.assign({}, message.headers));
        const { long, decimal } = message.headers;
        return MessageBuilder.fromMessage(message)
          .setHeader('changed', 7)
          .setHeader('long2', long)
          .setHeader('decimal2', decimal)
          .setHeader('contentType', 'text/plain')
          .build();
      }
    }

    const wire = new PaperWire();
    await run(wire, [Change], { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' });
    const headers = [...kept, ['changed', '6'], ['spring_json_header_types', JSON.stringify(types)]] as const;
    await wire.deliver(incoming({ value: 'x', headers }));
    expect(seen[0]).toMatchObject({
      quoted: 'text',
      short: 2,
      long: 3,
      big: 9007199254740993n,
      float: 0.5,
      instant: new Date(1704164645678),
      uuid: '123e4567-e89b-12d3-a456-426614174000',
      map: { l: 5 },
      own: { headerValue: Buffer.from('{"id":"o1"}'), untrustedType: 'com.acme.Thing' },
      plain: Buffer.from('not listed'),
      broken: Buffer.from('{oops'),
      traceparent: '00-abc',
      changed: 6,
    });
    const anew: RecordedHeader[] = [
      ['changed', '7'],
      ['long2', '3'],
      ['decimal2', '12.340'],
      ['contentType', 'text/plain'],
    ];
    const newTypes = {
      changed: 'java.lang.Integer',
      long2: 'java.lang.Integer',
      decimal2: 'java.math.BigDecimal',
      contentType: 'java.lang.String',
    };
    expect(comparable(wire.published[0]!)).toEqual(
      comparable({
        partition: undefined,
        key: null,
        value: Buffer.from('x').toString('base64'),
        headers: [...kept, ...anew, ['spring_json_header_types', JSON.stringify({ ...types, ...newTypes })]],
      }),
    );
  });
});

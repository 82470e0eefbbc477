/** Every message that Spring Cloud Stream 3.2.10 was recorded to send, against what the real pipelines make of the same. */
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
import { ALSO, PARTITIONS, PUBLISHED } from './golden/left-out.js';
import { writeFields, type Fields } from './support/fields.js';
import { PROCESSORS, Sender } from './support/listeners.js';
import { IN, comparable, run } from './support/applications.js';
import { PaperWire, rawMessage } from './support/paper-wire.js';
import { recordedMessages, sentMessage, type WireMessage } from './support/recorded-messages.js';

const byId = new Map(recordedMessages.published.map((row) => [row.id, row]));

/** What came of it in Spring, and what comes of it here. */
async function published(id: string): Promise<{ theirs: unknown; ours: unknown }> {
  const { properties, sent, annotation } = byId.get(id)!;
  const theirs = annotation.error ? 'refused' : [comparable(annotation as WireMessage)];
  const wire = new PaperWire();
  await run(wire, [Sender], { ...properties, ...ALSO[id] });
  try {
    const times = Array.from({ length: sent.times ?? 1 }, () => sentMessage(sent));
    await Promise.all(times.map((message) => Sender.last.output.send(message)));
  } catch (error) {
    if (!isStreambindError(error)) throw error;
    return { theirs, ours: wire.published.length === 0 ? 'refused' : 'refused and sent' };
  }
  wire.flush();
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
});

describe('partitioned', () => {
  test.each(recordedMessages.partitions)('$id', async ({ properties, routingKeys }) => {
    const wire = new PaperWire();
    await run(wire, [Sender], properties);
    const names = Object.keys(routingKeys);
    for (const name of names) {
      await Sender.last.output.send(sentMessage({ payload: 'p', headers: { key: routingKeys[name]!.key } }));
    }
    const ours = wire.published.map(({ routingKey }, n) => [names[n], routingKey]);
    const repeated = ([name]: readonly unknown[]): boolean => !((name as string) in PARTITIONS);
    expect(ours.filter(repeated)).toEqual(names.map((name) => [name, routingKeys[name]!.routingKey]).filter(repeated));
    expect(ours).toHaveLength(67);
  });

  test.each(Object.entries(PARTITIONS))('%s is left out: %s', (name) => {
    expect(recordedMessages.partitions.every(({ routingKeys }) => name in routingKeys)).toBe(true);
  });
});

describe('passed on by a handler', () => {
  test.each(recordedMessages.processors)('$model', async ({ model, received, sent }) => {
    const wire = new PaperWire();
    const names = { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' };
    await run(wire, [PROCESSORS[model]!], { ...names, 'spring.cloud.stream.bindings.output.destination': 'orders' });
    expect(await wire.deliver(rawMessage(received))).toBe('ack');
    expect(wire.published.map(comparable)).toEqual(sent.map(comparable));
  });

  test('every type, and what the handler changes is typed anew', async () => {
    const fields: Fields = {
      b: { t: 'b', v: 1 },
      s: { t: 's', v: 2 },
      l: { t: 'l', v: 3 },
      big: { t: 'l', v: '9007199254740993' },
      f: { t: 'f', v: 0.5 },
      d: { t: 'd', v: 4 },
      D: { t: 'D', v: { scale: 2, unscaled: 150 } },
      T: { t: 'T', v: 1704164645 },
      map: { t: 'F', v: { l: { t: 'l', v: 5 }, none: { t: 'V', v: null } } },
      changed: { t: 's', v: 6 },
    };
    const seen: Record<string, unknown>[] = [];

    @Component()
    @EnableBinding(Processor)
    class Change {
      @StreamListener(Processor.INPUT)
      @SendTo(Processor.OUTPUT)
      on(message: Message<string>): Message<string> {
        seen.push(Object.assign({}, message.headers));
        const { l, d } = message.headers;
        return MessageBuilder.fromMessage(message)
          .setHeader('changed', 7)
          .setHeader('l2', l)
          .setHeader('d2', d)
          .build();
      }
    }

    const wire = new PaperWire();
    await run(wire, [Change], { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' });
    const message = rawMessage({ exchange: 'in', routingKey: 'in', body: 'x', properties: {} });
    await wire.deliver({ ...message, properties: { headers: writeFields(fields) } });
    expect(seen[0]).toMatchObject({
      b: 1,
      s: 2,
      l: 3,
      big: 9007199254740993n,
      f: 0.5,
      d: 4,
      changed: 6,
      map: { l: 5 },
    });
    const anew = { changed: { t: 'I', v: 7 }, l2: { t: 'I', v: 3 }, d2: { t: 'I', v: 4 } };
    expect(wire.published[0]!.properties['headers']).toEqual({ ...fields, ...anew });
  });
});

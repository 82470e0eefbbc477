/** Every message that Spring Cloud Stream 3.2.10 was recorded to receive, and what it became when its handler failed. */
import { describe, expect, test } from '@jest/globals';
import { ALSO, INBOUND } from './golden/left-out.js';
import type { Fields } from './support/fields.js';
import { Failing, Ordering, SINKS, got } from './support/listeners.js';
import { IN, run } from './support/applications.js';
import { PaperWire, rawMessage } from './support/paper-wire.js';
import {
  asJava,
  comparableHeaders,
  recordedHeaders,
  inPlace,
  publishedFor,
  recordedMessages,
  type RecordedDeadLetter,
  type WireMessage,
} from './support/recorded-messages.js';

describe('received', () => {
  const rows = recordedMessages.inbound.map((row) => ({ name: `${row.handler}/${row.message}`, ...row }));

  async function receive(row: (typeof rows)[number]): Promise<unknown> {
    got.length = 0;
    const wire = new PaperWire();
    await run(wire, [SINKS[row.handler]!], {
      [`${IN}.destination`]: 'inb',
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.max-attempts`]: 1,
    });
    await wire.deliver(rawMessage(publishedFor(row)));
    return got.map(({ payload }) => asJava(payload));
  }

  test.each(rows.filter(({ name }) => !(name in INBOUND)))('$name', async (row) => {
    expect(await receive(row)).toEqual(row.got.map(({ payloadType, text }) => ({ payloadType, text })));
  });

  test.each(Object.entries(INBOUND))('%s is another payload: $why', async (name, { got: expected }) => {
    const row = rows.find((each) => each.name === name)!;
    const ours = await receive(row);
    expect(ours).toEqual([inPlace(row.body, expected)]);
    expect(ours).not.toEqual(row.got.map(({ payloadType, text }) => ({ payloadType, text })));
  });

  const withHeaders = rows.filter((row) => row.got[0]?.headers);

  test.each(withHeaders)('the headers of $name', async (row) => {
    await receive(row);
    expect(comparableHeaders(got[0]!.headers)).toEqual(recordedHeaders(row.got[0]!.headers!));
  });

  test('headers are recorded for eleven of them', () => expect(withHeaders).toHaveLength(11));
});

describe('dead letters', () => {
  async function bury(row: RecordedDeadLetter): Promise<{ wire: PaperWire; settled: string }> {
    const wire = new PaperWire();
    const handler = row.case.startsWith('conversion') ? Ordering : Failing;
    await run(wire, [handler], { ...row.properties, ...ALSO[row.case] });
    return { wire, settled: await wire.deliver(rawMessage(row.sent)) };
  }

  const publishes = ({ clientFrames }: RecordedDeadLetter): boolean =>
    clientFrames.some(({ method }) => method === 'basic.publish');

  test.each(recordedMessages.deadLetters.filter(publishes))('published: $case', async (row) => {
    const { wire, settled } = await bury(row);
    expect(settled).toBe('deadLetter');
    expect(wire.published.map(withoutTexts)).toEqual(row.inDlq.map(withoutTexts));
    const [ours, theirs] = [wire.published[0]!, row.inDlq[0]!].map(
      (message) => message.properties['headers'] as Fields,
    );
    const cut = `${IN.replace('stream', 'stream.rabbit')}.consumer.frame-max-headroom` in row.properties;
    const [trace, theirTrace] = [ours!, theirs!].map((headers) => String(headers['x-exception-stacktrace']!.v));
    expect(trace).toMatch(/^\w*Error[^]*\n {4}at /);
    expect(trace!.length === theirTrace!.length).toBe(cut);
    // what Jackson says of bad JSON we say in our words
    const text = row.case.startsWith('conversion') ? /JSON/ : RegExp(`^${String(theirs!['x-exception-message']!.v)}$`);
    expect(String(ours!['x-exception-message']!.v)).toMatch(text);
  });

  test.each([
    ['ack', 'basic.ack'],
    // the broker writes x-death itself
    ['deadLetter', 'basic.nack'],
  ])('left to the broker: %s', async (kind, method) => {
    const rows = recordedMessages.deadLetters.filter(
      (row) => !publishes(row) && row.clientFrames[0]!.method === method,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const { wire, settled } = await bury(row);
      expect([row.case, settled, wire.published]).toEqual([row.case, kind, []]);
    }
  });

  /** The stack trace is another program's, and so are messages of libraries: their types remain. */
  function withoutTexts(message: WireMessage): object {
    const headers = message.properties['headers'] as Fields;
    const { exchange, routingKey, properties, body } = message;
    const blank = (name: string): object => ({ [name]: headers[name]!.t });
    return {
      exchange,
      routingKey,
      body,
      properties: {
        ...properties,
        headers: { ...headers, ...blank('x-exception-stacktrace'), ...blank('x-exception-message') },
      },
    };
  }
});

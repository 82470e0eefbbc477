/** Every record that Spring Cloud Stream 3.2.10 was recorded to receive, and what it became when its handler failed. */
import { describe, expect, test } from '@jest/globals';
import { DEAD_LETTERS, INBOUND, OTHER_CAUSE } from './golden/left-out.js';
import { IN, run } from './support/applications.js';
import { Failing, Ordering, SINKS, got } from './support/listeners.js';
import { PaperWire, headerBytes, incoming, recorded } from './support/paper-wire.js';
import {
  asJava,
  comparableHeaders,
  inPlace,
  recordedHeaders,
  recordedMessages,
  recordedPayload,
  sentFor,
  type RecordedDeadLetter,
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
    await wire.deliver(incoming(sentFor(row)));
    return got.map(({ payload }) => asJava(payload));
  }

  test.each(rows.filter(({ name }) => !(name in INBOUND)))('$name', async (row) => {
    expect(await receive(row)).toEqual(row.got.map(recordedPayload));
  });

  test.each(Object.entries(INBOUND))('%s is another payload: $why', async (name, { got: expected }) => {
    const row = rows.find((each) => each.name === name)!;
    const ours = await receive(row);
    expect(ours).toEqual([inPlace(row.value, expected)]);
    expect(ours).not.toEqual(row.got.map(recordedPayload));
  });

  const withHeaders = rows.filter((row) => row.got[0]?.headers);

  test.each(withHeaders)('the headers of $name', async (row) => {
    await receive(row);
    const { headers } = row.got[0]!;
    expect(comparableHeaders(got[0]!.headers, headers!)).toEqual(recordedHeaders(headers!));
  });

  test('headers are recorded for some of them', () => expect(withHeaders.length).toBeGreaterThan(10));
});

describe('dead letters', () => {
  const source = (row: RecordedDeadLetter): number => row.sent.partition!;

  async function bury(row: RecordedDeadLetter): ReturnType<PaperWire['deliver']> {
    const wire = new PaperWire();
    const handler = row.case.startsWith('conversion') ? Ordering : Failing;
    await run(wire, [handler], row.properties);
    return wire.deliver(incoming(row.sent), source(row));
  }

  test.each(recordedMessages.deadLetters)('$case', async (row) => {
    const { kind, letter } = await bury(row);
    expect(kind).toBe('deadLetter');
    const [theirs] = row.inDlq;
    const ours = recorded(letter!);
    expect([ours.key, ours.value]).toEqual([theirs!.key, theirs!.value]);
    const otherCause = row.case in OTHER_CAUSE;
    const equal = ([name]: readonly [string, unknown]): boolean =>
      !(name in DEAD_LETTERS) &&
      !['x-original-topic', 'x-original-timestamp', ...(otherCause ? ['x-exception-fqcn'] : [])].includes(name);
    expect(ours.headers.filter(equal)).toEqual(theirs!.headers.filter(equal));
    // in this order, but for a message that there is not
    const names = theirs!.headers.map(([name]) => name);
    const silent = row.case === 'exception without message';
    expect(ours.headers.map(([name]) => name)).toEqual(
      silent ? names.filter((name) => name !== 'x-exception-message') : names,
    );
    const [header, theirHeader] = [ours, theirs!].map(
      ({ headers }) =>
        (name: string): Buffer =>
          headerBytes(headers.find(([each]) => each === name)![1]),
    ) as [(name: string) => Buffer, (name: string) => Buffer];
    expect(header('x-original-topic').toString()).toBe('orders');
    expect(header('x-original-timestamp').readBigInt64BE()).toBe(1795259355061n);
    expect(header('x-exception-stacktrace').toString()).toMatch(/^\w*Error[^]*\n {4}at /);
    expect(header('x-exception-fqcn').equals(theirHeader('x-exception-fqcn'))).toBe(!otherCause);
    const said = theirHeader('x-exception-message').toString().split('IllegalStateException: ').at(-1)!;
    const text = silent ? '' : header('x-exception-message').toString();
    expect(text).toMatch(
      silent ? /^$/ : otherCause ? /^poison: null$/ : row.case.startsWith('conversion') ? /JSON/ : RegExp(`^${said}$`),
    );
  });
});

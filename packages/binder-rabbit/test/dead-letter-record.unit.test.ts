/** What a dead letter is made of, where no recording says it. */
import { expect, test } from '@jest/globals';
import type { RawMessage } from '../src/client/amqplib.js';
import { deadLetter } from '../src/records/dead-letter.js';
import { readFields, writeFields, type Fields } from './support/fields.js';

const OPTIONS = { republishDeliveyMode: 'persistent', frameMaxHeadroom: 20_000 } as const;
const FRAME_MAX = 131_072;

const fields: Fields = {
  'a-byte': { t: 'b', v: 1 },
  nothing: { t: 'V', v: null },
  id: { t: 'l', v: '9007199254740993' },
};

const message = (table: Fields, properties: RawMessage['properties'] = {}): RawMessage => ({
  fields: { deliveryTag: 1, redelivered: false, exchange: 'orders', routingKey: 'some.key' },
  properties: { ...properties, headers: writeFields(table) },
  content: Buffer.from([0, 255]),
});

const tableOf = (letter: ReturnType<typeof deadLetter>): Fields => readFields(letter.properties.headers!);

test('body, properties and table stay as they were; the user that sent it does not', () => {
  const properties = { deliveryMode: 1, priority: 3, expiration: '60000', clusterId: 'c', userId: 'guest' };
  const letter = deadLetter(message(fields, properties), new Error('no'), FRAME_MAX, OPTIONS);
  const { headers: _, ...rest } = letter.properties;
  expect(rest).toEqual({ deliveryMode: 2, priority: 3, expiration: '60000', clusterId: 'c' });
  expect(letter.body).toEqual(Buffer.from([0, 255]));
  expect(tableOf(letter)).toEqual({
    ...fields,
    'x-original-exchange': { t: 'S', v: 'orders' },
    'x-original-routingKey': { t: 'S', v: 'some.key' },
    'x-exception-message': { t: 'S', v: 'no' },
    'x-exception-stacktrace': { t: 'S', v: expect.stringMatching(/^Error: no\n/) },
  });
  expect(letter.cut).toBe(false);
});

test('what an earlier death said is replaced', () => {
  const first = deadLetter(message(fields), new Error('first'), FRAME_MAX, OPTIONS);
  const again = message(tableOf(first));
  const second = deadLetter({ ...again, fields: { ...again.fields, exchange: 'DLX' } }, new Error('second'), FRAME_MAX, OPTIONS); // prettier-ignore
  expect(Object.keys(tableOf(second)).toSorted()).toEqual(Object.keys(tableOf(first)).toSorted());
  expect(tableOf(second)).toMatchObject({
    'x-exception-message': { v: 'second' },
    'x-original-exchange': { v: 'DLX' },
  });
});

test('the trace has the stacks of its causes, and not those of a circle without end', () => {
  const root = new Error('root');
  const error = new Error('top', { cause: new Error('middle', { cause: root }) });
  const trace = (reason: Error): string =>
    String(tableOf(deadLetter(message({}), reason, FRAME_MAX, OPTIONS))['x-exception-stacktrace']!.v);
  expect(trace(error)).toMatch(/^Error: top\n[^]*\nCaused by: Error: middle\n[^]*\nCaused by: Error: root\n/);
  root.cause = error;
  expect(trace(error).match(/Caused by/g)).toHaveLength(10);
  delete root.stack;
  expect(trace(root)).toMatch(/^Error: root\nCaused by: Error: top/);
});

test.each([
  ['of one byte', 'x', FRAME_MAX],
  ['of three bytes', '消', FRAME_MAX],
  ['of four bytes, in two units', '😀', FRAME_MAX],
  ['in the smallest frame', 'x', 4096],
])('a message and a trace of characters %s are cut to what a frame holds', (_, character, frameMax) => {
  const error = new Error(character.repeat(200_000));
  const letter = deadLetter(message(fields, { type: 't'.repeat(255) }), error, frameMax, OPTIONS);
  expect(letter.cut).toBe(true);
  const { length } = letter.properties.headers!;
  expect(length + 300).toBeLessThan(frameMax);
  expect(length).toBeGreaterThan(frameMax * 0.8);
  const { 'x-exception-message': text, 'x-exception-stacktrace': trace } = tableOf(letter);
  for (const { v } of [text!, trace!]) expect(String(v)).not.toContain('\uFFFD');
  expect(error.message.startsWith(String(text!.v))).toBe(true);
  expect(error.stack!.startsWith(String(trace!.v))).toBe(true);
});

test('a connection without a limit cuts nothing', () => {
  const error = new Error('x'.repeat(200_000));
  expect(deadLetter(message(fields), error, 0, OPTIONS).cut).toBe(false);
});

/** C: headers arrive as what they were, and nobody's words are taken for the framework's. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { inspect } from 'node:util';
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
import type { HeaderValue } from '@streambind/core/binder';
import type { Case } from '../case.js';
import type { CaseContext } from '../context.js';
import { ID_HEADER, idOf, textOf } from '../spi.js';

type Headers = Readonly<Record<string, HeaderValue>>;

/** What a header comes to on a broker that has fewer types. */
function expected(value: HeaderValue, types: CaseContext['capabilities']['headerTypes']): unknown {
  if (types === 'typed') return comparable(value);
  if (types === 'json') return JSON.parse(JSON.stringify(comparable(value)));
  return typeof value === 'string' ? value : String(comparable(value));
}

/** Bytes and dates in a form that compares by value. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (typeof value === 'bigint') return `bigint ${value}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, comparable(each)]));
}

async function roundTrip(t: CaseContext, headers: Headers): Promise<{ consumed: Headers; probed: Headers }> {
  const consumer = await t.consume();
  const tap = await t.probe.tap(t.destination);
  await (await t.produce()).send('one', { headers });
  await t.settled('it arrives', () => consumer.count > 0);
  equal(consumer.count, 1);
  const [record] = await tap.records();
  return { consumed: consumer.deliveries[0]!.headers, probed: record!.headers };
}

const PROCESSOR = {
  'spring.cloud.stream.bindings.input.consumer.max-attempts': 1,
  'spring.cloud.stream.bindings.output.content-type': 'text/plain',
} as const;

export const headers: readonly Case[] = [
  {
    id: 'C01',
    name: 'header-unicode',
    layer: 'SPI',
    async run(t) {
      const sent: Record<string, string> = {
        cyrillic: 'Привет',
        cjk: '漢字かな',
        emoji: '🚀👩‍👩‍👧‍👦',
        rtl: 'שלום \u202Eعالم',
        combining: 'e\u0301 \u1100\u1161',
        empty: '',
        controls: 'a\tb\nc\u0000d',
        'with.dots-and_more': 'x',
      };
      const { consumed, probed } = await roundTrip(t, sent);
      for (const [name, value] of Object.entries(sent)) {
        equal(consumed[name], value, name);
        equal(probed[name], value, name);
        equal(Buffer.byteLength(String(consumed[name])), Buffer.byteLength(value));
      }
      const producer = await t.produce();
      const foreign = 'ключ';
      const tap = await t.probe.tap(t.destination);
      const refused: unknown = await producer
        .send('key', { headers: { [foreign]: 'x' } })
        .catch((error: unknown) => error);
      if (refused !== undefined) ok(isStreambindError(refused), 'a name outside ASCII is refused without a type');
      else equal((await tap.records())[0]!.headers[foreign], 'x');
    },
  },
  {
    id: 'C02',
    name: 'header-binary',
    layer: 'SPI',
    async run(t) {
      const sent = {
        zeros: new Uint8Array([0, 1, 0]),
        invalid: new Uint8Array(Buffer.from('c328a0a1ff00', 'hex')),
        all: Uint8Array.from({ length: 256 }, (_, byte) => byte),
        none: new Uint8Array(),
      };
      const { consumed, probed } = await roundTrip(t, sent);
      for (const [name, value] of Object.entries(sent)) {
        for (const seen of [consumed[name], probed[name]]) {
          ok(seen instanceof Uint8Array && Buffer.from(seen).equals(value), `${name} came as ${inspect(seen)}`);
        }
      }
    },
  },
  {
    id: 'C03',
    name: 'header-types',
    layer: 'SPI',
    async run(t) {
      const sent: Headers = {
        integer: 42,
        float: 1.5,
        negative: -7,
        large: Number.MAX_SAFE_INTEGER,
        bigint: 2n ** 63n - 1n,
        yes: true,
        no: false,
        // whole seconds: the timestamps of some brokers have no more
        date: new Date(1_700_000_000_000),
        nothing: null,
        list: [1, 'two', true, [null]],
        map: { a: 1, b: { c: 'deep' } },
      };
      const { consumed, probed } = await roundTrip(t, sent);
      const { headerTypes } = t.capabilities;
      for (const [name, value] of Object.entries(sent)) {
        // null and absent are one, as in Spring
        deepEqual(comparable(consumed[name] ?? null), expected(value, headerTypes), name);
        deepEqual(comparable(probed[name] ?? null), expected(value, headerTypes), name);
      }
    },
  },
  {
    id: 'C04',
    name: 'header-limits',
    layer: 'SPI',
    async run(t) {
      const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`h${index}`, 'x'.repeat(100)]));
      const large = 'y'.repeat(64 * 1024);
      const { consumed } = await roundTrip(t, { ...many, large });
      for (const [name, value] of Object.entries(many)) equal(consumed[name], value);
      equal(consumed['large'], large);
    },
  },
  {
    id: 'C05',
    name: 'reserved-headers',
    layer: 'APP',
    async run(t) {
      for (const name of ['deliveryAttempt', 'sourceData', 'scst_partition']) {
        throws(
          () => MessageBuilder.withPayload('mine').setHeader(name, 1),
          (error) => isStreambindError(error, 'HEADER_RESERVED'),
          `${name} is set by the framework alone`,
        );
      }
      const attempts: unknown[] = [];
      @Component()
      @EnableBinding(Processor)
      class Forward {
        @StreamListener(Processor.INPUT)
        @SendTo(Processor.OUTPUT)
        on(message: Message<string>): Message<string> {
          attempts.push(message.headers['deliveryAttempt']);
          return message;
        }
      }
      const output = `${t.destination}-output`;
      const names = { 'spring.cloud.stream.bindings.output.destination': output };
      await t.run([Forward], { ...PROCESSOR, ...names });
      const tap = await t.probe.tap(output);
      // a foreign producer's words about attempts, failures and partitions
      const foreign = { deliveryAttempt: '7', 'x-attempts': '9', scst_partitionOverride: '3', sourceData: 'x' };
      await t.probe.publish(t.destination, [
        { payload: Buffer.from('body'), headers: { ...foreign, [ID_HEADER]: 'one', contentType: 'text/plain' } },
      ]);
      await t.settled('it is forwarded', async () => (await tap.records()).length > 0);
      deepEqual(attempts, [1], 'the attempt is the one that the framework counted');
      const [forwarded] = await tap.records();
      equal(idOf(forwarded!), 'one');
      for (const name of ['deliveryAttempt', 'scst_partitionOverride', 'sourceData']) {
        ok(!(name in forwarded!.headers), `${name} was sent on`);
      }
    },
  },
  {
    id: 'C07',
    name: 'content-type',
    layer: 'APP',
    async run(t) {
      const payloads = new Map<string, { payload: unknown; contentType: unknown }>();
      @Component()
      @EnableBinding(Processor)
      class Listener {
        @StreamListener(Processor.INPUT)
        on({ payload, headers: { [ID_HEADER]: id, contentType } }: Message<unknown>): void {
          payloads.set(String(id), { payload, contentType });
        }
      }
      await t.run([Listener], { ...PROCESSOR, 'spring.cloud.stream.bindings.input.content-type': 'application/json' });
      const bytes = Buffer.from('ff00fe', 'hex');
      await t.probe.publish(t.destination, [
        { payload: Buffer.from('{"a":1}'), headers: { [ID_HEADER]: 'none' } },
        { payload: Buffer.from('{"a":1}'), headers: { [ID_HEADER]: 'text', contentType: 'text/plain' } },
        { payload: bytes, headers: { [ID_HEADER]: 'unknown', contentType: 'application/x-tck' } },
      ]);
      await t.settled('all arrive', () => payloads.size >= 3);
      deepEqual(payloads.get('none'), { payload: { a: 1 }, contentType: 'application/json' });
      deepEqual(payloads.get('text'), { payload: '{"a":1}', contentType: 'text/plain' });
      const unknown = payloads.get('unknown')!.payload;
      ok(unknown instanceof Uint8Array && bytes.equals(unknown), `an unknown type came as ${String(unknown)}`);
    },
  },
  {
    id: 'C08',
    name: 'foreign-envelope',
    layer: 'APP',
    async run(t) {
      const attempts: unknown[] = [];
      @Component()
      @EnableBinding(Processor)
      class Reply {
        @StreamListener(Processor.INPUT)
        @SendTo(Processor.OUTPUT)
        on({ payload, headers }: Message<string>): string {
          attempts.push(headers['deliveryAttempt']);
          return `re: ${payload}`;
        }
      }
      const output = `${t.destination}-output`;
      await t.run([Reply], { ...PROCESSOR, 'spring.cloud.stream.bindings.output.destination': output });
      const tap = await t.probe.tap(output);
      await t.probe.publish(t.destination, [{ payload: Buffer.from('hello') }]);
      await t.settled('it is answered', async () => (await tap.records()).length > 0);
      deepEqual(attempts, [1]);
      deepEqual((await tap.records()).map(textOf), ['re: hello']);
    },
  },
];

/** B: every message arrives once, with the bytes that were sent. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { isStreambindError } from '@streambind/core/binder';
import type { Case } from '../case.js';
import type { CaseContext } from '../context.js';
import { BESIDE, ID_HEADER, idOf } from '../spi.js';

const hash = (bytes: Uint8Array | null): string =>
  bytes === null ? 'null' : createHash('sha256').update(bytes).digest('hex');

const byId = (records: readonly Parameters<typeof idOf>[0][]): Record<string, string> =>
  Object.fromEntries(records.map((record) => [idOf(record), hash(record.payload)]));

/** The same bytes arrive at a consumer and at the probe, and from the probe at a consumer. */
async function roundTrip(t: CaseContext, payloads: readonly Uint8Array[]): Promise<void> {
  const consumer = await t.consume();
  const tap = await t.probe.tap(t.destination);
  const producer = await t.produce();
  const sent = new Map(payloads.map((payload, index) => [`${t.id}-sent${index}`, payload]));
  await producer.sendAll([...sent.keys()], (id) => ({ payload: sent.get(id)! }));
  await t.settled('everything sent arrives', () => consumer.count >= payloads.length, 30_000);
  const expected = Object.fromEntries([...sent].map(([id, payload]) => [id, hash(payload)]));
  deepEqual(byId(consumer.deliveries), expected);
  deepEqual(byId(await tap.records()), expected);
  t.judge({ messages: payloads.length });

  const foreign = payloads.map((payload, index) => ({ payload, headers: { [ID_HEADER]: `${t.id}-foreign${index}` } }));
  await t.probe.publish(t.destination, foreign);
  await t.until('everything of the probe arrives', () => consumer.count === payloads.length * 2, 30_000);
  deepEqual(byId(consumer.deliveries.slice(payloads.length)), byId(foreign));
}

export const delivery: readonly Case[] = [
  {
    id: 'B01',
    name: 'publish-then-subscribe',
    layer: 'SPI',
    async run(t) {
      await t.declareGroup();
      const ids = t.ids(100);
      const producer = await t.produce();
      await producer.sendAll(ids);
      const consumer = await t.consume();
      await t.settled('all arrive', () => consumer.count >= ids.length);
      deepEqual(byId(consumer.deliveries), byId(ids.map((id) => ({ payload: Buffer.from(id), headers: {} }))));
      equal(consumer.count, ids.length);
      await consumer.close();
      const canary = await t.consume({ group: `${t.group}-canary` });
      await producer.send(`${t.id}-late`);
      await t.settled('the canary hears the late one', () => canary.count > 0, 5000, 500);
      equal(consumer.count, ids.length, 'a closed consumer received something');
      const heir = await t.consume();
      await t.until('it waits for the next consumer', () => heir.count === 1);
      t.judge({ messages: ids.length + 1, group: t.group });
    },
  },
  {
    id: 'B02',
    name: 'subscribe-then-publish',
    layer: 'SPI',
    async run(t) {
      const consumer = await t.consume();
      const ids = t.ids(100);
      for (const id of ids) t.write('attempt', id);
      const publishing = t.probe.publish(
        t.destination,
        ids.map((id) => ({ payload: Buffer.from(id) })),
      );
      await t.until('the first arrives within a second', () => consumer.count > 0, 1000);
      await publishing;
      for (const id of ids) t.write('confirmed', id);
      await t.settled('all arrive', () => consumer.count >= ids.length);
      equal(consumer.count, ids.length);
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'B03',
    name: 'bytes-round-trip',
    layer: 'SPI',
    run: (t) =>
      roundTrip(t, [
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        Buffer.from('ff00ff00ff00', 'hex'),
        Buffer.from('c328a0a1e228a1f0288cbc', 'hex'),
        gzipSync(randomBytes(1000)),
        Buffer.from('\u{feff}a byte order mark'),
      ]),
  },
  {
    id: 'B04',
    name: 'empty-payload',
    layer: 'SPI',
    async run(t) {
      const consumer = await t.consume();
      const producer = await t.produce();
      const { emptyPayload, nullPayload } = t.capabilities;
      const expected: Record<string, string> = {};
      for (const [able, name, payload] of [
        [emptyPayload, 'empty', new Uint8Array()],
        [nullPayload, 'null', null],
      ] as const) {
        if (able) {
          await producer.send(name, { payload, headers: { kept: name } });
          expected[name] = payload === null ? 'null' : 'length 0';
        } else {
          await rejects(producer.send(name, { payload }), (error) => isStreambindError(error));
        }
      }
      await t.settled('both arrive', () => consumer.count >= Object.keys(expected).length);
      const seen = consumer.deliveries.map((delivery) => {
        equal(delivery.headers['kept'], idOf(delivery));
        return [idOf(delivery), delivery.payload === null ? 'null' : `length ${delivery.payload.byteLength}`];
      });
      deepEqual(Object.fromEntries(seen), expected);
      equal(consumer.count, seen.length);
      equal(await t.probe.backlog(t.destination, t.group), 0, 'they are acknowledged');
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
    },
  },
  {
    id: 'B05',
    name: 'payload-1MB',
    layer: 'SPI',
    deadlineMs: 60_000,
    run: (t) =>
      roundTrip(
        t,
        Array.from({ length: t.scale(20) }, () => randomBytes(1_000_000)),
      ),
  },
  {
    id: 'B06',
    name: 'payload-10MB',
    layer: 'SPI',
    serial: true,
    async run(t) {
      // or the most that the broker takes
      const size = Math.min(10 * 2 ** 20, t.capabilities.maxPayload);
      const [base, payload] = [process.memoryUsage().rss, randomBytes(size)];
      const hashes = new Set<string>();
      const faults: Error[] = [];
      const binder = await t.binder({}, (error) => faults.push(error));
      const consumer = await t.consume(
        {
          prefetch: 10,
          handle: (delivery) => {
            hashes.add(hash(delivery.payload));
            return { kind: 'ack' };
          },
        },
        binder,
      );
      const producer = await t.produce({}, binder);
      let peak = 0;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
      t.defer(() => Promise.resolve(clearInterval(watch)));
      const ids = t.ids(5);
      await producer.sendAll(ids, () => ({ payload }));
      await t.settled('all arrive', () => consumer.count >= ids.length, 30_000);
      equal(consumer.count, ids.length);
      deepEqual([...hashes], [hash(payload)]);
      // a client needs something by itself, however small the payload
      const most = Math.max(10 * size * 3, 80 * 2 ** 20);
      ok(peak <= base + most, `resident memory grew by ${Math.round((peak - base) / 2 ** 20)} MiB`);
      deepEqual([...faults, ...consumer.faults], [], 'the connection was kept');
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'B07',
    name: 'payload-over-limit',
    layer: 'SPI',
    async run(t) {
      const consumer = await t.consume();
      const producer = await t.produce();
      const tooLarge = Buffer.alloc(t.capabilities.maxPayload + BESIDE);
      await rejects(producer.send('large', { payload: tooLarge }), (error) =>
        isStreambindError(error, 'PAYLOAD_TOO_LARGE'),
      );
      await producer.send('small');
      await t.settled('the small one arrives', () => consumer.count > 0);
      deepEqual(consumer.ids, ['small']);
      deepEqual(consumer.faults, []);
    },
  },
  {
    id: 'B09',
    name: 'destination-isolation',
    layer: 'SPI',
    async run(t) {
      const names = ['orders', 'Orders', 'orders.eu', 'orders-1', 'order'].map((name) => `${t.id}.${name}`);
      const binder = await t.binder();
      const consumers = await Promise.all(names.map((destination) => t.consume({ destination }, binder)));
      for (const destination of names) await (await t.produce({ destination }, binder)).send(destination);
      await t.settled('each has one', () => consumers.every(({ count }) => count > 0));
      deepEqual(
        consumers.map(({ ids }) => ids),
        names.map((name) => [name]),
      );
    },
  },
  {
    id: 'B11',
    name: 'concurrent-load',
    layer: 'SPI',
    serial: true,
    deadlineMs: 90_000,
    async run(t) {
      const binder = await t.binder();
      const ids = t.ids(t.scale(5000));
      const consumers = await Promise.all(Array.from({ length: 50 }, () => t.consume({}, binder)));
      const producers = await Promise.all(Array.from({ length: 50 }, () => t.produce({}, binder)));
      const started = performance.now();
      await Promise.all(
        producers.map(async (producer, at) => {
          for (let index = at; index < ids.length; index += producers.length) await producer.send(ids[index]!);
        }),
      );
      const total = (): number => consumers.reduce((sum, { count }) => sum + count, 0);
      await t.until('all arrive', () => total() >= ids.length, 60_000 - (performance.now() - started));
      await t.settled('nothing more comes', () => true);
      equal(total(), ids.length);
      deepEqual(new Set(consumers.flatMap((consumer) => consumer.ids)), new Set(ids));
      t.judge({ messages: ids.length });
    },
  },
];

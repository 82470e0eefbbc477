/** F: what becomes of a message is what its handler came to, and nothing else. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Case } from '../case.js';
import type { CaseContext } from '../context.js';
import { ACK, idOf, nack } from '../spi.js';
import type { Later, Settlement } from '@streambind/core/binder';
import type { RawRecord } from '../subject.js';
import { quiet } from '../wait.js';

/** A promise that the case resolves. */
export function gate<T = void>(): { readonly passed: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void;
  const passed = new Promise<T>((resolve) => (open = resolve));
  return { passed, open };
}

export async function deadLettersOf(t: CaseContext, count: number, deadlineMs = 10_000): Promise<readonly RawRecord[]> {
  let found: readonly RawRecord[] = [];
  await t.until(
    `${count} dead letters`,
    async () => (found = await t.probe.deadLetters(t.destination, t.group)).length >= count,
    deadlineMs,
  );
  return found;
}

export const settlement: readonly Case[] = [
  {
    id: 'F01',
    name: 'no-ack-holds',
    layer: 'SPI',
    async run(t) {
      const first = gate<Settlement>();
      const consumer = await t.consume({
        prefetch: 1,
        handle: (_, id) => (id === 'first' ? first.passed : ACK),
      });
      const canary = await t.consume({ destination: `${t.destination}-canary` });
      const producer = await t.produce();
      await producer.send('first');
      await producer.send('second');
      await t.until('the first is delivered', () => consumer.count === 1);
      await quiet(1000);
      await (await t.produce({ destination: `${t.destination}-canary` })).send('canary');
      await t.until('the canary flows', () => canary.count === 1);
      deepEqual(consumer.ids, ['first']);
      first.open(ACK);
      await t.until('the second follows', () => consumer.count === 2, 5000);
      deepEqual(consumer.ids, ['first', 'second']);
    },
  },
  {
    id: 'F02',
    name: 'ack-after-resolve',
    layer: 'SPI',
    async run(t) {
      const handler = gate<Settlement>();
      const consumer = await t.consume({ handle: () => handler.passed });
      await (await t.produce()).send('one');
      await t.until('it is delivered', () => consumer.count === 1);
      for (const until = performance.now() + 2000; performance.now() < until; await quiet(100)) {
        equal(await t.unsettled(), 1, 'it is acknowledged before its handler has ended');
      }
      handler.open(ACK);
      await t.until('it is acknowledged', async () => (await t.unsettled()) === 0, 1000);
      equal(await t.probe.backlog(t.destination, t.group), 0);
      equal(consumer.count, 1);
    },
  },
  {
    id: 'F03',
    name: 'nack-redelivers',
    layer: 'SPI',
    async run(t) {
      const ids = t.ids(100);
      const failing = new Set(ids.slice(0, 2));
      const consumer = await t.consume({
        handle: ({ attempt }, id) => (failing.has(id) && attempt === 1 ? nack() : ACK),
      });
      await (await t.produce()).sendAll(ids);
      await t.settled('all are done', () => consumer.count >= ids.length + failing.size);
      for (const id of ids) {
        const attempts = consumer.deliveries.filter((each) => idOf(each) === id).map(({ attempt }) => attempt);
        deepEqual(attempts, failing.has(id) ? [1, 2] : [1], id);
      }
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'F13',
    name: 'checkpoint-hole',
    layer: 'SPI',
    async run(t) {
      const gates = new Map(['A', 'B', 'C', 'D', 'E'].map((id) => [id, gate<Settlement>()]));
      const consumer = await t.consume({
        prefetch: 10,
        handle: (_, id): Later => ({ kind: 'later', settlement: gates.get(id)!.passed }),
      });
      const producer = await t.produce();
      for (const id of gates.keys()) await producer.send(id);
      await t.until('all are open', () => consumer.count === gates.size);
      // so that what is given back waits for the next consumer
      consumer.pause();
      for (const [id, outcome] of [
        ['A', ACK],
        ['B', ACK],
        ['D', ACK],
        ['C', nack()],
        ['E', nack()],
      ] as const) {
        gates.get(id)!.open(outcome);
        await quiet(50);
      }
      await consumer.close();
      const next = await t.consume();
      await t.settled('what was not done comes again', () => next.ids.includes('C') && next.ids.includes('E'));
      ok(['C,E', 'C,D,E'].includes(next.ids.join()), `came again: ${next.ids.join()}`);
    },
  },
  {
    id: 'F17',
    name: 'nack-storm',
    layer: 'SPI',
    async run(t) {
      await t.partition(3);
      await t.declareGroup();
      const ids = t.ids(50);
      await (await t.produce()).sendAll(ids);
      const binder = await t.binder();
      const storm = await Promise.all(
        [1, 2, 3].map(async () => {
          let nacked = 0;
          const full = gate();
          const consumer = await t.consume(
            {
              handle: () => {
                if (++nacked === 100) full.open();
                return nacked > 100 ? full.passed.then(() => nack()) : nack();
              },
            },
            binder,
          );
          return { consumer, full };
        }),
      );
      for (const { full } of storm) await full.passed;
      for (const { consumer } of storm) await consumer.close();
      const good = await t.consume();
      await t.settled('all are there', () => good.count >= ids.length);
      deepEqual(new Set(good.ids), new Set(ids));
      equal(good.count, ids.length);
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
      t.judge({ messages: ids.length, duplicates: 3 * 10 });
    },
  },
  {
    id: 'F18',
    name: 'retry-survives-restart',
    layer: 'SPI',
    serial: true,
    async run(t) {
      const consumer = await t.consume({ handle: () => nack(2000) });
      await (await t.produce()).send('one');
      const unsettled = t.capabilities.delayedRequeue === 'broker' ? 0 : 1;
      await t.until('it waits for its next attempt', async () => {
        return consumer.count === 1 && (await t.unsettled()) === unsettled;
      });
      await t.broker.restart('killed');
      await consumer.close();
      const next = await t.consume();
      await t.settled('it comes again', () => next.count > 0);
      equal(next.count, 1);
      if (t.capabilities.attempts === 'failures') equal(next.deliveries[0]!.attempt, 2);
    },
  },
];

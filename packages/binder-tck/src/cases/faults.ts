/** I: the broker goes away, comes back, and lies. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStreambindError } from '@streambind/core';
import type { Case } from '../case.js';
import type { Child } from '../child.js';
import { ID_HEADER, idOf } from '../spi.js';
import { quiet } from '../wait.js';

const raw = (id: string) => ({ payload: Buffer.from(id), headers: { [ID_HEADER]: id } });
const OUTPUT = 'spring.cloud.stream.bindings.output';

export const faults: readonly Case[] = [
  {
    id: 'I01',
    name: 'restart-idle',
    layer: 'SPI',
    serial: true,
    async run(t) {
      let running = 0;
      let most = 0;
      const consumer = await t.consume({
        concurrency: 2,
        prefetch: 4,
        handle: async () => {
          most = Math.max(most, ++running);
          await sleep(100);
          running--;
          return { kind: 'ack' };
        },
      });
      await t.probe.publish(t.destination, [raw('before')]);
      const idle = async (): Promise<boolean> => (await t.probe.backlog(t.destination, t.group)) === 0;
      await t.until('it works', async () => consumer.count === 1 && (await idle()));
      for (const how of ['orderly', 'killed'] as const) {
        await t.broker.restart(how);
        await t.probe.publish(t.destination, [raw(how)]);
        await t.until(`it works after the ${how} restart`, () => consumer.ids.includes(how), 10_000);
        await t.until('it is settled', idle);
        equal(await t.probe.consumers(t.destination, t.group), 1, 'consumers at the broker');
      }
      most = 0;
      await t.probe.publish(t.destination, t.ids(20).map(raw));
      const distinct = (): number => new Set(consumer.ids).size;
      await t.until('many arrive', async () => {
        const unsettled = (await t.probe.unsettled?.(t.destination, t.group)) ?? 0;
        // who acknowledges beside its reads may take the next two while their acknowledgements are under way
        ok(unsettled <= (t.broker.keepsHeld ? 4 + 2 : 4), `${unsettled} taken and not settled`);
        return distinct() >= 23 && running === 0;
      });
      await quiet(2000);
      equal(distinct(), 23);
      ok(consumer.count <= 23 + 2, 'more came again than the two whose acknowledgements the kill may have overtaken');
      equal(most, 2, 'handlers at once');
    },
  },
  {
    id: 'I02',
    name: 'restart-under-load',
    layer: 'SPI',
    serial: true,
    deadlineMs: 150_000,
    async run(t) {
      const [publishers, prefetch] = [100, 100];
      const ids = t.ids(t.scale(10_000));
      const consumer = await t.consume({ concurrency: 10, prefetch });
      const producer = await t.produce();
      let confirmed = 0;
      const publish = async (id: string): Promise<void> => {
        for (;;) {
          try {
            await producer.send(id);
            confirmed++;
            return;
          } catch (error) {
            if (!isStreambindError(error)) throw error;
            await sleep(20);
          }
        }
      };
      const publishing = Promise.all(
        Array.from({ length: publishers }, async (_, at) => {
          for (let index = at; index < ids.length; index += publishers) await publish(ids[index]!);
        }),
      );
      for (const part of [1 / 3, 1 / 2]) {
        await t.until(`${part} is confirmed`, () => confirmed >= ids.length * part, 30_000);
        await t.broker.restart('killed');
      }
      await publishing;
      const distinct = (): number => new Set(consumer.ids).size;
      await t.until('all arrive', () => distinct() >= ids.length, 60_000);
      await quiet(2000);
      t.judge({ messages: ids.length, duplicates: 2 * (publishers + prefetch) });
      equal(await t.probe.backlog(t.destination, t.group), 0);
    },
  },
  {
    id: 'I05',
    name: 'crash-mid-message',
    layer: 'APP',
    serial: true,
    async run(t) {
      const properties = {
        'spring.cloud.stream.bindings.input.consumer.concurrency': 10,
        'spring.cloud.stream.bindings.input.consumer.prefetch': 10,
        'tck.handler-ms': 5000,
      };
      const victim = await t.start('consumer', properties);
      const another = (): Promise<Child> => t.start('consumer', { ...properties, 'tck.handler-ms': 100 });
      // a broker that assigns partitions would move them, in order, when the other one comes
      const sharing = t.capabilities.partitions === 'broker' ? await another() : undefined;
      const ids = t.ids(10);
      await t.produce().then((producer) => producer.sendAll(ids));
      await t.until('they are handled', () => {
        return victim.delivered().length + (sharing?.delivered().length ?? 0) === ids.length;
      });
      const heir = sharing ?? (await another());
      const held = victim.delivered().map(({ id }) => id);
      ok(held.length > 0, 'it has none of them');
      await quiet(1000);
      equal(heir.delivered().length, ids.length - held.length);
      await victim.kill();
      const has = (id: string): boolean => heir.delivered().some((each) => each.id === id);
      await t.until('the other gets what it held', () => held.every(has), t.capabilities.redeliverOnCrashMs);
      await t.settled('it handles them', () => heir.handled().length >= ids.length);
      if (t.capabilities.attempts === 'deliveries') ok(heir.delivered().every(({ attempt }) => attempt >= 2));
      t.judge({ messages: ids.length, duplicates: held.length });
    },
  },
  {
    id: 'I06',
    name: 'half-open',
    layer: 'APP',
    serial: true,
    async run(t) {
      const heartbeatMs = 2000;
      const side = `${t.destination}-side`;
      const properties = {
        'spring.cloud.stream.bindings.output.destination': side,
        [`${OUTPUT}.producer.send-timeout`]: '3s',
        'spring.cloud.stream.bindings.input.consumer.concurrency': 10,
        'tck.handler-ms': 1500,
      };
      await t.partition(10);
      const silent = await t.start('consumer,sender', properties, { heartbeatMs });
      const other = await t.start('consumer', properties, { heartbeatMs });
      const tap = await t.probe.tap(side);
      const ids = t.ids(10);
      await t.probe.publish(t.destination, ids.map(raw));
      await t.until('both handle some', () => silent.delivered().length + other.delivered().length === ids.length);
      const held = silent.delivered().map(({ id }) => id);
      const sent = t.ids(1000, 'sent');
      silent.ask({ send: sent });
      await t.until('it sends', () => silent.sent().length > 0);
      const wake = await t.broker.halfOpen(silent.pid);
      const has = (id: string): boolean => other.delivered().some((each) => each.id === id);
      await t.until('the other gets what it held', () => held.every(has), 2 * heartbeatMs + 5000);
      await wake();
      await t.until('every send has an end', () => silent.sent().length === sent.length);
      for (const { code } of silent.sent()) ok(code === undefined || code === 'PUBLISH_UNKNOWN', code);
      const stored = new Set((await tap.records()).map(idOf));
      deepEqual(
        silent.sent().filter(({ id, code }) => code === undefined && !stored.has(id)),
        [],
      );
      await t.until('it is back', async () => (await t.probe.consumers(t.destination, t.group)) === 2);
      const more = t.ids(40, 'more');
      await t.probe.publish(t.destination, more.map(raw));
      const handled = (): Set<string> => new Set([...silent.handled(), ...other.handled()]);
      await t.settled('all are handled', () => [...ids, ...more].every((id) => handled().has(id)), 20_000);
      ok(
        more.some((id) => silent.handled().includes(id)),
        'it consumes no more',
      );
      const deliveries = silent.delivered().length + other.delivered().length;
      ok(deliveries <= ids.length + more.length + held.length, `${deliveries} deliveries`);
    },
  },
];

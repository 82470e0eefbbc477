/** D: who gets what, who keeps what, and from where a group reads. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Case } from '../case.js';
import type { Consumer } from '../spi.js';

const total = (consumers: readonly Pick<Consumer, 'count'>[]): number =>
  consumers.reduce((sum, { count }) => sum + count, 0);

export const groups: readonly Case[] = [
  {
    id: 'D01',
    name: 'two-groups',
    layer: 'SPI',
    async run(t) {
      const names = [`${t.group}1`, `${t.group}2`];
      for (const group of names) await t.declareGroup(group);
      const ids = t.ids(50);
      await (await t.produce()).sendAll(ids);
      const consumers = await Promise.all(names.map((group) => t.consume({ group })));
      await t.settled('both read all', () => consumers.every(({ count }) => count >= ids.length));
      for (const [at, group] of names.entries()) {
        equal(consumers[at]!.count, ids.length);
        t.judge({ group, messages: ids.length });
      }
    },
  },
  {
    id: 'D02',
    name: 'competing',
    layer: 'APP',
    serial: true,
    async run(t) {
      await t.partition(6);
      const instances = await Promise.all([1, 2, 3].map(() => t.start('consumer')));
      const ids = t.ids(t.scale(3000));
      const producer = await t.produce();
      // as they come, not as one batch: sharing is seen only while there is something to share
      for (let at = 0; at < ids.length; at += 10) await producer.sendAll(ids.slice(at, at + 10));
      const counts = (): number[] => instances.map((instance) => instance.handled().length);
      await t.settled('all are handled', () => counts().reduce((a, b) => a + b) >= ids.length, 30_000);
      deepEqual(new Set(instances.flatMap((instance) => instance.handled())), new Set(ids));
      t.judge({ messages: ids.length });
      for (const count of counts()) ok(count >= ids.length / 10, `the shares are ${counts().join(', ')}`);
    },
  },
  {
    id: 'D03',
    name: 'anonymous',
    layer: 'SPI',
    needs: ['anonymousGroups'],
    async run(t) {
      const [stays, leaves] = [await t.consume({ group: undefined }), await t.consume({ group: undefined })];
      const producer = await t.produce();
      await producer.send('first');
      await t.until('both get the first', () => total([stays, leaves]) === 2);
      await leaves.close();
      await producer.send('away');
      await t.until('the other gets the second', () => stays.count === 2);
      const again = await t.consume({ group: undefined });
      await producer.send('back');
      await t.settled('both get the third', () => stays.count === 3 && again.count > 0);
      deepEqual([stays.ids, leaves.ids, again.ids], [['first', 'away', 'back'], ['first'], ['back']]);
      await Promise.all([stays.close(), again.close()]);
      deepEqual(await t.probe.groups(t.destination), [], 'groups are left at the broker');
    },
  },
  {
    id: 'D04',
    name: 'required-groups',
    layer: 'SPI',
    async run(t) {
      const names = [`${t.group}1`, `${t.group}2`];
      const producer = await t.produce({ requiredGroups: names });
      const ids = t.ids(20);
      await producer.sendAll(ids);
      const consumers = await Promise.all(names.map((group) => t.consume({ group })));
      await t.settled('both read all', () => consumers.every(({ count }) => count >= ids.length));
      for (const group of names) t.judge({ group, messages: ids.length });
    },
  },
  {
    id: 'D05',
    name: 'reopen-batches',
    layer: 'SPI',
    deadlineMs: 120_000,
    async run(t) {
      await t.declareGroup();
      const ids = t.ids(t.scale(5000));
      await (await t.produce()).sendAll(ids);
      const batch = ids.length / 5;
      const prefetch = 10;
      let read = 0;
      let open = 0;
      for (let round = 0; read < ids.length; round++) {
        const consumer = await t.consume({ prefetch });
        await t.until(`batch ${round} is read`, () => consumer.count >= Math.min(batch, ids.length - read), 30_000);
        open += (await t.probe.unsettled?.(t.destination, t.group)) ?? 0;
        await consumer.close();
        read = new Set(t.ledger.flatMap(({ event, id }) => (event === 'acked' ? [id] : []))).size;
        ok(round < 10, 'the batches do not come to an end');
      }
      equal(await t.probe.backlog(t.destination, t.group), 0);
      t.judge({ messages: ids.length, duplicates: open });
    },
  },
  {
    id: 'D06',
    name: 'start-position',
    layer: 'SPI',
    needs: ['replay'],
    async run(t) {
      // its backlog keeps the old ones where the broker deletes what everybody has read
      await t.declareGroup(`${t.group}-keeper`);
      const producer = await t.produce();
      const old = t.ids(10, 'old');
      await producer.sendAll(old);
      const earliest = await t.consume({ group: `${t.group}-earliest`, startFrom: 'earliest' });
      const latest = await t.consume({ group: `${t.group}-latest`, startFrom: 'latest' });
      const fresh = t.ids(10, 'new');
      await producer.sendAll(fresh);
      await t.settled('both have read', () => earliest.count >= 20 && latest.count >= 10);
      deepEqual(new Set(earliest.ids), new Set([...old, ...fresh]));
      equal(earliest.count, 20);
      deepEqual(new Set(latest.ids), new Set(fresh));
      equal(latest.count, 10);
    },
  },
  {
    id: 'D09',
    name: 'broker-restart-durability',
    layer: 'SPI',
    serial: true,
    async run(t) {
      await t.declareGroup();
      const producer = await t.produce();
      const batches = [t.ids(t.scale(1000), 'killed'), t.ids(t.scale(1000), 'orderly')];
      for (const [at, how] of (['killed', 'orderly'] as const).entries()) {
        await producer.sendAll(batches[at]!);
        await t.broker.restart(how);
      }
      const ids = batches.flat();
      const consumer = await t.consume({ prefetch: 100 });
      await t.settled('all are there', () => consumer.count >= ids.length, 20_000);
      deepEqual(new Set(consumer.ids), new Set(ids));
      t.judge({ messages: ids.length });
    },
  },
];

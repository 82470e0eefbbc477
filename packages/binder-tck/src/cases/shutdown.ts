/** H: what a process leaves behind when it is told to end. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import type { Case } from '../case.js';
import { ID_HEADER } from '../spi.js';
import { quiet } from '../wait.js';

const raw = (id: string) => ({ payload: Buffer.from(id), headers: { [ID_HEADER]: id } });
const CONCURRENCY = 'spring.cloud.stream.bindings.input.consumer.concurrency';
const PHASE = 'spring.lifecycle.timeout-per-shutdown-phase';

export const shutdown: readonly Case[] = [
  {
    id: 'H01',
    name: 'drain',
    layer: 'APP',
    serial: true,
    async run(t) {
      const app = await t.start('consumer', { [CONCURRENCY]: 10, 'tck.handler-ms': 2000 });
      const ids = t.ids(10);
      await t.probe.publish(t.destination, ids.map(raw));
      await t.until('all are being handled', () => app.delivered().length === ids.length);
      await quiet(1000);
      app.signal('SIGTERM');
      const signalled = Date.now();
      const ended = app.end();
      const late = t.ids(10, 'late');
      for (const id of late) {
        await t.probe.publish(t.destination, [raw(id)]);
        await quiet(50);
      }
      const { code, ms } = await ended;
      equal(code, 0, app.log);
      ok(ms <= 3000, `it ended after ${Math.round(ms)} ms`);
      deepEqual(app.handled().slice(0, 10).toSorted(), ids.toSorted());
      const taken = app.delivered().filter(({ at }) => at > signalled + 200);
      deepEqual(taken, [], 'it took something more');
      const next = await t.consume();
      const rest = late.filter((id) => !app.handled().includes(id));
      await t.settled('the next consumer gets the others', () => next.count >= rest.length);
      deepEqual(next.ids.toSorted(), rest.toSorted());
    },
  },
  {
    id: 'H02',
    name: 'drain-deadline',
    layer: 'APP',
    serial: true,
    async run(t) {
      const app = await t.start('consumer', { 'tck.handler-ms': 60_000, [PHASE]: '3s' });
      await t.probe.publish(t.destination, [raw('long')]);
      await t.until('it is being handled', () => app.delivered().length === 1);
      app.signal('SIGTERM');
      const { code, ms } = await app.end();
      ok(ms >= 2900 && ms <= 5000, `it ended after ${Math.round(ms)} ms`);
      notEqual(code, 0);
      notEqual(code, null);
      const next = await t.consume();
      await t.settled('the next consumer gets it', () => next.count > 0);
      deepEqual(next.ids, ['long']);
      if (t.capabilities.attempts !== 'deliveries') equal(next.deliveries[0]!.attempt, 1, 'a shutdown is no failure');
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
    },
  },
  {
    id: 'H03',
    name: 'flush-publishes',
    layer: 'APP',
    async run(t) {
      const app = await t.start('sender');
      const tap = await t.probe.tap(t.destination);
      const ids = t.ids(1000);
      app.ask({ send: ids });
      await t.until('all are started', () => app.told.some(({ tells }) => tells === 'sending'));
      app.signal('SIGTERM');
      const { code } = await app.end();
      const confirmed = t.ledger.flatMap(({ event, id }) => (event === 'confirmed' ? [id] : []));
      const records = new Set((await tap.records()).map(({ headers }) => headers[ID_HEADER]));
      deepEqual(
        confirmed.filter((id) => !records.has(id)),
        [],
        'confirmed and not there',
      );
      if (confirmed.length < ids.length) {
        notEqual(code, 0);
        const unconfirmed = ids.filter((id) => !confirmed.includes(id));
        ok(
          unconfirmed.every((id) => app.log.includes(id)),
          'what was not confirmed is not named',
        );
      } else equal(code, 0, app.log);
    },
  },
  {
    id: 'H05',
    name: 'shutdown-in-backoff',
    layer: 'SPI',
    async run(t) {
      const failing = await t.consume({
        ordered: true,
        handle: () => ({ kind: 'requeue', delayMs: 30_000, failure: new Error('fails') }),
      });
      await (await t.produce()).send('one');
      await t.until('it fails', () => failing.count === 1);
      await failing.close(1000);
      const next = await t.consume();
      await t.settled('it is given back', () => next.count > 0, 5000);
      equal(next.count, 1);
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
    },
  },
];

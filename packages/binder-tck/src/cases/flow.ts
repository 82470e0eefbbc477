/** G: how much runs, waits and piles up. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Component,
  EnableBinding,
  Header,
  MessageBuilder,
  MessageChannel,
  Resource,
  Sink,
  Source,
  StreamListener,
  isStreambindError,
} from '@streambind/core';
import type { Later, Settlement } from '@streambind/core/binder';
import type { Case } from '../case.js';
import { ACK, ID_HEADER, textOf } from '../spi.js';
import { quiet } from '../wait.js';
import { gate } from './settlement.js';

const MIB = 2 ** 20;

export const flow: readonly Case[] = [
  {
    id: 'G01',
    name: 'concurrency-limit',
    layer: 'SPI',
    async run(t) {
      let [running, most] = [0, 0];
      const consumer = await t.consume({
        concurrency: 4,
        prefetch: 20,
        handle: async () => {
          most = Math.max(most, ++running);
          await sleep(50);
          running--;
          return ACK;
        },
      });
      const ids = t.ids(100);
      await (await t.produce()).sendAll(ids);
      await t.settled('all are done', () => consumer.count >= ids.length && running === 0, 15_000);
      equal(most, 4);
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'G02',
    name: 'prefetch-bound',
    layer: 'SPI',
    async run(t) {
      await t.declareGroup();
      const ids = t.ids(t.scale(10_000));
      const producer = await t.produce();
      for (let at = 0; at < ids.length; at += 1000) await producer.sendAll(ids.slice(at, at + 1000));
      const blocked = gate<Settlement>();
      const consumer = await t.consume({ prefetch: 20, concurrency: 5, handle: () => blocked.passed });
      await t.until('it is full', async () => (await t.unsettled()) >= 5 && consumer.count >= 5);
      const before = process.memoryUsage().rss;
      for (const until = performance.now() + (t.quick ? 1000 : 5000); performance.now() < until; await quiet(50)) {
        const unsettled = (await t.probe.unsettled?.(t.destination, t.group)) ?? 0;
        ok(unsettled <= 20, `${unsettled} are taken and not settled`);
      }
      const grown = process.memoryUsage().rss - before;
      ok(grown < 20 * MIB, `resident memory grew by ${Math.round(grown / MIB)} MiB`);
      equal(consumer.count, 5);
      blocked.open(ACK);
    },
  },
  {
    id: 'G03',
    name: 'saturated-resume',
    layer: 'SPI',
    async run(t) {
      await t.declareGroup();
      const ids = t.ids(200);
      await (await t.produce()).sendAll(ids);
      const held = gate<Settlement>();
      let taken = 0;
      const consumer = await t.consume({
        prefetch: 50,
        handle: (): Settlement | Later => (++taken <= 50 ? { kind: 'later', settlement: held.passed } : ACK),
      });
      await t.until('fifty are held', () => consumer.count === 50);
      await quiet(t.quick ? 500 : 5000);
      equal(consumer.count, 50);
      held.open(ACK);
      await t.settled('the others flow', () => consumer.count >= ids.length);
      deepEqual(new Set(consumer.ids), new Set(ids));
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'G04',
    name: 'publish-backpressure',
    layer: 'APP',
    serial: true,
    async run(t) {
      @Component()
      @EnableBinding(Source)
      class Sender {
        @Resource() readonly output!: MessageChannel;
      }
      const maxInFlight = 100;
      const application = await t.run([Sender], {
        'spring.cloud.stream.bindings.output.producer.max-in-flight': maxInFlight,
        'spring.cloud.stream.bindings.output.content-type': 'text/plain',
      });
      const { output } = application.get(Sender);
      const tap = await t.probe.tap(t.destination);
      const unblock = await t.broker.block();
      const outcomes = new Map<string, number>();
      const sends: Promise<void>[] = [];
      const body = 'x'.repeat(1000);
      const before = process.memoryUsage().rss;
      const count = t.scale(100_000);
      for (let sent = 0; sent < count; sent++) {
        const sending = output.send(MessageBuilder.withPayload(body).build()).then(
          () => 'confirmed',
          (error: unknown) => (isStreambindError(error) ? error.code : String(error)),
        );
        sends.push(sending.then((outcome) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)));
        if (sent % 1000 === 999) await sleep(1);
      }
      await t.until('the others are refused', () => outcomes.get('BUFFER_FULL') === count - 2 * maxInFlight);
      deepEqual([...outcomes.keys()], ['BUFFER_FULL']);
      const grown = process.memoryUsage().rss - before;
      ok(grown < 150 * MIB, `resident memory grew by ${Math.round(grown / MIB)} MiB`);
      await unblock();
      await Promise.all(sends);
      deepEqual(Object.fromEntries(outcomes), { BUFFER_FULL: count - 2 * maxInFlight, confirmed: 2 * maxInFlight });
      const records = await tap.records();
      deepEqual([records.length, new Set(records.map(textOf)).size], [2 * maxInFlight, 1]);
    },
  },
  {
    id: 'G05',
    name: 'pause-resume',
    layer: 'APP',
    async run(t) {
      const starts: { id: string; at: number }[] = [];
      @Component()
      @EnableBinding(Sink)
      class Listener {
        @StreamListener(Sink.INPUT)
        async on(@Header(ID_HEADER) id: string): Promise<void> {
          starts.push({ id, at: performance.now() });
          await sleep(5);
        }
      }
      const application = await t.run([Listener]);
      const producer = await t.produce();
      const ids = t.ids(400);
      const sending = (async () => {
        for (const id of ids) {
          await producer.send(id);
          await sleep(2);
        }
      })();
      await t.until('it flows', () => starts.length >= 20);
      const binding = application.binding('input');
      binding.pause();
      const paused = starts.length;
      const pauseMs = t.quick ? 1000 : 3000;
      for (const until = performance.now() + pauseMs; performance.now() < until; await quiet(50)) {
        equal(await t.probe.consumers(t.destination, t.group), 1, 'it left the group');
      }
      equal(starts.length, paused, 'handlers started during the pause');
      binding.resume();
      await sending;
      await t.settled('all are handled', () => starts.length >= ids.length);
      deepEqual(starts.map(({ id }) => id).toSorted(), ids.toSorted());
    },
  },
];

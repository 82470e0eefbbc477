/** F, seen by an application: retry, dead letters, and acknowledgement by hand. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Acknowledgment,
  Component,
  EnableBinding,
  Header,
  Message,
  Processor,
  RejectAndDontRequeueError,
  SendTo,
  Sink,
  StreamListener,
  isStreambindError,
} from '@streambind/core';
import type { Case } from '../case.js';
import { BESIDE, ID_HEADER, idOf, textOf } from '../spi.js';
import { quiet } from '../wait.js';
import { CONSUMER, listener, text } from './listening.js';
import { deadLettersOf, gate } from './settlement.js';

export const retry: readonly Case[] = [
  {
    id: 'F04',
    name: 'attempts-and-backoff',
    layer: 'APP',
    async run(t) {
      const calls: { attempt: number; at: number }[] = [];
      await t.run(
        [
          listener((_, attempt) => {
            calls.push({ attempt, at: performance.now() });
            throw new Error('always');
          }),
        ],
        { [`${CONSUMER}.max-attempts`]: 3, [`${CONSUMER}.back-off-initial-interval`]: 200 },
      );
      await t.probe.publish(t.destination, [text('one')]);
      const found = await deadLettersOf(t, 1);
      await t.settled('nothing more happens', () => true);
      deepEqual(
        calls.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      const gaps = calls.slice(1).map(({ at }, index) => at - calls[index]!.at);
      for (const [index, wanted] of [200, 400].entries()) {
        ok(Math.abs(gaps[index]! - wanted) <= wanted / 2, `the gaps are ${gaps.map(Math.round).join(', ')} ms`);
      }
      deepEqual(found.map(idOf), ['one']);
    },
  },
  {
    id: 'F07',
    name: 'poison-isolated',
    layer: 'APP',
    serial: true,
    async run(t) {
      const done: string[] = [];
      const poison = new Set<string>();
      // in a log that is in order, what is behind a message that fails has to wait for it; other partitions have not
      await t.partition(2);
      await t.run(
        [
          listener(async (id) => {
            await sleep(5);
            if (poison.has(id)) throw new Error('poison');
            done.push(id);
          }),
        ],
        { [`${CONSUMER}.back-off-initial-interval`]: 500 },
      );
      const timed = async (ids: readonly string[]): Promise<number> => {
        done.length = 0;
        await t.probe.publish(
          t.destination,
          ids.map((id) => t.inPartition(Number(poison.has(id)), text(id))),
        );
        return t.until('the healthy ones are done', () => done.length >= ids.length - poison.size, 30_000);
      };
      const alone = await timed(t.ids(99, 'alone'));
      const ids = t.ids(100, 'mixed');
      poison.add(ids[9]!);
      const mixed = await timed(ids);
      ok(mixed <= 2 * alone, `${Math.round(mixed)} ms instead of ${Math.round(alone)} ms`);
      deepEqual((await deadLettersOf(t, 1)).map(idOf), [ids[9]]);
      deepEqual(done.toSorted(), ids.filter((id) => !poison.has(id)).toSorted());
    },
  },
  {
    id: 'F08',
    name: 'non-retryable',
    layer: 'APP',
    async run(t) {
      class FatalError extends Error {}
      class MoreFatalError extends FatalError {}
      const calls: string[] = [];
      await t.run(
        [
          listener((id, attempt) => {
            calls.push(`${id} ${attempt}`);
            if (id === 'rejected') throw new RejectAndDontRequeueError('rejected');
            throw new MoreFatalError('fatal');
          }),
        ],
        { [`${CONSUMER}.retryable-exceptions.FatalError`]: false },
      );
      await t.probe.publish(t.destination, [text('fatal'), text('rejected')]);
      const found = await deadLettersOf(t, 2, 3000);
      await t.settled('nothing more happens', () => true);
      deepEqual(calls.toSorted(), ['fatal 1', 'rejected 1']);
      deepEqual(found.map(idOf).toSorted(), ['fatal', 'rejected']);
    },
  },
  {
    id: 'F12',
    name: 'settle-misuse',
    layer: 'APP',
    serial: true,
    async run(t) {
      const received: { readonly id: string; readonly acknowledgment: Acknowledgment }[] = [];
      const settled = new Set<string>();
      @Component()
      @EnableBinding(Sink)
      class Listener {
        @StreamListener(Sink.INPUT)
        on({ headers }: Message<unknown>, acknowledgment: Acknowledgment): void {
          const id = String(headers[ID_HEADER]);
          // the kill may overtake an acknowledgement that was given before it
          if (settled.has(id)) acknowledgment.acknowledge();
          else received.push({ id, acknowledgment });
        }
      }
      // in a log that is in order, what is behind an open one has to wait for it
      await t.partition(2);
      const send = (...ids: readonly string[]): Promise<void> =>
        t.probe.publish(
          t.destination,
          ids.map((id) => t.inPartition(Number(id === 'never'), text(id))),
        );
      const manual = t.broker.manualAcknowledgement('input');
      const properties = { ...manual, 'spring.lifecycle.timeout-per-shutdown-phase': '500ms' };
      await t.run([Listener], {}, t.properties(properties, { heartbeatMs: 2000 }));
      /** A member that is back in time keeps its partitions, whatever happened to the broker. */
      const giveUp = async (): Promise<void> => {
        const wake = await t.broker.halfOpen(process.pid);
        await t.until('the group goes on without it', async () => {
          return (await t.probe.consumers(t.destination, t.group)) === 0;
        });
        await wake();
      };
      const receive = async (id: string, times = 1): Promise<Acknowledgment> => {
        const all = (): typeof received => received.filter((each) => each.id === id);
        await t.until(`${id} is received`, () => all().length >= times, 15_000);
        return all().at(-1)!.acknowledgment;
      };
      const settledTwice = (call: () => void): void =>
        throws(call, (error) => isStreambindError(error, 'ALREADY_SETTLED'));

      await send('twice');
      const twice = await receive('twice');
      twice.acknowledge();
      settledTwice(() => twice.acknowledge());
      await send('both');
      const both = await receive('both');
      both.acknowledge();
      settledTwice(() => both.nack());

      await t.until('both are settled', async () => (await t.unsettled()) === 0);
      settled.add('twice').add('both');

      await send('stale', 'never');
      const stale = await receive('stale');
      await receive('never');
      await (t.capabilities.partitions === 'broker' ? giveUp() : t.broker.restart('killed'));
      const { keepsHeld = false } = t.broker;
      if (!keepsHeld) {
        const fresh = await receive('stale', 2);
        stale.acknowledge();
        await quiet(500);
        equal(await t.unsettled(), 2, 'a stale acknowledgement settled something');
        fresh.acknowledge();
      } else {
        stale.acknowledge();
      }
      await send('canary');
      (await receive('canary')).acknowledge();
      await t.until('only the one that nobody settles is open', async () => {
        return (await t.probe.backlog(t.destination, t.group)) === 1;
      });
      await t.settled('no loop of errors', () => true);
      const again = keepsHeld ? [] : ['never', 'stale'];
      const expected = ['both', 'canary', 'never', 'stale', 'twice', ...again].toSorted();
      deepEqual(received.map(({ id }) => id).toSorted(), expected);
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
    },
  },
  {
    id: 'F14',
    name: 'ack-chain',
    layer: 'APP',
    serial: true,
    async run(t) {
      const handler = gate();
      const attempts: number[] = [];
      const tooLarge = Buffer.alloc(t.capabilities.maxPayload + BESIDE);
      @Component()
      @EnableBinding(Processor)
      class Chain {
        @StreamListener(Processor.INPUT)
        @SendTo(Processor.OUTPUT)
        async on(@Header(ID_HEADER) id: string, @Header('deliveryAttempt') attempt: number): Promise<unknown> {
          if (id === 'large') {
            attempts.push(attempt);
            return tooLarge;
          }
          await handler.passed;
          return 'answer';
        }
      }
      const output = `${t.destination}-output`;
      await t.run([Chain], {
        'spring.cloud.stream.bindings.output.destination': output,
        'spring.cloud.stream.bindings.output.content-type': 'text/plain',
        [`${CONSUMER}.max-attempts`]: 2,
        [`${CONSUMER}.back-off-initial-interval`]: 50,
      });
      const tap = await t.probe.tap(output);
      await t.probe.publish(t.destination, [text('question')]);
      await t.until('it is being handled', async () => (await t.unsettled()) === 1);
      const unblock = await t.broker.block();
      handler.open();
      await quiet(1000);
      equal(await t.unsettled(), 1, 'the input is acknowledged before its output is confirmed');
      await unblock();
      await t.until('both are through', async () => (await t.unsettled()) === 0 && (await tap.records()).length === 1);
      deepEqual((await tap.records()).map(textOf), ['answer']);

      await t.probe.publish(t.destination, [text('large')]);
      deepEqual((await deadLettersOf(t, 1)).map(idOf), ['large']);
      deepEqual(attempts, [1, 2], 'an input whose output fails is tried again');
      equal((await tap.records()).length, 1);
    },
  },
];

/** F, seen by an application: what lies in the dead letters, and why. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { Component, EnableBinding, Payload, RejectAndDontRequeueError, Sink, StreamListener } from '@streambind/core';
import type { Case } from '../case.js';
import { ID_HEADER, idOf, textOf } from '../spi.js';
import type { DeadLetterHeaders, RawRecord } from '../subject.js';
import { CONSUMER, listener, text } from './listening.js';
import { deadLettersOf } from './settlement.js';

/** Everything that a dead letter says, as one text. */
const saidBy = ({ headers }: RawRecord): string => Object.values(headers).map(String).join('\n');

/** Where Spring has no binder: its four names for RabbitMQ, and what those do not tell. */
const ownDeadLetter = (destination: string, group: string): DeadLetterHeaders => ({
  names: [
    'x-exception-message',
    'x-exception-stacktrace',
    'x-original-exchange',
    'x-original-routingKey',
    'x-original-group',
    'x-attempts',
    'x-first-failure',
    'x-last-failure',
    'x-error-code',
  ],
  values: {
    'x-exception-message': 'it never works',
    'x-original-exchange': destination,
    'x-original-routingKey': destination,
    'x-original-group': group,
    'x-error-code': 'TypeError',
  },
});

export const deadLetters: readonly Case[] = [
  {
    id: 'F05',
    name: 'dlq-fidelity',
    layer: 'APP',
    async run(t) {
      const before = Date.now();
      await t.run(
        [
          listener(() => {
            throw new TypeError('it never works');
          }),
        ],
        { [`${CONSUMER}.max-attempts`]: 3, [`${CONSUMER}.back-off-initial-interval`]: 50 },
      );
      const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const headers = { [ID_HEADER]: 'one', contentType: 'application/octet-stream', tenant: 'ümlaut 🚀' };
      await t.probe.publish(t.destination, [{ payload, headers }]);
      const [letter] = await deadLettersOf(t, 1);
      await t.settled('nothing more comes', () => true);
      equal((await t.probe.deadLetters(t.destination, t.group)).length, 1);
      deepEqual(Buffer.from(letter!.payload!), Buffer.from(payload));
      const spring = t.broker.springDeadLetter?.(t.destination, t.group);
      const { names, values } = spring ?? ownDeadLetter(t.destination, t.group);
      deepEqual(Object.keys(letter!.headers).sort(), [...Object.keys(headers), ...names].sort());
      for (const [name, value] of Object.entries({ ...headers, ...values })) {
        equal(letter!.headers[name], value, name);
      }
      match(saidBy(letter!), /it never works/);
      ok(Buffer.byteLength(letter!.wire) < 20_000, 'the stack is cut');
      const dates = Object.values(letter!.headers).filter((value) => value instanceof Date);
      for (const date of dates) ok(+date >= before && +date <= Date.now(), 'the times are those of the failures');
      if (!spring) equal(letter!.headers['x-attempts'], 3);
    },
  },
  {
    id: 'F09',
    name: 'invalid-json',
    layer: 'APP',
    async run(t) {
      class Order {
        amount = 0;
      }
      const amountIsNumber = {
        '~standard': {
          version: 1 as const,
          vendor: 'tck',
          validate: (value: unknown) =>
            typeof (value as Order).amount === 'number'
              ? { value: value as Order }
              : { issues: [{ message: 'has to be a number', path: ['amount'] }] },
        },
      };
      const orders: Order[] = [];
      @Component()
      @EnableBinding(Sink)
      class Listener {
        @StreamListener(Sink.INPUT)
        on(@Payload({ type: Order, schema: amountIsNumber }) order: Order): void {
          orders.push(order);
        }
      }
      await t.run([Listener]);
      const bodies = { broken: '{"a":', invalid: '{"amount":"many"}', good: '{"amount":3}' };
      await t.probe.publish(
        t.destination,
        Object.entries(bodies).map(([id, body]) => ({
          payload: Buffer.from(body),
          headers: { [ID_HEADER]: id, contentType: 'application/json' },
        })),
      );
      const found = await deadLettersOf(t, 2, 3000);
      await t.settled('the good one is handled', () => orders.length > 0);
      deepEqual(
        orders.map(({ amount }) => amount),
        [3],
      );
      const byId = new Map(found.map((letter) => [idOf(letter), letter]));
      deepEqual([...byId.keys()].toSorted(), ['broken', 'invalid']);
      for (const [id, letter] of byId) equal(textOf(letter), bodies[id as keyof typeof bodies]);
      match(saidBy(byId.get('broken')!), /position 5|line 1|column 6/i);
      match(saidBy(byId.get('invalid')!), /amount/);
    },
  },
  {
    id: 'F10',
    name: 'dlq-unavailable',
    layer: 'APP',
    async run(t) {
      const application = await t.run([
        listener((id) => {
          if (id === 'dead') throw new RejectAndDontRequeueError('never');
        }),
      ]);
      const accept = await t.broker.refuseDeadLetters(t.destination, t.group);
      await t.probe.publish(t.destination, [text('dead')]);
      await t.until(
        'the application says so',
        async () => (await application.health()).readiness === 'degraded',
        10_000,
      );
      const { binders, liveness } = await application.health();
      equal(liveness, 'up');
      match(
        Object.values(binders)
          .map(({ reason }) => reason)
          .join(),
        /refused/,
      );
      equal(await t.probe.backlog(t.destination, t.group), 1, 'the message is not acknowledged');
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
      await accept();
      deepEqual((await deadLettersOf(t, 1, 40_000)).map(idOf), ['dead']);
      await t.until('all is well again', async () => (await application.health()).readiness === 'up');
      await t.until('it is acknowledged', async () => (await t.probe.backlog(t.destination, t.group)) === 0);
    },
  },
];

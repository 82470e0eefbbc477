/** I, seen by those who send and by those who ask how it goes. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Component,
  EnableBinding,
  Header,
  MessageBuilder,
  MessageChannel,
  Processor,
  Resource,
  Source,
  StreamListener,
  isStreambindError,
  type ApplicationHealth,
} from '@streambind/core';
import type { Case } from '../case.js';
import { ID_HEADER, idOf } from '../spi.js';
import { quiet } from '../wait.js';

const message = (id: string) => MessageBuilder.withPayload(id).setHeader(ID_HEADER, id).build();
const OUTPUT = 'spring.cloud.stream.bindings.output';

@Component()
@EnableBinding(Source)
class Sender {
  @Resource() readonly output!: MessageChannel;
}

/** What a send came to: `confirmed`, or the code of its error. */
const outcomeOf = (sending: Promise<void>): Promise<string> =>
  sending.then(
    () => 'confirmed',
    (error: unknown) => (isStreambindError(error) ? error.code : String(error)),
  );

export const outages: readonly Case[] = [
  {
    id: 'I03',
    name: 'publish-during-outage',
    layer: 'APP',
    serial: true,
    async run(t) {
      const application = await t.run([Sender], { [`${OUTPUT}.producer.send-timeout`]: '4s' });
      const { output } = application.get(Sender);
      const tap = await t.probe.tap(t.destination);
      await output.send(message('before'));
      const ids = t.ids(1000);
      const outcomes = new Map<string, string>();
      const started = performance.now();
      const batch = ids.length / 10;
      const downMs = t.quick ? 3000 : 10_000;
      await t.broker.down();
      const sends: Promise<void>[] = [];
      let slowest = 0;
      for (let at = 0; at < ids.length; at += batch) {
        for (const id of ids.slice(at, at + batch)) {
          const from = performance.now();
          sends.push(
            outcomeOf(output.send(message(id))).then((outcome) => {
              slowest = Math.max(slowest, performance.now() - from);
              outcomes.set(id, outcome);
            }),
          );
        }
        await sleep(downMs / 10);
      }
      await sleep(Math.max(0, downMs - (performance.now() - started)));
      await t.broker.up();
      await Promise.all(sends);
      ok(slowest < 5000, `a send took ${Math.round(slowest)} ms`);
      const kinds = new Set(outcomes.values());
      const allowed = ['confirmed', 'BROKER_UNAVAILABLE', 'PUBLISH_UNKNOWN', 'BUFFER_FULL'];
      ok(
        [...kinds].every((kind) => allowed.includes(kind)),
        [...kinds].join(),
      );
      ok([...outcomes.values()].some((kind) => kind !== 'confirmed') || t.quick, 'nothing was refused in the outage');
      await t.until(
        'it works again',
        async () => (await outcomeOf(output.send(message('after')))) === 'confirmed',
        20_000,
      );
      const stored = (await tap.records()).map(idOf);
      const confirmed = ids.filter((id) => outcomes.get(id) === 'confirmed');
      const there = new Set(stored);
      deepEqual(
        confirmed.filter((id) => !there.has(id)),
        [],
        'confirmed and not there',
      );
      const positions = confirmed.map((id) => stored.indexOf(id));
      deepEqual(
        positions,
        positions.toSorted((a, b) => a - b),
        'the order of the confirmed ones',
      );
    },
  },
  {
    id: 'I04',
    name: 'ambiguous-confirm',
    layer: 'APP',
    serial: true,
    async run(t) {
      const application = await t.run([Sender], { [`${OUTPUT}.producer.send-timeout`]: '5s' });
      const { output } = application.get(Sender);
      const tap = await t.probe.tap(t.destination);
      await output.send(message('before'));
      const messages = t.ids(10).map(message);
      const restore = await t.broker.loseConfirms();
      const errors = await Promise.all(
        messages.map((each) =>
          output.send(each).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      await restore();
      for (const [at, error] of errors.entries()) {
        ok(isStreambindError(error, 'PUBLISH_UNKNOWN'), `it came to ${String(error)}`);
        equal(error.details['messageId'], messages[at]!.headers['id'], 'the error names the message');
      }
      await t.until(
        'it works again',
        async () => (await outcomeOf(output.send(message('canary')))) === 'confirmed',
        15_000,
      );
      for (const each of messages) await output.send(each);
      const records = (await tap.records()).filter((record) => !['before', 'canary'].includes(idOf(record)));
      ok(records.length <= 20, `${records.length} records of 10 messages`);
      const key = t.broker.messageIds === false ? ID_HEADER : 'id';
      deepEqual(
        new Set(records.map(({ headers }) => headers[key])),
        new Set(messages.map(({ headers }) => headers[key])),
        'the id by which receivers tell duplicates',
      );
    },
  },
  {
    id: 'I08',
    name: 'destination-deleted',
    layer: 'APP',
    serial: true,
    async run(t) {
      const got: string[] = [];
      @Component()
      @EnableBinding(Processor)
      class Echo {
        @Resource() readonly output!: MessageChannel;

        @StreamListener(Processor.INPUT)
        on(@Header(ID_HEADER) id: string): void {
          got.push(id);
        }
      }
      const application = await t.run([Echo]);
      const { output } = application.get(Echo);
      await output.send(message('before'));
      await t.until('it works', () => got.length === 1);
      await t.broker.deleteDestination(t.destination);
      let sent = 0;
      await t.until(
        'it is made again, or told',
        async () => {
          await outcomeOf(output.send(message(`after-${sent++}`)));
          await sleep(100);
          return got.length > 1 || (await application.health()).readiness === 'down';
        },
        30_000,
      );
      equal((await application.health()).readiness, 'up');
      equal(await t.probe.consumers(t.destination, t.group), 1);
      await output.send(message('last'));
      await t.settled('messages flow', () => got.includes('last'));
      equal(new Set(got).size, got.length);
    },
  },
  {
    id: 'I12',
    name: 'health-truth',
    layer: 'APP',
    serial: true,
    deadlineMs: 120_000,
    async run(t) {
      const got: string[] = [];
      @Component()
      @EnableBinding(Processor)
      class Echo {
        @Resource() readonly output!: MessageChannel;

        @StreamListener(Processor.INPUT)
        on(@Header(ID_HEADER) id: string): void {
          got.push(id);
        }
      }
      const application = await t.run([Echo]);
      const { output } = application.get(Echo);
      const samples: ApplicationHealth[] = [];
      let sampling = true;
      const watching = (async () => {
        while (sampling) {
          samples.push(await application.health());
          await sleep(100);
        }
      })();
      const readiness = (): string | undefined => samples.at(-1)?.readiness;
      const flows = async (id: string): Promise<void> => {
        await t.until('it says that it is well', () => readiness() === 'up', 15_000);
        await output.send(message(id));
        await t.until(`${id} flows`, () => got.includes(id), 5000);
      };
      await flows('first');

      await t.broker.down();
      await t.until('it tells that the broker is down', () => readiness() === 'down', 5000);
      const reason = samples.at(-1)!.binders;
      ok(
        Object.values(reason).some((each) => each.reason !== undefined),
        'the reason is not told',
      );
      const since = samples.length;
      await quiet(2000);
      ok(
        samples.slice(since).every((sample) => sample.readiness === 'down'),
        'it said that it is well',
      );
      await t.broker.up();
      await flows('after the outage');

      await t.broker.restart('killed');
      await flows('after the restart');

      const unblock = await t.broker.block();
      const pending = outcomeOf(output.send(message('while blocked')));
      await t.until('it tells that the broker takes nothing', () => readiness() !== 'up', 15_000);
      await unblock();
      equal(await pending, 'confirmed');
      await flows('after the block');

      sampling = false;
      await watching;
      ok(
        samples.every(({ liveness }) => liveness === 'up'),
        'liveness is not a matter of the broker',
      );
    },
  },
];

/** A: start, stop, and start again. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  Application,
  Autowired,
  Component,
  EnableBinding,
  Header,
  MessageBuilder,
  MessageChannel,
  PostConstruct,
  Processor,
  Resource,
  StreamListener,
  isStreambindError,
} from '@streambind/core';
import type { Case } from '../case.js';
import { ID_HEADER } from '../spi.js';
import { quiet } from '../wait.js';

/** A listener of `input` that remembers what it got, with an `output`. */
function echo(): { readonly Echo: new () => { readonly output: MessageChannel }; readonly got: string[] } {
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
  return { Echo, got };
}

const message = (id: string) => MessageBuilder.withPayload(id).setHeader(ID_HEADER, id).build();
const raw = (id: string) => ({ payload: Buffer.from(id), headers: { [ID_HEADER]: id } });

export const lifecycle: readonly Case[] = [
  {
    id: 'A01',
    name: 'start-ready',
    layer: 'APP',
    async run(t) {
      const { Echo, got } = echo();
      const application = await t.run([Echo]);
      equal(await t.probe.consumers(t.destination, t.group), 1, 'the consumer is not at the broker');
      await t.probe.publish(t.destination, [raw('one')]);
      await t.until('it arrives', () => got.length > 0, 2000);
      const { liveness, readiness, binders } = await application.health();
      deepEqual([liveness, readiness], ['up', 'up']);
      ok(Object.values(binders).every(({ state }) => state === 'up'));
      deepEqual(got, ['one']);
    },
  },
  {
    id: 'A02',
    name: 'start-late-broker',
    layer: 'APP',
    async run(t) {
      const { Echo, got } = echo();
      let starting: Application | undefined;
      @Component()
      class Watcher {
        @Autowired() readonly application!: Application;

        @PostConstruct()
        ready(): void {
          starting = this.application;
        }
      }
      await t.declareGroup();
      await t.broker.down();
      const running = t.run([Echo, Watcher]);
      running.catch(() => {});
      await t.until('its components are there', () => starting !== undefined);
      const early = t.ids(10, 'early');
      const sends = early.map((id) => starting!.get(Echo).output.send(message(id)));
      const told = async (): Promise<boolean> =>
        Object.values((await starting!.health()).binders).every(({ reason = '' }) => reason !== '') ||
        starting!.bindings().some(({ error }) => error);
      await t.until('it says why it is not ready', told, 1000);
      for (const until = performance.now() + (t.quick ? 2000 : 10_000); performance.now() < until; await quiet(100)) {
        const { liveness, readiness } = await starting!.health();
        deepEqual([liveness, readiness], ['up', 'down']);
        ok(await told(), 'it says no more why it is not ready');
      }
      await t.broker.up();
      const application = await running;
      await t.until('it is ready', async () => (await application.health()).readiness === 'up', 10_000);
      await Promise.all(sends);
      const late = t.ids(10, 'late');
      await t.probe.publish(t.destination, late.map(raw));
      await t.until('what the probe sent arrives', () => late.every((id) => got.includes(id)));
      const after = t.ids(10, 'after');
      await Promise.all(after.map((id) => application.get(Echo).output.send(message(id))));
      await t.settled('what it sent arrives', () => [...early, ...after].every((id) => got.includes(id)));
      equal(got.length, 30);
    },
  },
  {
    id: 'A03',
    name: 'start-deadline',
    layer: 'APP',
    async run(t) {
      const seconds = t.quick ? 2 : 5;
      await t.broker.down();
      const { Echo } = echo();
      const started = performance.now();
      const error: unknown = await t.run([Echo], { 'spring.cloud.stream.start-timeout': `${seconds}s` }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const ms = performance.now() - started;
      ok(ms >= seconds * 1000 && ms <= (seconds + 2) * 1000, `it took ${Math.round(ms)} ms`);
      const failure = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
      ok(isStreambindError(failure, 'START_TIMEOUT'), String(failure));
      ok(Number(failure.details['tries']) > 0, 'the number of tries');
      ok(inspect(failure, { depth: 5 }).includes(t.broker.address), 'where the broker should be');
      match(inspect(failure, { depth: 5 }), /E[A-Z]{4,}/, 'the error of the system');
      await t.broker.up();
    },
  },
  {
    id: 'A04',
    name: 'duplicate-start',
    layer: 'APP',
    async run(t) {
      const { Echo, got } = echo();
      const application = await t.run([Echo], { 'spring.cloud.stream.bindings.input.consumer.auto-startup': false });
      const input = application.binding('input');
      await Promise.all([input.start(), input.start()]);
      await input.start();
      equal(await t.probe.consumers(t.destination, t.group), 1);
      const ids = t.ids(100);
      await t.probe.publish(t.destination, ids.map(raw));
      await t.settled('all arrive', () => got.length >= ids.length);
      deepEqual(got.toSorted(), ids.toSorted());
    },
  },
  {
    id: 'A05',
    name: 'stop-idempotent',
    layer: 'APP',
    async run(t) {
      const { Echo } = echo();
      const application = await t.run([Echo], { 'spring.cloud.stream.bindings.input.consumer.auto-startup': false });
      const input = application.binding('input');
      await Promise.all([input.stop(), input.stop(), input.stop()]);
      await input.start();
      await Promise.all([input.stop(), input.stop(), input.stop()]);
      equal(await t.probe.consumers(t.destination, t.group), 0);
      await input.start();
      const receipts = await Promise.all([application.stop(), application.stop(), application.stop()]);
      deepEqual(receipts[1], receipts[0]);
      deepEqual(await application.stop(), receipts[0]);
      const binder = await t.binder();
      await Promise.all([binder.close(), binder.close(), binder.close()]);
      // what is still open after the case fails it
    },
  },
  {
    id: 'A06',
    name: 'restart-object',
    layer: 'APP',
    async run(t) {
      const { Echo, got } = echo();
      const application = await t.run([Echo]);
      const input = application.binding('input');
      const [first, second] = [t.ids(10, 'first'), t.ids(10, 'second')];
      await t.probe.publish(t.destination, first.map(raw));
      await t.until('the first arrive', () => got.length >= first.length);
      await input.stop();
      equal(await t.probe.consumers(t.destination, t.group), 0);
      await input.start();
      await t.probe.publish(t.destination, second.map(raw));
      await t.settled('the others arrive', () => got.length >= 20);
      deepEqual(got.toSorted(), [...first, ...second].toSorted());
      equal(await t.probe.consumers(t.destination, t.group), 1);
    },
  },
];

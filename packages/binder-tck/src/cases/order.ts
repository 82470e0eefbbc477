/** E: order of a key, and who owns a partition. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Component,
  EnableBinding,
  Header,
  MessageBuilder,
  MessageChannel,
  MessageHeaders,
  Resource,
  Sink,
  Source,
  StreamListener,
} from '@streambind/core';
import type { Case } from '../case.js';
import type { CaseContext } from '../context.js';
import { ACK, Producer, nack, type ConsumeOptions } from '../spi.js';

/** A consumer of one partition where the application assigns them, of its share where the broker does. */
const oneOf = (t: CaseContext, count: number, index: number): ConsumeOptions => ({
  ordered: true,
  ...(t.capabilities.partitions === 'emulated' ? { partitioning: { count, mine: [index] } } : {}),
});

/** Message `n` of key `k` is `<case>-k-n`. */
const keyOf = (id: string): number => Number(id.split('-').at(-2));
const numberOf = (id: string): number => Number(id.split('-').at(-1));

const keyed = (t: CaseContext, keys: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${t.id}-${index % keys}-${Math.floor(index / keys)}`);

const send = (producer: Producer, ids: readonly string[], partitions: number): Promise<void> =>
  producer.sendAll(ids, (id) => ({ key: `key-${keyOf(id)}`, partition: keyOf(id) % partitions }));

/** Each key's numbers rise; one that comes again after it was done is none. */
function assertKeyOrder(completions: readonly string[]): void {
  const last = new Map<number, number>();
  for (const id of new Set(completions)) {
    const [key, number] = [keyOf(id), numberOf(id)];
    ok(number > (last.get(key) ?? -1), `key ${key}: ${number} was completed after ${last.get(key)}`);
    last.set(key, number);
  }
}

export const order: readonly Case[] = [
  {
    id: 'E01',
    name: 'key-order',
    layer: 'SPI',
    serial: true,
    async run(t) {
      const [keys, instances] = [16, 8];
      const completions: string[] = [];
      const keysSeen = new Map<number, Set<number>>();
      let [running, parallel] = [0, 0];
      await t.partition(instances);
      const consumers = await Promise.all(
        Array.from({ length: instances }, (_, instance) =>
          t.consume({
            ...oneOf(t, instances, instance),
            concurrency: 4,
            prefetch: 20,
            handle: async (_delivery, id) => {
              parallel = Math.max(parallel, ++running);
              keysSeen.set(instance, (keysSeen.get(instance) ?? new Set()).add(keyOf(id)));
              await sleep(Math.floor(t.random() * 21));
              running--;
              completions.push(id);
              return ACK;
            },
          }),
        ),
      );
      const ids = keyed(t, keys, t.scale(1600));
      const producer = await t.produce({ partitionCount: instances });
      await send(producer, ids, instances);
      await t.settled('all are done', () => completions.length >= ids.length, 40_000);
      assertKeyOrder(completions);
      ok(parallel >= 2, `${parallel} at once`);
      equal(
        consumers.reduce((sum, { count }) => sum + count, 0),
        ids.length,
      );
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'E03',
    name: 'order-through-retry',
    layer: 'SPI',
    async run(t) {
      const [A, B] = [0, 1];
      const completions: { id: string; at: number }[] = [];
      await t.partition(2);
      const handle: ConsumeOptions['handle'] = async ({ attempt }, id) => {
        await sleep(5);
        if (keyOf(id) === A && numberOf(id) === 5 && attempt <= 2) return nack(300);
        completions.push({ id, at: performance.now() });
        return ACK;
      };
      for (const index of [A, B]) await t.consume({ ...oneOf(t, 2, index), concurrency: 2, handle });
      const producer = await t.produce({ partitionCount: 2 });
      const ids = keyed(t, 2, 40);
      const started = performance.now();
      await send(producer, ids, 2);
      await t.settled('all are done', () => completions.length >= ids.length, 15_000);
      assertKeyOrder(completions.map(({ id }) => id));
      const lastOfB = completions.findLast(({ id }) => keyOf(id) === B)!;
      ok(lastOfB.at - started < 20 * 5 + 1000, 'the other key had to wait');
      const lastOfA = completions.findLast(({ id }) => keyOf(id) === A)!;
      ok(lastOfA.at - started >= 600, 'the failing key did not wait for its delays');
      t.judge({ messages: ids.length });
    },
  },
  {
    id: 'E04',
    name: 'partition-stickiness',
    layer: 'APP',
    async run(t) {
      const instances = 3;
      await t.partition(instances);
      const seen: { instance: number; key: number; wanted: number | undefined }[] = [];
      for (let instance = 0; instance < instances; instance++) {
        @Component()
        @EnableBinding(Sink)
        class Listener {
          @StreamListener(Sink.INPUT)
          on(@Header('key') key: number, @Header({ name: 'wanted', required: false }) wanted?: number): void {
            seen.push({ instance, key, wanted });
          }
        }
        await t.run([Listener], {
          'spring.cloud.stream.bindings.input.consumer.partitioned': true,
          'spring.cloud.stream.instance-count': instances,
          'spring.cloud.stream.instance-index': instance,
        });
      }
      @Component()
      @EnableBinding(Source)
      class Sender {
        @Resource() readonly output!: MessageChannel;
      }
      const sender = await t.run([Sender], {
        'spring.cloud.stream.bindings.output.producer.partition-key-expression': "headers['key']",
        'spring.cloud.stream.bindings.output.producer.partition-count': instances,
      });
      const { output } = sender.get(Sender);
      const messages = Array.from({ length: 300 }, (_, index) =>
        MessageBuilder.withPayload('x')
          .setHeader('key', index % 30)
          .build(),
      );
      await Promise.all(messages.map((message) => output.send(message)));
      await t.settled('all are handled', () => seen.length >= messages.length);
      equal(seen.length, messages.length);
      const ownersOf = Array.from({ length: 30 }, (_, key) => seen.filter((each) => each.key === key));
      for (const each of ownersOf) equal(new Set(each.map(({ instance }) => instance)).size, 1, 'a key has two owners');
      equal(new Set(seen.map(({ instance }) => instance)).size, instances, 'an instance got nothing');

      seen.length = 0;
      for (const wanted of [2, 0, 1, 1]) {
        const message = MessageBuilder.withPayload('x')
          .setHeader('key', 7)
          .setHeader('wanted', wanted)
          .setHeader(MessageHeaders.PARTITION_OVERRIDE, wanted);
        await output.send(message.build());
      }
      await t.until('the explicit ones are handled', () => seen.length === 4);
      if (t.capabilities.partitions === 'emulated') {
        deepEqual(
          seen.map(({ instance }) => instance),
          seen.map(({ wanted }) => wanted),
        );
      }
    },
  },
  {
    id: 'E07',
    name: 'rebalance-join-leave',
    layer: 'SPI',
    serial: true,
    deadlineMs: 90_000,
    async run(t) {
      const [keys, partitions, concurrency] = [12, 2, 4];
      const ids = keyed(t, keys, t.scale(3000));
      await t.partition(partitions);
      const completions: string[] = [];
      const gaps: number[] = [];
      let last = performance.now();
      const open = (index: number): ReturnType<CaseContext['consume']> =>
        t.consume({
          ...oneOf(t, partitions, index),
          concurrency,
          prefetch: 20,
          handle: async (_, id) => {
            gaps.push(performance.now() - last);
            last = performance.now();
            await sleep(1);
            completions.push(id);
            return ACK;
          },
        });
      const consumers = [await open(0), await open(1)];
      const producer = await t.produce({ partitionCount: partitions });
      const sending = (async () => {
        for (let at = 0; at < ids.length; at += keys) await send(producer, ids.slice(at, at + keys), partitions);
      })();
      const move = async (at: number, leaving: number): Promise<void> => {
        await t.until(`${at} are done`, () => completions.length >= at, 30_000);
        // a broker that assigns partitions moves them when somebody comes; elsewhere the place has to be free first
        if (t.capabilities.partitions === 'broker') consumers.push(await open(leaving));
        await consumers[leaving]!.close();
        if (t.capabilities.partitions === 'emulated') consumers.push(await open(leaving));
      };
      await move(Math.floor(ids.length / 3), 0);
      await move(Math.floor((2 * ids.length) / 3), 1);
      await sending;
      await t.settled('all are done', () => new Set(completions).size >= ids.length, 30_000);
      assertKeyOrder(completions);
      ok(Math.max(...gaps) <= 15_000, `a gap of ${Math.round(Math.max(...gaps))} ms`);
      t.judge({ messages: ids.length, duplicates: 2 * concurrency });
      deepEqual(await t.probe.deadLetters(t.destination, t.group), []);
    },
  },
];

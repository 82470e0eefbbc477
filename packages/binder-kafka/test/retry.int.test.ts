/** Every recorded retry, played by an application with the same properties on a real broker. */
import { setTimeout as quiet } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  Payload,
  Sink,
  StreamListener,
  type Application,
  type Class,
} from '@streambind/core';
import { binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { DIFFERENT, DIFFERENT_WRITTEN, NOT_SET } from './golden/retry-differences.js';
import { IN, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';
import { recordedEnding, rows, type Ending } from './support/retry-rows.js';

class IllegalStateException extends Error {}

abstract class Listener {
  /** Milliseconds of the calls with the message that fails. */
  readonly attempts: number[] = [];
  next: number | undefined;
}

@Component()
@EnableBinding(Sink)
class TextListener extends Listener {
  @StreamListener(Sink.INPUT)
  on(text: string): void {
    if (!text.startsWith('poison')) {
      this.next = performance.now();
      return;
    }
    this.attempts.push(performance.now());
    if (text === 'poison-once' && this.attempts.length > 1) return;
    throw new IllegalStateException(`poison: ${text}`);
  }
}

class Order {
  id = '';
}

@Component()
@EnableBinding(Sink)
class OrderListener extends Listener {
  @StreamListener(Sink.INPUT)
  on(@Payload() order: Order): void {
    if (order.id === 'next') this.next = performance.now();
    else this.attempts.push(performance.now());
  }
}

interface Play {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly sent: readonly string[];
  readonly listener: Class<Listener>;
  readonly expected: Ending;
}

interface Played {
  readonly attempts: readonly number[];
  readonly next: number | undefined;
  readonly committed?: number;
  readonly deadLetters: number;
}

/** More applications in one process, and their first dead letters, make pauses late. */
const AT_ONCE = 4;

const GROUP = `${IN}.group`;
const ENABLE_DLQ = 'spring.cloud.stream.kafka.bindings.input.consumer.enable-dlq';
const rowOf = (name: string) => rows.find((row) => row.case === name)!;

const plays: readonly Play[] = rows.map((row) => ({
  name: row.case,
  properties: row.properties,
  sent: row.sent,
  listener: row.case.startsWith('conversion') ? OrderListener : TextListener,
  expected: { ...recordedEnding(row), ...DIFFERENT[row.case]?.ours },
}));

/** The rows that differ because a key is not written, with that key as Spring has it by default. */
const written: readonly Play[] = plays
  .filter(({ name }) => NOT_SET.includes(name))
  .map((play) => ({
    ...play,
    properties: { ...play.properties, [ENABLE_DLQ]: 'false' },
    expected: { ...recordedEnding(rowOf(play.name)), ...DIFFERENT_WRITTEN[play.name]?.ours },
  }));

const all = [...plays, ...written];
const cases = (some: readonly Play[]) => some.map((play) => [play.name, play] as const);

/** A pause may be late on a busy machine, and is never taken for the next longer one. */
const isPause = (gap: number, pause: number): boolean => gap >= pause - 2 && gap < pause + Math.max(150, pause / 4);

/** What was seen, in the words of what is expected; a gap that is no such pause stays as it was measured. */
function ending({ attempts, next, committed, deadLetters }: Played, { gaps }: Ending) {
  return {
    attempts: attempts.length,
    gaps: attempts.slice(1).map((at, index) => {
      const gap = at - attempts[index]!;
      const pause = gaps[index];
      return pause !== undefined && isPause(gap, pause) ? pause : gap;
    }),
    next: next !== undefined && next >= (attempts.at(-1) ?? 0),
    ...(committed === undefined ? {} : { committed }),
    deadLetters,
  };
}

await describeWithBroker('kafka', 'retries', (broker) => {
  const kafka = new AtBroker(broker);
  const played = new Map<Play, Played>();
  const seen = (play: Play) => ending(played.get(play)!, play.expected);

  beforeAll(async () => {
    await kafka.open();
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const some = all.slice(at, at + AT_ONCE);
      const stages: (() => Promise<Played>)[] = [];
      for (const play of some) stages.push(await open(play));
      const outcomes = await Promise.all(stages.map((stage) => stage()));
      some.forEach((play, index) => played.set(play, outcomes[index]!));
    }
  }, 240_000);

  afterAll(() => kafka.close(), 30_000);

  /** An application that waits for messages. @returns plays it to its end */
  async function open(play: Play): Promise<() => Promise<Played>> {
    const topic = await kafka.topic('retry', 1);
    const properties = { ...kafka.properties, ...play.properties };
    const application = await run({ binder: binderFactory }, [play.listener], properties, topic);
    return () => toItsEnd(play, application, topic);
  }

  async function toItsEnd(play: Play, application: Application, topic: string): Promise<Played> {
    const { name, sent, listener, expected, properties } = play;
    const headers = { contentType: 'application/json' };
    for (const value of sent) await kafka.sendRecord(topic, { value, headers });
    const state = application.get(listener);
    const happened = (): boolean => state.attempts.length >= expected.attempts && state.next !== undefined;
    await until(happened, 30_000, `${name}: ${expected.attempts} attempts`).catch(() => undefined);
    const group = properties[GROUP];
    const dead = `error.${topic}.${group}`;
    if (expected.deadLetters > 0) {
      await until(async () => (await kafka.records(dead)) > 0, 10_000, dead).catch(() => undefined);
    }
    // for what must not happen: a message that is committed cannot come again
    await quiet(500);
    await application.stop();
    return {
      attempts: state.attempts,
      next: state.next,
      ...(group === undefined ? {} : { committed: (await kafka.committed(group, topic))[0]! }),
      deadLetters: await kafka.records(dead),
    };
  }

  test.each(cases(plays.filter(({ name }) => !(name in DIFFERENT))))('are as recorded: %s', (_, play) => {
    expect(seen(play)).toEqual(play.expected);
  });

  for (const play of plays.filter(({ name }) => name in DIFFERENT)) {
    test(`differ: ${play.name}. ${DIFFERENT[play.name]!.reason}`, () => {
      expect(seen(play)).toEqual(play.expected);
      expect(play.expected).not.toEqual(recordedEnding(rowOf(play.name)));
    });
  }

  test.each(cases(written.filter(({ name }) => !(name in DIFFERENT_WRITTEN))))(
    'are as recorded once enable-dlq: false is written: %s',
    (_, play) => {
      expect(seen(play)).toEqual(play.expected);
    },
  );

  for (const play of written.filter(({ name }) => name in DIFFERENT_WRITTEN)) {
    test(`differ although it is written: ${play.name}. ${DIFFERENT_WRITTEN[play.name]!.reason}`, () => {
      expect(seen(play)).toEqual(play.expected);
    });
  }

  describe('the list of differences', () => {
    test('names recorded cases', () => {
      expect(rows.map((row) => row.case)).toEqual(expect.arrayContaining(Object.keys(DIFFERENT)));
    });
  });
});

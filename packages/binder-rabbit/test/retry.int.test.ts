/** Every recorded retry, played by an application with the same properties on a real broker. */
import { setTimeout as quiet } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import {
  Component,
  EnableBinding,
  ImmediateAcknowledgeError,
  Payload,
  RejectAndDontRequeueError,
  Sink,
  StreamListener,
  type Application,
  type Class,
} from '@streambind/core';
import { until, type RabbitBroker } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACCEPTED, DIFFERENT, NOT_SET } from './golden/retry-differences.js';
import { clientAt, look, startAt } from './support/at-broker.js';
import { addVirtualHosts, removeVirtualHosts } from './support/broker-objects.js';
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
    if (text === 'poison-reject') throw new RejectAndDontRequeueError(`poison: ${text}`);
    if (text === 'poison-ack') throw new ImmediateAcknowledgeError(`poison: ${text}`);
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
  readonly left: Readonly<Record<string, number>>;
  readonly deadLetter?: Ending['deadLetter'] | 'elsewhere';
}

const plays: readonly Play[] = rows.map((row) => ({
  name: row.case,
  properties: { ...row.properties, ...ACCEPTED[row.case] },
  sent: row.sent,
  listener: row.case.startsWith('conversion') ? OrderListener : TextListener,
  expected: { ...recordedEnding(row), ...DIFFERENT[row.case]?.ours },
}));

const AUTO_BIND = 'spring.cloud.stream.rabbit.bindings.input.consumer.auto-bind-dlq';

/** The rows that differ because a key is not written, with that key as Spring has it by default. */
const written: readonly Play[] = plays
  .filter(({ name }) => NOT_SET.includes(name))
  .map((play) => ({
    ...play,
    name: `${play.name}, auto-bind-dlq=false`,
    properties: { ...play.properties, [AUTO_BIND]: 'false' },
    expected: recordedEnding(rows.find((row) => row.case === play.name)!),
  }));

const all = [...plays, ...written];
const cases = (some: readonly Play[]) => some.map((play) => [play.name, play] as const);

/** A pause may be late on a busy machine, and is never taken for the next longer one. */
const isPause = (gap: number, pause: number): boolean => gap >= pause - 2 && gap < pause + Math.max(150, pause / 4);

/** What was seen, in the words of what is expected; a gap that is no such pause stays as it was measured. */
function ending({ attempts, next, left, deadLetter }: Played, { gaps }: Ending) {
  const second = attempts[1] ?? Infinity;
  return {
    attempts: attempts.length,
    gaps: attempts.slice(1).map((at, index) => {
      const gap = at - attempts[index]!;
      const pause = gaps[index];
      return pause !== undefined && isPause(gap, pause) ? pause : gap;
    }),
    // a message that fails does not hold up the one behind it, as it does in Spring
    next: next === undefined ? false : next < second || `${next - second} ms after the second attempt`,
    left,
    ...(deadLetter === undefined ? {} : { deadLetter }),
  };
}

await describeWithBroker('rabbit', 'retries', (broker) => {
  const run = randomUUID().slice(0, 8);
  const hosts = all.map((_, index) => `retry-${run}-${index}`);
  const played = new Map<Play, Played>();
  const connections: ChannelModel[] = [];

  beforeAll(async () => {
    await addVirtualHosts(broker, hosts);
    const stages: Stage[] = [];
    for (const [index, play] of all.entries()) {
      const stage = await Stage.open(broker, hosts[index]!, play);
      stages.push(stage);
      connections.push(stage.connection);
    }
    const outcomes = await Promise.all(stages.map((stage) => stage.play()));
    all.forEach((play, index) => played.set(play, outcomes[index]!));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await removeVirtualHosts(broker, hosts);
  }, 60_000);

  test.each(cases(plays.filter(({ name }) => !(name in DIFFERENT))))('are as recorded: %s', (_, play) => {
    expect(ending(played.get(play)!, play.expected)).toEqual(play.expected);
  });

  for (const play of plays.filter(({ name }) => name in DIFFERENT)) {
    test(`differ: ${play.name}. ${DIFFERENT[play.name]!.reason}`, () => {
      expect(ending(played.get(play)!, play.expected)).toEqual(play.expected);
      expect(play.expected).not.toEqual(recordedEnding(rows.find((row) => row.case === play.name)!));
    });
  }

  test.each(cases(written))('are as recorded once it is written: %s', (_, play) => {
    expect(ending(played.get(play)!, play.expected)).toEqual(play.expected);
  });

  describe('the list of differences', () => {
    test('names recorded cases', () => {
      expect(rows.map((row) => row.case)).toEqual(expect.arrayContaining(Object.keys(DIFFERENT)));
    });
  });
});

/** One application in a virtual host of its own, and a client beside it. */
class Stage {
  private constructor(
    readonly connection: ChannelModel,
    private readonly application: Application,
    private readonly played: Play,
  ) {}

  static async open({ address }: RabbitBroker, virtualHost: string, play: Play): Promise<Stage> {
    const place = { ...address, virtualHost };
    const application = await startAt(place, [play.listener], play.properties);
    const connection = await clientAt(place);
    return new Stage(connection, application, play);
  }

  async play(): Promise<Played> {
    const { sent, listener, expected, name } = this.played;
    const channel = await this.connection.createConfirmChannel();
    for (const text of sent) channel.publish('orders', 'k', Buffer.from(text), { contentType: 'application/json' });
    await channel.waitForConfirms();
    await channel.close();
    const state = this.application.get(listener);
    const happened = (): boolean =>
      state.attempts.length >= expected.attempts && (state.next !== undefined) === expected.next;
    await until(happened, 20_000, `${name}: ${expected.attempts} attempts`).catch(() => undefined);
    if (expected.deadLetter) await this.#settles('orders.g.dlq');
    // for what must not happen: a message that is settled cannot come again, one that is requeued can
    await quiet(500);
    await this.application.stop();
    return { attempts: state.attempts, next: state.next, ...(await this.#left()) };
  }

  #settles(queue: string): Promise<unknown> {
    return until(async () => ((await this.#count(queue)) ?? 0) > 0, 10_000, queue).catch(() => undefined);
  }

  async #left(): Promise<Pick<Played, 'left' | 'deadLetter'>> {
    const left: Record<string, number> = {};
    for (const queue of ['orders.g', 'orders.g.dlq']) {
      const count = await this.#count(queue);
      if (count !== undefined) left[queue] = count;
    }
    if (!left['orders.g.dlq']) return { left };
    const channel = await this.connection.createChannel();
    const message = await channel.get('orders.g.dlq', { noAck: true });
    await channel.close();
    if (!message) return { left };
    const { exchange, routingKey } = message.fields;
    if (exchange !== 'DLX' || routingKey !== 'orders.g') return { left, deadLetter: 'elsewhere' };
    const { headers = {} } = message.properties;
    return { left, deadLetter: 'x-exception-message' in headers ? 'published' : 'moved' };
  }

  /** Undefined for a queue that does not exist. */
  async #count(queue: string): Promise<number | undefined> {
    const seen = await look(this.connection, queue);
    return typeof seen === 'object' ? seen.messages : undefined;
  }
}

/** What options of an input come to at a real broker: who shares the work, what is read, and what becomes of failures. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Acknowledgment, Component, EnableBinding, Message, Sink, StreamListener } from '@streambind/core';
import { KafkaHeaders, binderFactory } from '@streambind/binder-kafka';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, run } from './support/applications.js';
import { AtBroker } from './support/at-broker.js';

jest.setTimeout(60_000);

const LIMIT_MS = 20_000;
/** A group of its own for each, so that none waits for who left another. */
const groupOf = (topic: string): string => `of-${topic}`;
const KAFKA_IN = 'spring.cloud.stream.kafka.bindings.input.consumer';

@Component()
@EnableBinding(Sink)
class Reader {
  readonly texts: string[] = [];
  readonly topics: string[] = [];

  @StreamListener(Sink.INPUT)
  on({ payload, headers }: Message<string>): void {
    this.texts.push(payload);
    this.topics.push(String(headers[KafkaHeaders.RECEIVED_TOPIC]));
    if (payload.startsWith('poison')) throw new Error(`cannot take ${payload}`);
  }
}

@Component()
@EnableBinding(Sink)
class Keeper {
  readonly kept = new Map<string, Acknowledgment>();

  @StreamListener(Sink.INPUT)
  on(text: string, acknowledgment: Acknowledgment): void {
    this.kept.set(text, acknowledgment);
  }
}

await describeWithBroker('kafka', 'an input', (broker) => {
  const kafka = new AtBroker(broker);
  const java: ChildProcess[] = [];
  beforeAll(() => kafka.open(), 30_000);
  afterAll(() => kafka.close(), 30_000);
  afterEach(async () => {
    for (const process of java.splice(0)) {
      process.kill('SIGKILL');
      await once(process, 'close');
    }
  });

  const start = (
    program: typeof Reader | typeof Keeper,
    destination: string,
    more: Readonly<Record<string, string | number | boolean>> = {},
  ) =>
    run({ binder: binderFactory }, [program], {
      ...kafka.properties,
      [`${IN}.destination`]: destination,
      [`${IN}.group`]: groupOf(destination),
      [`${IN}.content-type`]: 'text/plain',
      [`${IN}.consumer.max-attempts`]: 1,
      ...more,
    });

  const send = (topic: string, partitions: number, texts: readonly string[]): Promise<void> =>
    kafka.send(
      topic,
      texts.map((value, index) => ({ partition: index % partitions, value })),
    );

  /** What a consumer of Java's prints, which is of the same group and knows nothing of us. */
  async function javaMember(topic: string): Promise<string[]> {
    const { program, args } = await broker.command('console-consumer', '--topic', topic, '--group', groupOf(topic));
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    java.push(child);
    const lines: string[] = [];
    let rest = '';
    child.stdout.on('data', (data) => {
      const parts = `${rest}${String(data)}`.split('\n');
      rest = parts.pop()!;
      lines.push(...parts);
    });
    return lines;
  }

  test("shares its group with a consumer of Java's, by Java's own rules", async () => {
    const topic = await kafka.topic('shared', 4);
    const { texts } = (await start(Reader, topic)).get(Reader);
    const theirs = await javaMember(topic);
    let rounds = 0;
    await until(
      async () => {
        await send(
          topic,
          4,
          Array.from({ length: 4 }, (_, n) => `try ${++rounds} ${n}`),
        );
        return theirs.length > 0;
      },
      LIMIT_MS,
      'Java has a share',
    );
    const last = Array.from({ length: 40 }, (_, n) => `last ${n}`);
    await send(topic, 4, last);
    const got = (): string[] => [...texts, ...theirs].filter((text) => text.startsWith('last'));
    await until(() => got().length >= last.length, LIMIT_MS, 'all are read');
    expect(got().toSorted()).toEqual(last.toSorted());
    for (const side of [texts, theirs]) expect(side.filter((text) => text.startsWith('last'))).toHaveLength(20);
  });

  test('that multiplexes reads several topics in one subscription, and each has its dead letters', async () => {
    const [one, other] = [await kafka.topic('one', 2), await kafka.topic('other', 1)];
    const multiplexed = { [`${IN}.consumer.multiplex`]: true, [`${IN}.group`]: groupOf(one) };
    const { texts, topics } = (await start(Reader, `${one},${other}`, multiplexed)).get(Reader);
    await send(one, 2, ['a', 'poison 1']);
    await send(other, 1, ['b', 'poison 2']);
    await until(async () => (await kafka.records(`error.${other}.${groupOf(one)}`)) === 1, LIMIT_MS, 'a dead letter');
    await until(
      async () => (await kafka.records(`error.${one}.${groupOf(one)}`)) === 1,
      LIMIT_MS,
      'the other dead letter',
    );
    expect(texts.toSorted()).toEqual(['a', 'b', 'poison 1', 'poison 2']);
    expect(topics.toSorted()).toEqual([one, one, other, other].toSorted());
  });

  test('whose destination is a pattern reads what matches it, and not its own dead letters', async () => {
    const one = await kafka.topic('matched.a', 1);
    await kafka.topic('unmatched.b', 1);
    const pattern = { [`${KAFKA_IN}.destination-is-pattern`]: true, [`${IN}.group`]: one };
    const destination = String.raw`.*${one.slice(-8)}.*`;
    const { texts } = (await start(Reader, destination, pattern)).get(Reader);
    await send(one, 1, ['poison', 'after it']);
    await until(async () => (await kafka.records(`error.${one}.${one}`)) === 1, LIMIT_MS, 'a dead letter');
    await until(() => texts.length === 2, LIMIT_MS, 'both');
    // its next start finds the topic of dead letters, whose name the pattern matches as well
    const again = (await start(Reader, destination, pattern)).get(Reader);
    await send(one, 1, ['the end']);
    await until(() => [...texts, ...again.texts].includes('the end'), LIMIT_MS, 'the last one');
    expect([...texts, ...again.texts]).toEqual(['poison', 'after it', 'the end']);
  });

  test('with enable-dlq: false drops what failed for good, and goes on behind it', async () => {
    const topic = await kafka.topic('dropped', 1);
    const { texts } = (await start(Reader, topic, { [`${KAFKA_IN}.enable-dlq`]: false })).get(Reader);
    await send(topic, 1, ['poison', 'after it']);
    await until(async () => (await kafka.committed(groupOf(topic), topic))[0] === 2, LIMIT_MS, 'both are committed');
    expect(texts).toEqual(['poison', 'after it']);
    expect(await kafka.records(`error.${topic}.${groupOf(topic)}`)).toBe(0);
  });

  test.each([{ 'ack-mode': 'MANUAL_IMMEDIATE' }, { 'auto-commit-offset': false }])(
    'with %j is committed as far as its handler has acknowledged',
    async (manual) => {
      const topic = await kafka.topic('manual', 1);
      const options = Object.fromEntries(Object.entries(manual).map(([key, value]) => [`${KAFKA_IN}.${key}`, value]));
      const unordered = { [`${IN}.consumer.ordered`]: false, [`${IN}.consumer.concurrency`]: 3 };
      const { kept } = (await start(Keeper, topic, { ...options, ...unordered })).get(Keeper);
      await send(topic, 1, ['a', 'b', 'c']);
      await until(() => kept.size === 3, LIMIT_MS, 'all are handled');
      kept.get('b')!.acknowledge();
      kept.get('a')!.acknowledge();
      await until(async () => (await kafka.committed(groupOf(topic), topic))[0] === 2, LIMIT_MS, 'two are committed');
      kept.get('c')!.acknowledge();
      await until(async () => (await kafka.committed(groupOf(topic), topic))[0] === 3, LIMIT_MS, 'all are committed');
      expect(kept.size).toBe(3);
    },
  );
});

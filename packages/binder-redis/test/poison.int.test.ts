/** A message that always fails, with nothing configured: tried three times, kept whole, and in nobody's way. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Component, EnableBinding, Message, Sink, StreamListener } from '@streambind/core';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN, startAt } from './support/applications.js';
import { aDestination } from './support/binder.js';
import { clientOf } from './support/client.js';

jest.setTimeout(90_000);

const HEALTHY = 1940;
const POISON = 20;

@Component()
@EnableBinding(Sink)
class Failing {
  readonly calls: number[] = [];

  @StreamListener(Sink.INPUT)
  on(_message: Message<Buffer>): void {
    this.calls.push(performance.now());
    throw new TypeError('the customer is unknown', { cause: new Error('no row 4711') });
  }
}

@Component()
@EnableBinding(Sink)
class Worker {
  healthy = 0;
  readonly calls = new Map<string, number>();
  finishedAt = 0;

  @StreamListener(Sink.INPUT)
  async on(body: string): Promise<void> {
    if (body.startsWith('poison')) {
      this.calls.set(body, (this.calls.get(body) ?? 0) + 1);
      throw new Error(`cannot take ${body}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (++this.healthy === HEALTHY) this.finishedAt = performance.now();
  }
}

/** One partition waits three seconds at each message, the others do not. */
@Component()
@EnableBinding(Sink)
class Uneven {
  readonly at = new Map<string, number[]>();

  @StreamListener(Sink.INPUT)
  async on(body: string): Promise<void> {
    const [lane] = body.split(' ') as [string];
    this.at.set(lane, [...(this.at.get(lane) ?? []), performance.now()]);
    if (lane === 'slow') await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

await describeWithBroker('redis', 'a message that always fails', (broker) => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await clientOf(broker.address);
  });
  afterAll(() => redis.disconnect());

  const publish = async (stream: string, bodies: readonly string[]): Promise<void> => {
    const pipeline = redis.pipeline();
    for (const body of bodies) pipeline.xadd(stream, '*', 'payload', body, 'contentType', 'text/plain');
    await pipeline.exec();
  };
  const pending = async (stream: string): Promise<number> => ((await redis.xpending(stream, 'g')) as [number])[0];

  test('is tried three times with growing gaps, and kept with its bytes, its headers and the reason', async () => {
    const destination = aDestination();
    const application = await startAt(broker.address, [Failing], {
      [`${IN}.destination`]: destination,
      [`${IN}.group`]: 'g',
    });
    await redis.xadd(destination, '*', 'payload', 'x', 'contentType', 'application/octet-stream', 'tenant', 'blue');
    const letters = `error.${destination}.g`;
    await until(async () => (await redis.xlen(letters)) > 0, 20_000, 'the dead letter');
    const { calls } = application.get(Failing);
    await application.stop();

    expect(calls).toHaveLength(3);
    const [first, second, third] = calls as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(998);
    expect(second - first).toBeLessThan(1500);
    expect(third - second).toBeGreaterThanOrEqual(1998);
    expect(third - second).toBeLessThan(3000);
    expect(await pending(destination)).toBe(0);
    const [[, fields]] = (await redis.xrange(letters, '-', '+')) as [[string, string[]]];
    expect(fields.slice(0, 6)).toEqual(['payload', 'x', 'contentType', 'application/octet-stream', 'tenant', 'blue']);
    expect(fields).toEqual(
      expect.arrayContaining(['x-exception-message', 'the customer is unknown', 'x-attempts', '3']),
    );
  });

  /** Milliseconds in which the healthy messages of a backlog are handled, and the calls with each poison. */
  async function timeOf(destination: string, poison: number): Promise<{ ms: number; calls: readonly number[] }> {
    await redis.xgroup('CREATE', destination, 'g', '0', 'MKSTREAM');
    const every = poison === 0 ? Infinity : Math.floor(HEALTHY / poison);
    const bodies = Array.from({ length: HEALTHY }, (_, n) =>
      n % every === every - 1 ? [`healthy ${n}`, `poison ${n}`] : [`healthy ${n}`],
    );
    await publish(destination, bodies.flat());
    const started = performance.now();
    const application = await startAt(broker.address, [Worker], {
      [`${IN}.destination`]: destination,
      [`${IN}.group`]: 'g',
    });
    const worker = application.get(Worker);
    await until(() => worker.finishedAt > 0, 30_000, 'the healthy ones');
    const calls = (): number => [...worker.calls.values()].reduce((sum, each) => sum + each, 0);
    await until(() => calls() === 3 * poison, 30_000, 'three calls with each poison');
    await until(async () => (await redis.xlen(`error.${destination}.g`)) === poison, 10_000, 'the dead letters');
    await application.stop();
    return { ms: worker.finishedAt - started, calls: [...worker.calls.values()] };
  }

  test('twenty of them among 1,940 healthy ones do not hold those up', async () => {
    const [alone, together] = [aDestination(), aDestination()];
    const without = await timeOf(alone, 0);
    const withPoison = await timeOf(together, POISON);
    expect(withPoison.ms).toBeLessThanOrEqual(without.ms * 2);
    expect(withPoison.calls).toEqual(Array.from({ length: POISON }, () => 3));
    expect(await pending(together)).toBe(0);
  });

  test('a partition with a slow handler leaves the others their pace', async () => {
    const destination = aDestination();
    const application = await startAt(broker.address, [Uneven], {
      [`${IN}.destination`]: destination,
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.partitioned`]: true,
      [`${IN}.consumer.concurrency`]: 4,
      'spring.cloud.stream.instance-count': 4,
      'spring.cloud.stream.instance-index-list': '0,1,2,3',
    });
    await publish(`${destination}-0`, ['slow 1', 'slow 2']);
    const { at } = application.get(Uneven);
    await until(() => at.has('slow'), 5000, 'the slow one runs');
    const until3s = performance.now() + 2500;
    for (let n = 0; performance.now() < until3s; n++) {
      for (const partition of [1, 2, 3]) await publish(`${destination}-${partition}`, [`lane${partition} ${n}`]);
      await until(() => [1, 2, 3].every((lane) => (at.get(`lane${lane}`)?.length ?? 0) > n), 5000, 'the others');
    }
    expect(at.get('slow')).toHaveLength(1);
    for (const lane of [1, 2, 3]) {
      const times = at.get(`lane${lane}`)!;
      const gaps = times.slice(1).map((time, index) => time - times[index]!);
      expect(Math.max(...gaps)).toBeLessThan(300);
    }
    await application.stop();
  });
});

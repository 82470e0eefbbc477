/** What is trimmed: what every group has acknowledged and everybody else has read, and nothing more. */
import { expect, jest, test } from '@jest/globals';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { positionsKey, trimmedKey } from '../src/streams/names.js';
import { NOTE_POSITION, TRIM } from '../src/streams/scripts.js';
import { ACK, aDestination, bodyOf, consume, produce, record } from './support/binder.js';
import { collecting, fixture, gate, numbers } from './support/fixture.js';

jest.setTimeout(60_000);

/** Redis removes whole nodes, of 100 entries each. */
const MANY = 1000;

await describeWithBroker('redis', 'trimming', (broker) => {
  const on = fixture(broker);
  const { binder, send } = on;

  const run = async (stream: string, keepMs: number, most: number): Promise<number> => {
    const keys = [stream, positionsKey(stream), trimmedKey(stream)];
    return (await on.redis.eval(TRIM, 3, ...keys, 60_000, keepMs, most)) as number;
  };
  /** How many entries it dropped. */
  const trim = async (stream: string, keepMs = 0): Promise<number> => {
    await on.redis.del(trimmedKey(stream));
    const before = await on.redis.xlen(stream);
    expect(await run(stream, keepMs, 20_000)).toBe(0);
    return before - (await on.redis.xlen(stream));
  };
  const read = async (stream: string, group: string, count: number): Promise<string[]> => {
    const reply = await on.redis.xreadgroup('GROUP', group, 'c', 'COUNT', count, 'STREAMS', stream, '>');
    return (reply as [string, [string, string[]][]][])[0]![1].map(([id]) => id);
  };
  const filled = async (...groups: string[]): Promise<string> => {
    const stream = aDestination();
    for (const group of groups) await on.redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    await send(stream, numbers(MANY));
    return stream;
  };

  test('a stream that consumers have read through becomes short by itself', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver);
    await send(destination, numbers(MANY));
    await all(MANY);
    await until(async () => (await on.redis.xlen(destination)) < 200, 30_000, 'the trim');
    await send(destination, ['after']);
    await all(MANY + 1);
    await binding.close();
    expect(got).toEqual([...numbers(MANY), 'after']);
  });

  test('what one group has not read is kept, however far the others are', async () => {
    const stream = await filled('fast', 'slow');
    await on.redis.xack(stream, 'fast', ...(await read(stream, 'fast', MANY)));
    expect(await trim(stream)).toBe(0);
    await on.redis.xack(stream, 'slow', ...(await read(stream, 'slow', 500)));
    expect(await trim(stream)).toBe(400);
    expect(await read(stream, 'slow', MANY)).toHaveLength(500);
  });

  test('what is pending is kept, and all that is newer', async () => {
    const stream = await filled('g');
    const ids = await read(stream, 'g', MANY);
    await on.redis.xack(stream, 'g', ...ids.filter((_, at) => at !== 450));
    expect(await trim(stream)).toBe(400);
    expect(await on.redis.xrange(stream, ids[450]!, ids[450]!)).toHaveLength(1);
  });

  test('what a reader without a group has not read is kept while it lives', async () => {
    const stream = await filled('g');
    const ids = await read(stream, 'g', MANY);
    await on.redis.xack(stream, 'g', ...ids);
    await on.redis.eval(NOTE_POSITION, 1, positionsKey(stream), 'listener', ids[250]!, 60_000);
    expect(await trim(stream)).toBe(200);
    await on.redis.hset(positionsKey(stream), 'listener', `1 ${ids[250]!}`);
    expect(await trim(stream)).toBe(700);
    expect(await on.redis.exists(positionsKey(stream))).toBe(0);
  });

  test('an input without a group that is slow finds what others have long handled', async () => {
    const destination = aDestination();
    const [{ binder: one }, { binder: other }] = [await binder(), await binder()];
    const first = gate();
    const heard: string[] = [];
    const slow = await consume(
      one,
      destination,
      async (delivery) => {
        await first.opened;
        heard.push(bodyOf(delivery));
        return ACK;
      },
      { group: null, prefetch: 10 },
    );
    const { deliver, all } = collecting();
    const fast = await consume(other, destination, deliver);
    await send(destination, numbers(MANY));
    await all(MANY);
    expect(await trim(destination)).toBe(0);
    first.open();
    await until(() => heard.length === MANY, 10_000, 'all at the slow one');
    await slow.binding.close();
    await fast.binding.close();
    expect(heard).toEqual(numbers(MANY));
  });

  test('a stream without groups is left alone, and entries are kept for as long as is asked', async () => {
    const alone = await filled();
    expect(await trim(alone)).toBe(0);
    const stream = await filled('g');
    await on.redis.xack(stream, 'g', ...(await read(stream, 'g', MANY)));
    expect(await trim(stream, 60_000)).toBe(0);
    expect(await trim(stream)).toBe(900);
  });

  test('ids of other programs, with numbers of any length, are compared as numbers', async () => {
    const stream = aDestination();
    await on.redis.xgroup('CREATE', stream, 'behind', '0', 'MKSTREAM');
    await on.redis.xgroup('CREATE', stream, 'ahead', '0');
    for (let at = 1; at <= 200; at++) await on.redis.xadd(stream, `9-${at}`, 'payload', '');
    await on.redis.xadd(stream, '18446744073709551615-1', 'payload', '');
    await on.redis.xack(stream, 'ahead', ...(await read(stream, 'ahead', 201)));
    await on.redis.xack(stream, 'behind', ...(await read(stream, 'behind', 150)));
    expect(await trim(stream)).toBe(100);
  });

  test('one trim at a time, whoever asks', async () => {
    const stream = await filled('g');
    await on.redis.xack(stream, 'g', ...(await read(stream, 'g', MANY)));
    await on.redis.set(trimmedKey(stream), '1', 'PX', 60_000);
    expect(await run(stream, 0, 20_000)).toBe(0);
    expect(await on.redis.xlen(stream)).toBe(MANY);
  });

  test('a long stream is trimmed in steps, one right after the other', async () => {
    const stream = await filled('g');
    await on.redis.xack(stream, 'g', ...(await read(stream, 'g', MANY)));
    const steps: [number, number][] = [];
    for (let more = 1; more === 1;) {
      more = await run(stream, 0, 400);
      steps.push([more, await on.redis.xlen(stream)]);
    }
    expect(steps).toEqual([
      [1, 600],
      [1, 200],
      [0, 100],
    ]);
    expect(await on.redis.exists(trimmedKey(stream))).toBe(1);
  });

  test('max-length is a bound that also unread entries do not pass', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const output = await produce(one, destination, { options: { maxLength: 300 }, requiredGroups: ['g'] });
    await Promise.all(numbers(MANY).map((body) => output.send(record(body))));
    expect(await on.redis.xlen(destination)).toBeLessThanOrEqual(400);
    expect(await on.redis.xlen(destination)).toBeGreaterThanOrEqual(300);
  });
});

/** Connections that break, answers that are lost, and servers that go silent. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy, type Proxy } from '../../../tools/brokers/proxy.mjs';
import type { RedisOptions } from '../src/options/options.js';
import { ACK, aDestination, bodyOf, consume, type RedisBinder, type Told } from './support/binder.js';
import { collecting, fixture, gate, numbers } from './support/fixture.js';

jest.setTimeout(60_000);

await describeWithBroker('redis', 'reconnecting', (broker) => {
  const on = fixture(broker);
  const { binder, send, pending } = on;
  let between: Proxy;
  beforeEach(async () => {
    between = await proxy(broker.address);
  });
  afterEach(() => between.close());

  const through = (options: Partial<RedisOptions> = {}): Promise<{ binder: RedisBinder; told: Told }> =>
    binder(options, { ...broker.address, host: between.host, port: between.port });

  test.each([[false], [true]])(
    'entries whose answer was lost come with the next connection, in order and once (ordered: %s)',
    async (ordered) => {
      const destination = aDestination();
      const { binder: one } = await through({ lease: 60_000 });
      const { got, deliver, all } = collecting();
      const { binding } = await consume(one, destination, deliver, { ordered });
      await send(destination, ['before']);
      await all(1);
      between.blackHole({ direction: 'toClient' });
      await send(destination, numbers(10));
      if (!ordered) await until(async () => (await pending(destination)) > 0, 5000, 'some were handed out');
      between.reset();
      await between.restore();
      await all(11);
      await send(destination, ['after']);
      await all(12);
      await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgements');
      await binding.close();
      await one.close();
      expect(got).toEqual(['before', ...numbers(10), 'after']);
    },
  );

  test('acknowledgements that never arrived are sent again, and nothing comes twice', async () => {
    const destination = aDestination();
    const { binder: one } = await through({ lease: 60_000 });
    const done = gate();
    const got: string[] = [];
    const { binding, faults } = await consume(
      one,
      destination,
      async (delivery) => {
        got.push(bodyOf(delivery));
        await done.opened;
        return ACK;
      },
      { concurrency: 10 },
    );
    await send(destination, numbers(10));
    await until(() => got.length === 10, 5000, 'the calls');
    await between.down();
    done.open();
    await until(async () => (await one.health!()).state === 'down', 5000, 'it is noticed');
    expect(await pending(destination)).toBe(10);
    await between.restore();
    await until(async () => (await pending(destination)) === 0, 10_000, 'the acknowledgements');
    await binding.close();
    await one.close();
    expect(got).toEqual(numbers(10));
    expect(faults).toEqual([]);
  });

  test('a server that goes silent is given up, and read again when it speaks', async () => {
    const destination = aDestination();
    const { binder: one, told } = await through({ timeout: 300 });
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver, { options: { block: 200 } });
    await send(destination, ['before']);
    await all(1);
    between.blackHole();
    await until(() => told.reports.length > 0, 10_000, 'it is noticed');
    expect(['down', 'degraded']).toContain((await one.health!()).state);
    await send(destination, ['after']);
    await between.restore();
    await all(2);
    await until(async () => (await one.health!()).state === 'up', 5000, 'it is over');
    await binding.close();
    await one.close();
    expect(new Set(got)).toEqual(new Set(['before', 'after']));
  });

  test('connections that are cut again and again: one reader remains, and nothing is lost', async () => {
    const destination = aDestination();
    const { binder: one } = await through();
    const { got, deliver } = collecting();
    const { binding } = await consume(one, destination, deliver);
    for (let round = 0; round < 10; round++) {
      await send(destination, numbers(20, round * 20));
      between.reset();
      await until(() => between.connections === 2, 10_000, 'two connections are back');
    }
    await until(() => new Set(got).size === 200, 10_000, 'all of them');
    expect(between.connections).toBe(2);
    expect(await on.redis.xinfo('CONSUMERS', destination, 'g')).toHaveLength(1);
    await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgements');
    await binding.close();
    await one.close();
    await until(() => between.connections === 0, 5000, 'no connection is left');
  });

  test('a close while Redis is away ends in time', async () => {
    const destination = aDestination();
    const { binder: one } = await through();
    const { binding } = await consume(one, destination, () => ACK);
    await between.down();
    await until(async () => (await one.health!()).state === 'down', 5000, 'it is noticed');
    const started = performance.now();
    expect(await binding.close(500)).toEqual({ finished: 0, returned: 0, abandoned: 0 });
    await one.close();
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('a pause starts no handler, keeps the place in the group, and is over with resume', async () => {
    const destination = aDestination();
    const { binder: one } = await binder({ lease: 300 });
    const { got, deliver, all } = collecting();
    const { binding, faults } = await consume(one, destination, deliver);
    await send(destination, ['before']);
    await all(1);
    binding.pause();
    await send(destination, numbers(5));
    // several leases
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(got).toEqual(['before']);
    binding.resume();
    await all(6);
    await binding.close();
    expect(got).toEqual(['before', ...numbers(5)]);
    expect(faults).toEqual([]);
  });

  test('not more than the prefetch is taken, from however many streams', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const done = gate();
    const streams = [0, 1, 2, 3].map((partition) => `${destination}-${partition}`);
    const { binding } = await consume(
      one,
      destination,
      async () => {
        await done.opened;
        return ACK;
      },
      { prefetch: 20, concurrency: 4, partitioning: { count: 4, mine: [1, 2, 3] } },
    );
    for (const partition of [1, 2, 3]) await send(destination, numbers(100), partition);
    const taken = async (): Promise<number> => {
      const each = await Promise.all(streams.slice(1).map((stream) => pending(stream)));
      return each.reduce((sum, count) => sum + count, 0);
    };
    await until(async () => (await taken()) === 18, 5000, 'six of each');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await taken()).toBe(18);
    done.open();
    await until(async () => (await taken()) === 0, 10_000, 'all');
    await binding.close();
  });
});

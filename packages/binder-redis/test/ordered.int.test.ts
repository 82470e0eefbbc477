/** Sources that are read in order: one reader a stream, whoever else would. */
import { expect, jest, test } from '@jest/globals';
import type { Delivery } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { proxy } from '../../../tools/brokers/proxy.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, aDestination, bodyOf, consume, produce, record } from './support/binder.js';
import { collecting, fixture, gate, numbers } from './support/fixture.js';

jest.setTimeout(30_000);

await describeWithBroker('redis', 'order', (broker) => {
  const on = fixture(broker);
  const { binder, send, pending } = on;
  const mine = (...indexes: number[]) => ({ ordered: true, partitioning: { count: 4, mine: indexes }, concurrency: 8 });

  test('each partition in its order, several at once, and a failing one holds up only its own', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const got = new Map<number, string[]>();
    const held = gate();
    const { binding, faults } = await consume(
      one,
      destination,
      async (delivery) => {
        const partition = Number(delivery.lane.at(-1));
        if (partition === 2 && bodyOf(delivery) === '3' && delivery.attempt < 3) {
          return { kind: 'requeue', delayMs: 50, failure: new Error('not yet') };
        }
        if (partition === 3 && bodyOf(delivery) === '0') await held.opened;
        got.set(partition, [...(got.get(partition) ?? []), bodyOf(delivery)]);
        return ACK;
      },
      mine(0, 1, 2, 3),
    );
    const output = await produce(one, destination, { partitionCount: 4 });
    await Promise.all(
      numbers(20).flatMap((body) => [0, 1, 2, 3].map((partition) => output.send(record(body, partition)))),
    );
    await until(() => [0, 1, 2].every((each) => got.get(each)?.length === 20), 10_000, 'three partitions');
    expect(got.get(3)).toBeUndefined();
    held.open();
    await until(() => got.get(3)?.length === 20, 10_000, 'the fourth');
    await binding.close();
    for (const partition of [0, 1, 2, 3]) expect(got.get(partition)).toEqual(numbers(20));
    expect(faults).toEqual([]);
  });

  test('a second instance with the same index waits, says so, and goes on when the first one leaves', async () => {
    const destination = aDestination();
    const stream = `${destination}-1`;
    const [{ binder: first }, { binder: second }] = [await binder(), await binder()];
    const [one, other] = [collecting(), collecting()];
    const owner = await consume(first, destination, one.deliver, mine(1));
    await send(destination, ['a'], 1);
    await one.all(1);
    const waiting = await consume(second, destination, other.deliver, mine(1));
    await until(() => waiting.faults.length === 1, 5000, 'the fault');
    expect(waiting.faults[0]!.message).toContain(`claim the same instance index: ${stream} is read by streambind.`);
    await send(destination, numbers(50), 1);
    await one.all(51);
    await owner.binding.close();
    await send(destination, ['b'], 1);
    await other.all(1);
    await waiting.binding.close();
    expect(one.got).toEqual(['a', ...numbers(50)]);
    expect(other.got).toEqual(['b']);
    expect(await on.redis.keys(`{${stream}}:*`)).toEqual([]);
  });

  test('what a predecessor held that is gone comes before what is new, in its order', async () => {
    const destination = aDestination();
    const stream = `${destination}-1`;
    await on.redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
    await send(destination, numbers(6), 1);
    for (const dead of ['streambind.dead1', 'streambind.dead2']) {
      await on.redis.xreadgroup('GROUP', 'g', dead, 'COUNT', 2, 'STREAMS', stream, '>');
    }
    const { binder: one } = await binder();
    const crashes: unknown[] = [];
    const { got, deliver, all } = collecting();
    const { binding } = await consume(
      one,
      destination,
      (delivery) => {
        crashes.push(delivery.crashes);
        return deliver(delivery);
      },
      mine(1),
    );
    await all(6);
    await until(async () => (await pending(stream)) === 0, 5000, 'the acknowledgements');
    await binding.close();
    expect(got).toEqual(numbers(6));
    expect(crashes).toEqual([1, 1, 1, 1, undefined, undefined]);
  });

  test('an owner that was silent for too long is fenced, and all that it held goes to the next, in order', async () => {
    const destination = aDestination();
    const between = await proxy(broker.address);
    const [{ binder: first }, { binder: second }] = [
      await binder({}, { ...broker.address, host: between.host, port: between.port }),
      await binder(),
    ];
    const done = gate();
    const started: Delivery[] = [];
    const fenced = await consume(
      first,
      destination,
      async (delivery) => {
        started.push(delivery);
        await done.opened;
        return ACK;
      },
      mine(1),
    );
    await send(destination, numbers(5), 1);
    await until(() => started.length === 1, 5000, 'the call');
    const { got, deliver, all } = collecting();
    const heir = await consume(second, destination, deliver, mine(1));
    between.blackHole();
    await all(5);
    await between.restore();
    await send(destination, numbers(5, 5), 1);
    await all(10);
    await until(() => started[0]!.lost.aborted, 10_000, 'the loss');
    done.open();
    await fenced.binding.close();
    await heir.binding.close();
    await first.close();
    await between.close();
    expect(got).toEqual(numbers(10));
    expect(started.map(bodyOf)).toEqual(['0']);
    expect(fenced.faults.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringContaining('was taken over from this consumer')]),
    );
  });

  test('an input that is not partitioned reads all partitions, also those that come later', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const known = await produce(one, destination, { partitionCount: 2 });
    const [grouped, listener] = [collecting(), collecting()];
    const inputs = [
      await consume(one, destination, grouped.deliver),
      await consume(one, destination, listener.deliver, { group: null }),
    ];
    await Promise.all([known.send(record('a', 0)), known.send(record('b', 1)), send(destination, ['c'])]);
    const more = await produce(one, destination, { partitionCount: 3 });
    await more.send(record('d', 2));
    await grouped.all(4);
    await listener.all(4);
    for (const { binding } of inputs) await binding.close();
    for (const { got } of [grouped, listener]) expect(got.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('whoever has the first partition also gets what is sent without one', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver, mine(0, 1));
    await send(destination, ['none']);
    await send(destination, ['first'], 0);
    await all(2);
    await binding.close();
    expect(got.toSorted()).toEqual(['first', 'none']);
  });
});

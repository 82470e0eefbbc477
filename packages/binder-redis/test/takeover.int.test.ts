/** Whose an entry is: of those that live, of those that are gone, and of those that only seemed to be. */
import { expect, jest, test } from '@jest/globals';
import { isStreambindError, type Delivery } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { RETURNED } from '../src/streams/names.js';
import { ACK, aDestination, bodyOf, consume } from './support/binder.js';
import { collecting, fixture, gate, numbers } from './support/fixture.js';

jest.setTimeout(30_000);

const codes = (faults: readonly Error[]): unknown[] =>
  faults.map((error) => (isStreambindError(error) ? error.code : error.name));

await describeWithBroker('redis', 'takeover', (broker) => {
  const on = fixture(broker);
  const { binder, send, pending } = on;

  test('what a consumer held that is gone comes to another, and counts as a crash; then nothing of the dead remains', async () => {
    const { redis } = on;
    const destination = aDestination();
    await redis.xgroup('CREATE', destination, 'g', '0', 'MKSTREAM');
    await send(destination, numbers(5));
    await redis.xreadgroup('GROUP', 'g', 'streambind.dead', 'COUNT', 3, 'STREAMS', destination, '>');
    const seen: Delivery[] = [];
    const { binder: heir } = await binder();
    const { binding, faults } = await consume(heir, destination, (delivery) => {
      seen.push(delivery);
      return ACK;
    });
    await until(() => seen.length === 5, 5000, 'all of them');
    await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgements');
    const sorted = seen.toSorted((a, b) => (bodyOf(a) < bodyOf(b) ? -1 : 1));
    expect(sorted.map((each) => [bodyOf(each), each.crashes, each.attempt])).toEqual([
      ['0', 1, 1],
      ['1', 1, 1],
      ['2', 1, 1],
      ['3', undefined, 1],
      ['4', undefined, 1],
    ]);
    const consumers = async (): Promise<unknown[]> => (await redis.xinfo('CONSUMERS', destination, 'g')) as unknown[];
    await until(async () => (await consumers()).length === 1, 5000, 'the dead one is removed');
    await binding.close();
    expect(faults).toEqual([]);
  });

  test('a consumer of another program keeps what it has taken', async () => {
    const { redis } = on;
    const destination = aDestination();
    await redis.xgroup('CREATE', destination, 'g', '0', 'MKSTREAM');
    await send(destination, ['theirs', 'ours']);
    await redis.xreadgroup('GROUP', 'g', 'python', 'COUNT', 1, 'STREAMS', destination, '>');
    const { got, deliver, all } = collecting();
    const { binder: one } = await binder({ lease: 300 });
    const { binding } = await consume(one, destination, deliver);
    await all(1);
    // several leases
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await binding.close();
    expect(got).toEqual(['ours']);
    expect(await redis.xpending(destination, 'g', '-', '+', 10)).toEqual([
      [expect.any(String), 'python', expect.any(Number), 1],
    ]);
  });

  test('a slow handler keeps its entries, for many leases', async () => {
    const { redis } = on;
    const destination = aDestination();
    const done = gate();
    const calls: string[] = [];
    const [{ binder: first }, { binder: second }] = [await binder({ lease: 300 }), await binder({ lease: 300 })];
    const slow = await consume(first, destination, async (delivery) => {
      calls.push(`first ${bodyOf(delivery)}`);
      await done.opened;
      return ACK;
    });
    await send(destination, ['a', 'b', 'c']);
    await until(() => calls.length === 1, 5000, 'the first call');
    const other = await consume(second, destination, (delivery) => {
      calls.push(`second ${bodyOf(delivery)}`);
      return ACK;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    done.open();
    await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgements');
    await slow.binding.close();
    await other.binding.close();
    expect(calls).toEqual(['first a', 'first b', 'first c']);
    expect(await redis.xlen(destination)).toBe(3);
    expect([...slow.faults, ...other.faults]).toEqual([]);
  });

  test('what was taken from a consumer is lost to it: it settles nothing, starts nothing, and says so', async () => {
    const { redis } = on;
    const destination = aDestination();
    const done = gate();
    const seen: Delivery[] = [];
    const { binder: one } = await binder();
    const { binding, faults } = await consume(one, destination, async (delivery) => {
      seen.push(delivery);
      await done.opened;
      return ACK;
    });
    await send(destination, ['a', 'b']);
    await until(() => seen.length === 1, 5000, 'the call');
    await redis.xclaim(destination, 'g', 'thief', 0, seen[0]!.id, 'JUSTID');
    await until(() => seen[0]!.lost.aborted, 5000, 'the loss');
    done.open();
    await until(() => seen.length === 2, 5000, 'the second comes again, as nobody took it');
    await until(async () => (await pending(destination)) === 1, 5000, 'its acknowledgement');
    await binding.close();
    expect(seen.map(bodyOf)).toEqual(['a', 'b']);
    expect(codes(faults)).toEqual(['FENCED']);
    expect(await redis.xpending(destination, 'g', '-', '+', 10)).toEqual([
      [seen[0]!.id, 'thief', expect.any(Number), 1],
    ]);
  });

  test('an orderly close gives back what was not handled, at once and uncounted', async () => {
    const { redis } = on;
    const destination = aDestination();
    const done = gate();
    const [{ binder: first }, { binder: second }] = [await binder({ lease: 60_000 }), await binder({ lease: 60_000 })];
    const started: string[] = [];
    const closing = await consume(first, destination, async (delivery) => {
      started.push(bodyOf(delivery));
      await done.opened;
      return ACK;
    });
    await send(destination, numbers(10));
    await until(async () => (await pending(destination)) === 10, 5000, 'all are taken');
    const closed = closing.binding.close();
    done.open();
    expect(await closed).toEqual({ finished: 1, returned: 9, abandoned: 0 });
    expect(await redis.xinfo('CONSUMERS', destination, 'g')).toMatchObject([
      expect.arrayContaining(['name', RETURNED, 'pending', 9]),
    ]);
    const seen: Delivery[] = [];
    const heir = await consume(second, destination, (delivery) => {
      seen.push(delivery);
      return ACK;
    });
    await until(() => seen.length === 9, 5000, 'the rest');
    await heir.binding.close();
    expect(heir.faults).toEqual([]);
    expect(seen.map(bodyOf)).toEqual(numbers(9, 1));
    expect(seen.map(({ crashes }) => crashes)).toEqual(seen.map(() => undefined));
    expect(await redis.xinfo('CONSUMERS', destination, 'g')).toEqual([]);
  });

  test('a handler that is abandoned at the deadline: its entry is delivered again', async () => {
    const destination = aDestination();
    const [{ binder: first }, { binder: second }] = [await binder(), await binder()];
    let calls = 0;
    const stuck = await consume(first, destination, () => {
      calls++;
      return new Promise(() => undefined);
    });
    await send(destination, ['a']);
    await until(() => calls === 1, 5000, 'the call');
    expect(await stuck.binding.close(50)).toEqual({ finished: 0, returned: 0, abandoned: 1 });
    const { got, deliver, all } = collecting();
    const heir = await consume(second, destination, deliver);
    await all(1);
    await heir.binding.close();
    expect(got).toEqual(['a']);
  });
});

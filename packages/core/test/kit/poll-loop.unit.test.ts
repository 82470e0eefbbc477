import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { pollLoop, type Delivery } from '@streambind/core/binder';
import { ACK, deferred, delivery, microtasks, setUp, type Deferred } from './fakes.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

interface Read extends Deferred<readonly Delivery[]> {
  readonly max: number;
  readonly signal: AbortSignal;
}

function start(prefetch: number, retryMs?: number) {
  const kit = setUp({ prefetch });
  const reads: Read[] = [];
  const loop = pollLoop({
    intake: kit.intake,
    read: (max, signal) => {
      const read = { ...deferred<readonly Delivery[]>(), max, signal };
      reads.push(read);
      return read.promise;
    },
    fault: (error) => kit.sink.fault(error),
    ...(retryMs === undefined ? {} : { retryMs }),
  });
  return { ...kit, reads, loop };
}

test('reads only what there is room for, and only when there is some', async () => {
  const { reads, sink } = start(3);
  await microtasks();
  expect(reads.map(({ max }) => max)).toEqual([3]);
  reads[0]!.resolve([delivery('a')]);
  await microtasks();
  expect(reads.map(({ max }) => max)).toEqual([3, 2]);
  reads[1]!.resolve([delivery('b'), delivery('c')]);
  await microtasks();
  expect(reads).toHaveLength(2);
  await sink.end('a');
  expect(reads.map(({ max }) => max)).toEqual([3, 2, 1]);
});

test('reads nothing while paused', async () => {
  const { intake, reads } = start(3);
  await microtasks();
  intake.pause();
  reads[0]!.resolve([]);
  await jest.advanceTimersByTimeAsync(1000);
  expect(reads).toHaveLength(1);
  intake.resume();
  await microtasks();
  expect(reads).toHaveLength(2);
});

test('a read that fails is a fault, and the next one comes after the pause', async () => {
  const { reads, sink } = start(3, 200);
  await microtasks();
  reads[0]!.reject(new Error('timeout'));
  await jest.advanceTimersByTimeAsync(199);
  expect(reads).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(reads).toHaveLength(2);
  expect(sink.faults).toEqual(['timeout']);
});

test('a broker that answers "nothing" at once does not take the event loop', async () => {
  jest.useRealTimers();
  const { intake } = setUp();
  let reads = 0;
  const loop = pollLoop({ intake, read: async () => (reads++, []), fault: () => undefined });
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  await intake.close();
  await loop;
  expect(reads).toBeLessThan(20);
});

test('close ends a read that waits; what it still brings is given back', async () => {
  const { intake, reads, loop, settler, sink } = start(3);
  await microtasks();
  const closed = intake.binding(() => loop).close(1000);
  expect(reads[0]!.signal.aborted).toBe(true);
  reads[0]!.resolve([delivery('a')]);
  await expect(closed).resolves.toEqual({ finished: 0, returned: 1, abandoned: 0 });
  expect(settler.calls).toEqual(['requeue a 0']);
  expect(sink.seen).toEqual([]);
  expect(reads).toHaveLength(1);
});

test('close ends the loop in a read that fails by it, in its pause, and while it waits for room', async () => {
  const reading = start(3);
  await microtasks();
  const closed = reading.intake.close();
  reading.reads[0]!.reject(new Error('aborted'));
  await reading.loop;
  await closed;
  expect(reading.sink.faults).toEqual([]);

  const pausing = start(3);
  await microtasks();
  pausing.reads[0]!.reject(new Error('timeout'));
  await microtasks();
  await pausing.intake.close();
  await pausing.loop;

  const full = start(1);
  await microtasks();
  full.reads[0]!.resolve([delivery('a')]);
  await microtasks();
  const draining = full.intake.close();
  await full.loop;
  await full.sink.end('a', ACK);
  await draining;
  expect(full.reads).toHaveLength(1);
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ACK, FakeSettler, dead, deferred, delivery, failed, microtasks, nack, setUp } from './fakes.js';
import type { Delivery } from '@streambind/core/binder';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Of the event loop: fake timers let what is set in one millisecond's callbacks happen in the next. */
const turn = (): Promise<void> => jest.advanceTimersByTimeAsync(1);

describe('a failing delivery of an unordered source', () => {
  test('leaves its slot and keeps its place: later ones pass, then it comes with the next attempt', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 2 });
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a', failed(1000));
    expect(settler.calls).toEqual(['failed a boom']);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    await sink.end('b');
    expect(intake.room).toBe(1);
    await jest.advanceTimersByTimeAsync(999);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    await jest.advanceTimersByTimeAsync(1);
    await sink.end('a', failed(2000));
    await jest.advanceTimersByTimeAsync(2000);
    expect(sink.seen).toEqual(['a#1', 'b#1', 'a#2', 'a#3']);
    await sink.end('a');
    expect(settler.calls).toEqual(['failed a boom', 'ack b', 'failed a boom', 'ack a']);
    expect(intake.room).toBe(2);
  });

  test('the settler is always given the object that was offered; a handler keeps what it was given', async () => {
    class Lazy {
      constructor(fields: Omit<Delivery, 'headers'>) {
        Object.assign(this, fields);
      }
      get headers(): Record<string, string> {
        return { read: 'lazily' };
      }
    }
    const { headers: _, ...fields } = delivery('a', { attempt: 4 });
    const offered = new Lazy(fields) as Lazy & Delivery;
    const { intake, settler, sink } = setUp();
    const acked: Delivery[] = [];
    const seen: Delivery[] = [];
    settler.onAck = (given) => void acked.push(given);
    sink.onDeliver = (given) => {
      seen.push(given);
      return given.attempt === 4 ? failed(10) : ACK;
    };
    intake.offer(offered);
    await jest.advanceTimersByTimeAsync(10);
    expect(acked).toEqual([offered]);
    expect(acked[0]).toBe(offered);
    expect(seen.map(({ attempt, headers }) => [attempt, headers])).toEqual([
      [4, { read: 'lazily' }],
      [5, { read: 'lazily' }],
    ]);
  });

  test('goes to the broker when that can delay, from its shortest delay on', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 3, delayedRequeue: 'broker', minRequeueMs: 1000 });
    intake.offerAll([delivery('a'), delivery('b'), delivery('c')]);
    await sink.end('a', failed(1000));
    await sink.end('b', nack(5000));
    await sink.end('c', failed(999));
    expect(settler.calls).toEqual(['requeue a 1000 boom', 'requeue b 5000', 'failed c boom']);
    expect(intake.room).toBe(9);
    await jest.advanceTimersByTimeAsync(999);
    expect(sink.seen.slice(3)).toEqual(['c#2']);
  });

  test('is held when the broker cannot delay, or cannot take back at all', async () => {
    for (const setup of [{ delayedRequeue: 'held' }, { delayedRequeue: 'broker', without: ['requeue'] }] as const) {
      const { intake, sink, settler } = setUp(setup);
      intake.offer(delivery('a'));
      await sink.end('a', failed(50));
      await jest.advanceTimersByTimeAsync(50);
      expect(sink.seen).toEqual(['a#1', 'a#2']);
      expect(settler.calls).toEqual(['failed a boom']);
    }
  });

  test('a failure with delay 0 is tried again here, a turn later', async () => {
    const { intake, sink } = setUp();
    intake.offer(delivery('a'));
    await sink.end('a', failed(0));
    expect(sink.seen).toEqual(['a#1']);
    await turn();
    expect(sink.seen).toEqual(['a#1', 'a#2']);
  });

  test('a delay longer than a timer can be does not fire at once', async () => {
    const { intake, sink } = setUp();
    intake.offer(delivery('a'));
    await sink.end('a', nack(2 ** 40));
    await jest.advanceTimersByTimeAsync(2 ** 31 - 2);
    expect(sink.seen).toEqual(['a#1']);
  });

  test.each(['rejects', 'throws'])('a requeue that %s is a fault, and the broker delivers again', async (how) => {
    const { intake, settler, sink } = setUp({ delayedRequeue: 'broker' });
    settler.onRequeue = () => {
      if (how === 'throws') throw new Error('gone');
      return Promise.reject(new Error('gone'));
    };
    intake.offer(delivery('a'));
    await sink.end('a', failed(10));
    expect(sink.faults).toEqual(['gone']);
    expect(intake.room).toBe(10);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(settler.calls).toEqual(['requeue a 10 boom']);
  });

  test('a settler that fails to note a failure is a fault, and the next attempt comes all the same', async () => {
    const { intake, settler, sink } = setUp();
    settler.failed = () => {
      throw new Error('cannot write');
    };
    intake.offer(delivery('a'));
    await sink.end('a', failed(10));
    await jest.advanceTimersByTimeAsync(10);
    expect(sink.faults).toEqual(['cannot write']);
    expect(sink.seen).toEqual(['a#1', 'a#2']);
  });
});

describe('a requeue that is no failure', () => {
  test('with delay 0 is given back to the broker after a turn', async () => {
    const { intake, settler, sink } = setUp();
    intake.offer(delivery('a'));
    await sink.end('a', nack());
    expect(settler.calls).toEqual([]);
    await turn();
    expect(settler.calls).toEqual(['requeue a 0']);
    expect(intake.room).toBe(10);
  });

  test('with a delay is held and does not raise the attempt', async () => {
    const { intake, settler, sink } = setUp();
    intake.offer(delivery('a'));
    await sink.end('a', nack(100));
    await jest.advanceTimersByTimeAsync(100);
    expect(sink.seen).toEqual(['a#1', 'a#1']);
    expect(settler.calls).toEqual([]);
  });

  test('a handler that always gives back leaves a turn between, with a broker that delivers again at once', async () => {
    const { intake, settler, sink } = setUp();
    sink.onDeliver = () => nack();
    settler.onRequeue = (given) => intake.offer(given);
    intake.offer(delivery('a'));
    await microtasks();
    expect(sink.seen).toHaveLength(1);
    jest.advanceTimersToNextTimer();
    expect(sink.seen).toHaveLength(2);
    jest.advanceTimersToNextTimer();
    expect(sink.seen).toHaveLength(3);
  });

  test('of a delivery that failed here before, to a settler that cannot note failures, brings the failure along', async () => {
    const { intake, settler, sink } = setUp({ without: ['failed'] });
    intake.offer(delivery('a'));
    await sink.end('a', failed(10));
    await jest.advanceTimersByTimeAsync(10);
    await sink.end('a', nack());
    await turn();
    expect(settler.calls).toEqual(['requeue a 0 boom']);
  });
});

describe('an ordered source', () => {
  test('one delivery of a lane at a time, lanes side by side', async () => {
    const { intake, sink, settler } = setUp({ concurrency: 4, ordered: true });
    intake.offerAll(['a1', 'a2', 'b1', 'a3', 'b2'].map((id) => delivery(id)));
    expect(sink.seen).toEqual(['a1#1', 'b1#1']);
    await sink.end('b1');
    await sink.end('a1');
    expect(sink.seen).toEqual(['a1#1', 'b1#1', 'b2#1', 'a2#1']);
    await sink.end('a2');
    await sink.end('a3');
    await sink.end('b2');
    expect(settler.calls).toEqual(['ack b1', 'ack a1', 'ack a2', 'ack a3', 'ack b2']);
    expect(intake.room).toBe(10);
  });

  test('lanes share the slots in turn', async () => {
    const { intake, sink } = setUp({ concurrency: 1, ordered: true });
    intake.offerAll(['a1', 'a2', 'a3', 'b1', 'c1'].map((id) => delivery(id)));
    for (const id of ['a1', 'b1', 'c1', 'a2', 'a3']) await sink.end(id);
    expect(sink.seen).toEqual(['a1#1', 'b1#1', 'c1#1', 'a2#1', 'a3#1']);
  });

  test('the lane goes on when the ack is on its way', async () => {
    const { intake, sink, settler } = setUp({ ordered: true });
    settler.onAck = () => deferred().promise;
    intake.offerAll([delivery('a1'), delivery('a2')]);
    await sink.end('a1');
    expect(sink.seen).toEqual(['a1#1', 'a2#1']);
    expect(intake.room).toBe(8);
  });

  test('a failing delivery holds its lane and never goes to the broker, whatever that can do', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, ordered: true, delayedRequeue: 'broker' });
    intake.offerAll(['a1', 'a2', 'b1', 'b2'].map((id) => delivery(id)));
    await sink.end('a1', failed(1000));
    await sink.end('b1');
    await sink.end('b2');
    expect(sink.seen).toEqual(['a1#1', 'b1#1', 'b2#1']);
    await jest.advanceTimersByTimeAsync(1000);
    await sink.end('a1', nack());
    await turn();
    await sink.end('a1', nack(500));
    await jest.advanceTimersByTimeAsync(500);
    await sink.end('a1');
    await sink.end('a2');
    expect(sink.seen.slice(3)).toEqual(['a1#2', 'a1#2', 'a1#2', 'a2#1']);
    expect(settler.calls).toEqual(['failed a1 boom', 'ack b1', 'ack b2', 'ack a1', 'ack a2']);
  });

  test('a dead letter holds its lane until it is confirmed', async () => {
    const { intake, settler, sink } = setUp({ ordered: true });
    const confirmed = deferred();
    settler.onDeadLetter = () => confirmed.promise;
    intake.offerAll([delivery('a1'), delivery('a2'), delivery('b1')]);
    await sink.end('a1', dead());
    expect(sink.seen).toEqual(['a1#1', 'b1#1']);
    confirmed.resolve();
    await microtasks();
    await sink.end('b1');
    expect(sink.seen).toEqual(['a1#1', 'b1#1', 'a2#1']);
  });
});

test('any mixture of outcomes settles every delivery exactly once', async () => {
  const { intake, settler, sink } = setUp({ concurrency: 3, prefetch: 50, ordered: false });
  const outcomes = [ACK, nack(), nack(5), failed(0), failed(7), dead()];
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
  const visits = new Map<string, number>();
  sink.onDeliver = ({ id }) => {
    const visit = visits.get(id) ?? 0;
    visits.set(id, visit + 1);
    return visit > 2 ? ACK : outcomes[(Number(id.slice(1)) + visit * 5) % outcomes.length];
  };
  settler.onRequeue = (given) => intake.offer(given);
  intake.offerAll(ids.map((id) => delivery(id)));
  await jest.advanceTimersByTimeAsync(1000);
  expect(intake.room).toBe(50);
  expect(finals(settler)).toEqual([...ids].sort());
});

/** Every delivery that was acknowledged or dead-lettered, as often as it was. */
function finals(settler: FakeSettler): string[] {
  return settler.calls
    .filter((call) => /^(ack|dead) /.test(call))
    .map((call) => call.split(' ')[1]!)
    .sort();
}

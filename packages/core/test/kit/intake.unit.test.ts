import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ACK, NEVER, deferred, delivery, failed, microtasks, setUp } from './fakes.js';
import type { Settlement } from '@streambind/core/binder';

// a turn of the event loop has a slice of real time, which a busy machine may take from it
beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

describe('slots and room', () => {
  test('at most `concurrency` handlers run, and a place is free once the delivery is settled', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, prefetch: 3 });
    expect(intake.room).toBe(3);
    intake.offerAll(['a', 'b', 'c'].map((id) => delivery(id)));
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    expect(intake.room).toBe(0);
    await sink.end('b');
    expect(sink.seen).toEqual(['a#1', 'b#1', 'c#1']);
    expect(intake.room).toBe(1);
    await sink.end('a');
    await sink.end('c');
    expect(settler.calls).toEqual(['ack b', 'ack a', 'ack c']);
    expect(intake.room).toBe(3);
    expect(sink.mostAtOnce).toBe(2);
  });

  test('what is offered beyond the room is taken all the same, and the room is never negative', async () => {
    const { intake, sink } = setUp({ prefetch: 1 });
    intake.offer(delivery('a'));
    intake.offer(delivery('b'));
    expect(intake.room).toBe(0);
    await sink.end('a');
    expect(intake.room).toBe(0);
    await sink.end('b');
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    expect(intake.room).toBe(1);
  });

  test('an ack that is a promise frees the handler slot at once and the place when it resolves', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 2 });
    const confirmed = deferred();
    settler.onAck = ({ id }) => (id === 'a' ? confirmed.promise : undefined);
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a');
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    expect(intake.room).toBe(0);
    confirmed.resolve();
    await microtasks();
    expect(intake.room).toBe(1);
  });

  test('whenIdle waits for running handlers and dead letters, not for what is queued', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, prefetch: 5 });
    const buried = deferred();
    settler.onDeadLetter = () => buried.promise;
    await intake.whenIdle();
    intake.offerAll(['a', 'b', 'c'].map((id) => delivery(id)));
    intake.pause();
    const told: string[] = [];
    void intake.whenIdle().then(() => told.push('idle'));
    await sink.end('a');
    await sink.end('b', { kind: 'deadLetter', reason: new Error('bad') });
    expect(told).toEqual([]);
    buried.resolve();
    await microtasks();
    expect(told).toEqual(['idle']);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
  });

  test('whenRoom waits for a settlement, and ends when the intake closes', async () => {
    const { intake, sink } = setUp({ prefetch: 1 });
    await intake.whenRoom();
    intake.offer(delivery('a'));
    const waited: string[] = [];
    void intake.whenRoom().then(() => waited.push('room'));
    await microtasks();
    expect(waited).toEqual([]);
    await sink.end('a');
    expect(waited).toEqual(['room']);
    intake.offer(delivery('b'));
    void intake.whenRoom().then(() => waited.push('closed'));
    void intake.close(0);
    await microtasks();
    expect(waited).toEqual(['room', 'closed']);
  });

  test.each(['rejects', 'throws'])('an ack that %s goes to fault, is not repeated and frees its place', async (how) => {
    const { intake, settler, sink } = setUp({ prefetch: 1 });
    settler.onAck = () => {
      if (how === 'throws') throw new Error('channel closed');
      return Promise.reject(new Error('channel closed'));
    };
    sink.onDeliver = () => ACK;
    intake.offer(delivery('a'));
    await microtasks();
    expect(settler.calls).toEqual(['ack a']);
    expect(sink.faults).toEqual(['channel closed']);
    expect(intake.room).toBe(1);
  });

  test('an ack that returns what is no promise counts as done', () => {
    const { intake, settler, sink } = setUp({ prefetch: 1 });
    settler.onAck = (() => 1) as unknown as () => void;
    sink.onDeliver = () => ACK;
    intake.offer(delivery('a'));
    expect(intake.room).toBe(1);
    expect(sink.faults).toEqual([]);
  });
});

describe('a sink that breaks its promise', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test.each(['throws', 'rejects', 'rejects later'])('%s: a fault, and the message is tried again', async (how) => {
    const { intake, settler, sink } = setUp();
    const broken: (Settlement | Promise<Settlement>)[] = [ACK];
    sink.deliver = (given) => {
      sink.seen.push(`${given.id}#${given.attempt}`);
      if (given.attempt > 1) return broken[0]!;
      if (how === 'throws') throw new Error('bug');
      const rejected = Promise.reject<Settlement>(new Error('bug'));
      return how === 'rejects' ? rejected : { kind: 'later', settlement: rejected };
    };
    intake.offer(delivery('a'));
    await jest.advanceTimersByTimeAsync(999);
    expect(sink.faults).toEqual(['bug']);
    expect(sink.seen).toEqual(['a#1']);
    await jest.advanceTimersByTimeAsync(1);
    expect(sink.seen).toEqual(['a#1', 'a#2']);
    expect(settler.calls).toEqual(['failed a bug', 'ack a']);
  });
});

describe('later', () => {
  test('frees the handler slot and keeps the place until it is settled', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 2 });
    const settlement = deferred<Settlement>();
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a', { kind: 'later', settlement: settlement.promise });
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    expect(intake.room).toBe(0);
    settlement.resolve(ACK);
    await microtasks();
    expect(settler.calls).toEqual(['ack a']);
    expect(intake.room).toBe(1);
  });

  test('keeps its lane in an ordered source', async () => {
    const { intake, sink } = setUp({ concurrency: 2, ordered: true });
    const settlement = deferred<Settlement>();
    intake.offerAll([delivery('a1'), delivery('a2'), delivery('b1')]);
    await sink.end('a1', { kind: 'later', settlement: settlement.promise });
    expect(sink.seen).toEqual(['a1#1', 'b1#1']);
    settlement.resolve(ACK);
    await microtasks();
    expect(sink.seen).toEqual(['a1#1', 'b1#1', 'a2#1']);
  });
});

describe('pause', () => {
  test('starts nothing and has no room; what runs is settled; resume goes on in order', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 5 });
    intake.offerAll([delivery('a'), delivery('b')]);
    intake.pause();
    expect(intake.room).toBe(0);
    await sink.end('a');
    intake.offer(delivery('c'));
    expect(settler.calls).toEqual(['ack a']);
    expect(sink.seen).toEqual(['a#1']);
    const waiting = intake.whenRoom();
    intake.resume();
    await waiting;
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    await sink.end('b');
    await sink.end('c');
    expect(settler.calls).toEqual(['ack a', 'ack b', 'ack c']);
  });

  test('an attempt that falls due while paused waits for resume', async () => {
    jest.useFakeTimers();
    try {
      const { intake, sink } = setUp();
      intake.offer(delivery('a'));
      await sink.end('a', failed(100));
      intake.pause();
      await jest.advanceTimersByTimeAsync(1000);
      expect(sink.seen).toEqual(['a#1']);
      intake.resume();
      expect(sink.seen).toEqual(['a#1', 'a#2']);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a flood of synchronous handlers', () => {
  beforeEach(() => void jest.restoreAllMocks());

  const MANY = 1_000_000;
  const settledAll = async (done: () => boolean): Promise<number> => {
    let turns = 0;
    while (!done()) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    return turns;
  };

  test.each([false, true])(
    'offered in one go (ordered: %s): no overflow, and timers get their turn',
    async (ordered) => {
      const { intake, settler, sink } = setUp({ prefetch: MANY, ordered });
      let handled = 0;
      let acked = 0;
      sink.deliver = () => {
        handled++;
        return ACK;
      };
      settler.ack = () => void acked++;
      for (let i = 0; i < MANY; i++) intake.offer(delivery('a', { lost: NEVER }));
      expect(handled).toBeLessThan(MANY);
      expect(await settledAll(() => acked === MANY)).toBeGreaterThan(MANY / 1000 / 2);
      expect(handled).toBe(MANY);
      expect(intake.room).toBe(MANY);
    },
  );

  test.each(['ack', 'handler'])('each offered inside the %s of the one before', async (where) => {
    const { intake, settler, sink } = setUp();
    const one = delivery('a');
    let offered = 1;
    let acked = 0;
    const offerNext = (): void => {
      if (offered++ < MANY) intake.offer(one);
    };
    sink.deliver = () => {
      if (where === 'handler') offerNext();
      return ACK;
    };
    settler.ack = () => {
      acked++;
      if (where === 'ack') offerNext();
    };
    intake.offer(one);
    expect(await settledAll(() => acked === MANY)).toBeGreaterThan(MANY / 1000 / 2);
  });

  test('handlers that end in a microtask leave turns to others, too', async () => {
    const { intake, settler, sink } = setUp();
    const one = delivery('a');
    let acked = 0;
    sink.deliver = () => Promise.resolve(ACK);
    settler.ack = () => {
      if (++acked < 10_000) intake.offer(one);
    };
    intake.offer(one);
    expect(await settledAll(() => acked === 10_000)).toBeGreaterThanOrEqual(9);
  });

  test('a handler that computes for long yields after each message', async () => {
    const { intake, sink } = setUp();
    const started: string[] = [];
    sink.deliver = ({ id }) => {
      started.push(id);
      for (const until = performance.now() + 12; performance.now() < until;);
      return ACK;
    };
    intake.offerAll([delivery('a'), delivery('b')]);
    expect(started).toEqual(['a']);
    await settledAll(() => started.length === 2);
  });
});

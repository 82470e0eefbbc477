import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ACK, dead, deferred, delivery, failed, microtasks, nack, setUp } from './fakes.js';
import type { Settlement } from '@streambind/core/binder';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A later look: whatever was due by then has happened. */
const muchLater = (): Promise<void> => jest.advanceTimersByTimeAsync(100_000);

describe('a delivery that is lost', () => {
  test('waiting: is dropped without a handler and frees its place; others go on', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 3 });
    const channel = new AbortController();
    intake.offerAll([delivery('a'), delivery('b', { lost: channel.signal }), delivery('c')]);
    expect(intake.room).toBe(0);
    channel.abort();
    expect(intake.room).toBe(1);
    await sink.end('a');
    await sink.end('c');
    expect(sink.seen).toEqual(['a#1', 'c#1']);
    expect(settler.calls).toEqual(['ack a', 'ack c']);
  });

  test('before it is offered: is dropped', () => {
    const { intake, sink } = setUp();
    intake.offer(delivery('a', { lost: AbortSignal.abort() }));
    expect(sink.seen).toEqual([]);
    expect(intake.room).toBe(10);
  });

  test.each([
    ['ack', ACK],
    ['failure', failed(10)],
    ['requeue', nack()],
    ['dead letter', dead()],
    ['later', { kind: 'later', settlement: Promise.resolve(ACK) } as const],
  ])('running: finishes in its slot and place, and its %s is ignored', async (_name, outcome) => {
    const { intake, settler, sink } = setUp({ prefetch: 2 });
    const channel = new AbortController();
    intake.offerAll([delivery('a', { lost: channel.signal }), delivery('b')]);
    channel.abort();
    expect(intake.room).toBe(0);
    expect(sink.seen).toEqual(['a#1']);
    await sink.end('a', outcome);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    await sink.end('b');
    await muchLater();
    expect(intake.room).toBe(2);
    expect(settler.calls).toEqual(['ack b']);
  });

  test('running in an ordered source: its lane waits for it, so that the same key never runs twice at once', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, ordered: true });
    const before = new AbortController();
    intake.offerAll([delivery('a1', { lost: before.signal }), delivery('a2', { lost: before.signal })]);
    before.abort();
    intake.offerAll([delivery('a1'), delivery('a2')]);
    expect(sink.seen).toEqual(['a1#1']);
    await sink.end('a1');
    await sink.end('a1');
    await sink.end('a2');
    expect(sink.seen).toEqual(['a1#1', 'a1#1', 'a2#1']);
    expect(settler.calls).toEqual(['ack a1', 'ack a2']);
  });

  test('later: frees its place and lane at once, and its settlement is ignored', async () => {
    const { intake, settler, sink } = setUp({ ordered: true, prefetch: 2 });
    const channel = new AbortController();
    const settlement = deferred<Settlement>();
    intake.offerAll([delivery('a1', { lost: channel.signal }), delivery('a2')]);
    await sink.end('a1', { kind: 'later', settlement: settlement.promise });
    expect(sink.seen).toEqual(['a1#1']);
    channel.abort();
    expect(intake.room).toBe(1);
    expect(sink.seen).toEqual(['a1#1', 'a2#1']);
    settlement.resolve(ACK);
    await microtasks();
    expect(settler.calls).toEqual([]);
  });

  test.each([failed(1000), nack(1000), nack()])('held: is dropped (%j)', async (outcome) => {
    const { intake, settler, sink } = setUp();
    const channel = new AbortController();
    intake.offer(delivery('a', { lost: channel.signal }));
    await sink.end('a', outcome);
    channel.abort();
    expect(intake.room).toBe(10);
    const told = settler.calls.length;
    await jest.advanceTimersByTimeAsync(1);
    expect(jest.getTimerCount()).toBe(0);
    await muchLater();
    expect(sink.seen).toEqual(['a#1']);
    expect(settler.calls).toHaveLength(told);
  });

  test('held in an ordered source: its lane is free for what comes from the new owner', async () => {
    const { intake, sink } = setUp({ ordered: true });
    const before = new AbortController();
    const lost = before.signal;
    intake.offerAll([delivery('a1', { lost }), delivery('a2', { lost }), delivery('a3', { lost })]);
    await sink.end('a1', failed(1000));
    before.abort();
    expect(intake.room).toBe(10);
    intake.offerAll([delivery('a1'), delivery('a2')]);
    await sink.end('a1');
    expect(sink.seen).toEqual(['a1#1', 'a1#1', 'a2#1']);
  });

  test('in the middle of its lane: the rest of the lane goes on without it', async () => {
    const { intake, sink } = setUp({ ordered: true });
    const channel = new AbortController();
    const { signal: lost } = channel;
    intake.offerAll([delivery('a1'), delivery('a2', { lost }), delivery('a3'), delivery('a4', { lost })]);
    channel.abort();
    await sink.end('a1');
    await sink.end('a3');
    intake.offer(delivery('a5'));
    expect(sink.seen).toEqual(['a1#1', 'a3#1', 'a5#1']);
  });

  test('being acknowledged: frees its place; an ack that fails then is still told', async () => {
    const { intake, settler, sink } = setUp({ prefetch: 1 });
    const channel = new AbortController();
    const answer = deferred();
    settler.onAck = () => answer.promise;
    intake.offer(delivery('a', { lost: channel.signal }));
    await sink.end('a');
    channel.abort();
    expect(intake.room).toBe(1);
    answer.reject(new Error('channel closed'));
    await microtasks();
    expect(sink.faults).toEqual(['channel closed']);
    expect(intake.room).toBe(1);
  });

  test('being acknowledged in an ordered source: a late answer does not open the lane again', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, ordered: true });
    const channel = new AbortController();
    const answer = deferred();
    settler.onAck = () => answer.promise;
    intake.offer(delivery('a1', { lost: channel.signal }));
    await sink.end('a1');
    channel.abort();
    intake.offerAll([delivery('a1'), delivery('a2')]);
    answer.resolve();
    await microtasks();
    intake.offer(delivery('a3'));
    expect(sink.seen).toEqual(['a1#1', 'a1#1']);
  });

  test('its dead letter refused: no further try, and health is well again', async () => {
    const { intake, settler, sink } = setUp();
    const channel = new AbortController();
    settler.onDeadLetter = () => Promise.reject(new Error('no'));
    intake.offer(delivery('a', { lost: channel.signal }));
    await sink.end('a', dead());
    expect(intake.degraded).toBeDefined();
    channel.abort();
    await muchLater();
    expect(settler.calls).toEqual(['dead a poison']);
    expect(intake.degraded).toBeUndefined();
    expect(intake.room).toBe(10);
  });

  test.each(['accepted', 'refused'])('its dead letter on the way, then %s: ignored', async (how) => {
    const { intake, settler, sink } = setUp();
    const channel = new AbortController();
    const answer = deferred();
    settler.onDeadLetter = () => answer.promise;
    intake.offer(delivery('a', { lost: channel.signal }));
    await sink.end('a', dead());
    channel.abort();
    if (how === 'accepted') answer.resolve();
    else answer.reject(new Error('no'));
    await muchLater();
    expect(settler.calls).toEqual(['dead a poison']);
    expect(sink.faults).toEqual([]);
    expect(intake.degraded).toBeUndefined();
    expect(intake.room).toBe(10);
  });

  test('wakes who waits for room', async () => {
    const { intake } = setUp({ prefetch: 2 });
    const channel = new AbortController();
    intake.offerAll([delivery('a'), delivery('b', { lost: channel.signal })]);
    const room = intake.whenRoom();
    channel.abort();
    await room;
    expect(intake.room).toBe(1);
  });

  test('many times while paused: nothing of it stays behind', async () => {
    const { intake, sink } = setUp({ prefetch: 1 });
    intake.pause();
    for (let generation = 0; generation < 5; generation++) {
      const channel = new AbortController();
      intake.offer(delivery(`a${generation}`, { lost: channel.signal }));
      if (generation < 4) channel.abort();
    }
    intake.resume();
    expect(sink.seen).toEqual(['a4#1']);
  });
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ACK, dead, deferred, delivery, failed, microtasks, nack, setUp } from './fakes.js';
import { isStreambindError, type DrainReport, type Settlement } from '@streambind/core/binder';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const report = (finished: number, returned: number, abandoned: number): DrainReport => ({
  finished,
  returned,
  abandoned,
});

describe('close', () => {
  test('of an idle intake', async () => {
    const { intake } = setUp();
    await expect(intake.close(1000)).resolves.toEqual(report(0, 0, 0));
    expect(intake.closed).toBe(true);
    expect(intake.room).toBe(0);
    expect(isStreambindError(intake.closing.reason, 'CLOSED')).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('gives back what waits and lets what runs finish and be settled', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2 });
    intake.offerAll(['a', 'b', 'c', 'd'].map((id) => delivery(id)));
    const closed = intake.close(1000);
    await microtasks();
    expect(settler.calls).toEqual(['requeue c 0', 'requeue d 0']);
    await sink.end('a');
    await sink.end('b');
    await expect(closed).resolves.toEqual(report(2, 2, 0));
    expect(settler.calls.slice(2)).toEqual(['ack a', 'ack b']);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    jest.advanceTimersByTime(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is idempotent and gives one report, through the binding too', async () => {
    const { intake, sink } = setUp();
    let stops = 0;
    const binding = intake.binding(() => void stops++);
    intake.offer(delivery('a'));
    const first = binding.close(1000);
    expect(binding.close(0)).toBe(first);
    expect(intake.close(0)).toBe(first);
    await sink.end('a');
    await expect(first).resolves.toEqual(report(1, 0, 0));
    expect(stops).toBe(1);
  });

  test('held: gives back at once, and no failure twice', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 3 });
    intake.offerAll(['a', 'b', 'c'].map((id) => delivery(id)));
    await sink.end('a', failed(5000));
    await sink.end('b', nack(5000));
    await sink.end('c', nack());
    await expect(intake.close()).resolves.toEqual(report(0, 3, 0));
    expect(settler.calls).toEqual(['failed a boom', 'requeue a 0', 'requeue b 0', 'requeue c 0']);
    await jest.advanceTimersByTimeAsync(1);
    expect(jest.getTimerCount()).toBe(0);
    expect(settler.calls).toHaveLength(4);
    expect(sink.seen).toHaveLength(3);
  });

  test('held, with a settler that cannot note failures: the failure goes along', async () => {
    const { intake, settler, sink } = setUp({ without: ['failed'] });
    intake.offer(delivery('a'));
    await sink.end('a', failed(5000));
    await intake.close();
    expect(settler.calls).toEqual(['requeue a 0 boom']);
  });

  test('running ones that fail or give back are given back at once, with their failure', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2, ordered: true, delayedRequeue: 'broker' });
    intake.offerAll([delivery('a'), delivery('b')]);
    const closed = intake.close();
    await sink.end('a', failed(5000));
    await sink.end('b', nack(5000));
    await expect(closed).resolves.toEqual(report(2, 0, 0));
    expect(settler.calls).toEqual(['requeue a 0 boom', 'requeue b 0']);
  });

  test('without a requeue: what waits stays unsettled, a failure is noted', async () => {
    const { intake, settler, sink } = setUp({ without: ['requeue'] });
    intake.offerAll([delivery('a'), delivery('b')]);
    const closed = intake.close();
    await sink.end('a', failed(5000));
    await expect(closed).resolves.toEqual(report(1, 1, 0));
    expect(settler.calls).toEqual(['failed a boom']);
  });

  test('an ordered source: gives back the whole lane', async () => {
    const { intake, settler, sink } = setUp({ ordered: true });
    intake.offerAll(['a1', 'a2', 'a3', 'b1'].map((id) => delivery(id)));
    await sink.end('a1', failed(5000));
    const closed = intake.close();
    await microtasks();
    await sink.end('b1');
    await expect(closed).resolves.toEqual(report(1, 3, 0));
    expect(settler.calls).toEqual(['failed a1 boom', 'requeue a1 0', 'requeue a2 0', 'requeue a3 0', 'ack b1']);
    expect(sink.seen).toEqual(['a1#1', 'b1#1']);
  });

  test('later: waits for the settlement', async () => {
    const { intake, settler, sink } = setUp();
    const settlement = deferred<Settlement>();
    intake.offer(delivery('a'));
    await sink.end('a', { kind: 'later', settlement: settlement.promise });
    const closed = intake.close(1000);
    await microtasks();
    settlement.resolve(ACK);
    await expect(closed).resolves.toEqual(report(1, 0, 0));
    expect(settler.calls).toEqual(['ack a']);
  });

  test('waits for acks on their way; one that fails makes its handler unfinished', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2 });
    const answers = { a: deferred(), b: deferred() };
    settler.onAck = ({ id }) => answers[id as 'a' | 'b'].promise;
    intake.offerAll([delivery('a'), delivery('b')]);
    const reports: DrainReport[] = [];
    void intake.close().then((one) => reports.push(one));
    await sink.end('a');
    await sink.end('b');
    expect(reports).toEqual([]);
    answers.a.resolve();
    answers.b.reject(new Error('channel closed'));
    await microtasks();
    expect(reports).toEqual([report(1, 0, 1)]);
    expect(sink.faults).toEqual(['channel closed']);
  });

  test('at the deadline: what runs is abandoned, and what it says later is ignored', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 4 });
    intake.offerAll(['a', 'b', 'c', 'd'].map((id) => delivery(id)));
    const settlement = deferred<Settlement>();
    await sink.end('d', { kind: 'later', settlement: settlement.promise });
    const closed = intake.close(3000);
    await jest.advanceTimersByTimeAsync(2999);
    await sink.end('a');
    await jest.advanceTimersByTimeAsync(1);
    await expect(closed).resolves.toEqual(report(1, 0, 3));
    await sink.end('b');
    await sink.end('c', dead());
    settlement.resolve(ACK);
    await microtasks();
    expect(settler.calls).toEqual(['ack a']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('with a deadline of 0: nothing is waited for', async () => {
    const { intake, settler } = setUp();
    intake.offerAll([delivery('a'), delivery('b')]);
    const closed = intake.close(0);
    await jest.advanceTimersByTimeAsync(0);
    await expect(closed).resolves.toEqual(report(0, 1, 1));
    expect(settler.calls).toEqual(['requeue b 0']);
  });

  test('lost while closing: neither finished nor returned', async () => {
    const { intake, settler, sink } = setUp();
    const channel = new AbortController();
    intake.offer(delivery('a', { lost: channel.signal }));
    const closed = intake.close();
    await microtasks();
    channel.abort();
    await sink.end('a');
    await expect(closed).resolves.toEqual(report(0, 0, 0));
    expect(settler.calls).toEqual([]);
  });

  test('paused: gives back all the same', async () => {
    const { intake, settler } = setUp();
    intake.pause();
    intake.offer(delivery('a'));
    await expect(intake.close()).resolves.toEqual(report(0, 1, 0));
    intake.resume();
    expect(settler.calls).toEqual(['requeue a 0']);
    expect(intake.room).toBe(0);
  });

  test('leaves nothing on a signal that outlives it', async () => {
    const { intake, sink } = setUp();
    const { signal: lost } = new AbortController();
    const added = jest.spyOn(lost, 'addEventListener');
    const removed = jest.spyOn(lost, 'removeEventListener');
    intake.offerAll([delivery('a', { lost }), delivery('b', { lost })]);
    const closed = intake.close();
    await sink.end('a');
    await closed;
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });

  test('a requeue that fails is a fault; the broker has the delivery all the same', async () => {
    const { intake, settler, sink } = setUp();
    intake.pause();
    intake.offer(delivery('a'));
    settler.onRequeue = () => Promise.reject(new Error('gone'));
    await expect(intake.close()).resolves.toEqual(report(0, 1, 0));
    expect(sink.faults).toEqual(['gone']);
  });
});

describe('dead letters while closing', () => {
  test('in back-off: given back', async () => {
    const { intake, settler, sink } = setUp();
    settler.onDeadLetter = () => Promise.reject(new Error('no'));
    intake.offer(delivery('a'));
    await sink.end('a', dead());
    await expect(intake.close()).resolves.toEqual(report(0, 1, 0));
    expect(settler.calls).toEqual(['dead a poison', 'requeue a 0']);
    expect(intake.degraded).toBeUndefined();
    jest.advanceTimersByTime(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    ['confirmed', report(1, 0, 0), ['dead a poison']],
    ['refused', report(0, 1, 0), ['dead a poison', 'requeue a 0']],
  ])('on the way, then %s', async (how, expected, calls) => {
    const { intake, settler, sink } = setUp();
    const answer = deferred();
    settler.onDeadLetter = () => answer.promise;
    intake.offer(delivery('a'));
    await sink.end('a', dead());
    const closed = intake.close();
    await microtasks();
    if (how === 'confirmed') answer.resolve();
    else answer.reject(new Error('no'));
    await expect(closed).resolves.toEqual(expected);
    expect(settler.calls).toEqual(calls);
    expect(sink.faults).toEqual(how === 'confirmed' ? [] : ['no']);
  });

  test('decided by a handler that was running: tried once', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2 });
    settler.onDeadLetter = ({ id }) => (id === 'a' ? Promise.resolve() : Promise.reject(new Error('no')));
    intake.offerAll([delivery('a'), delivery('b')]);
    const closed = intake.close();
    await microtasks();
    await sink.end('a', dead());
    await sink.end('b', dead());
    await expect(closed).resolves.toEqual(report(1, 1, 0));
    expect(settler.calls).toEqual(['dead a poison', 'dead b poison', 'requeue b 0']);
  });

  test('on the way at the deadline: abandoned, and its answer ignored', async () => {
    const { intake, settler, sink } = setUp();
    const answer = deferred();
    settler.onDeadLetter = () => answer.promise;
    intake.offer(delivery('a'));
    await sink.end('a', dead());
    const closed = intake.close(1000);
    await jest.advanceTimersByTimeAsync(1000);
    await expect(closed).resolves.toEqual(report(0, 0, 1));
    answer.reject(new Error('no'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(settler.calls).toEqual(['dead a poison']);
  });
});

describe('the binding', () => {
  test('stops the broker before it gives anything back, and releases after the drain', async () => {
    const { intake, settler, sink } = setUp();
    const stopped = deferred();
    const binding = intake.binding(
      () => (settler.calls.push('stop'), stopped.promise),
      () => void settler.calls.push('release'),
    );
    intake.offerAll([delivery('a'), delivery('b')]);
    const closed = binding.close(1000);
    intake.offer(delivery('c'));
    await sink.end('a');
    expect(settler.calls).toEqual(['stop', 'ack a']);
    stopped.resolve();
    await expect(closed).resolves.toEqual(report(1, 2, 0));
    expect(settler.calls).toEqual(['stop', 'ack a', 'requeue b 0', 'requeue c 0', 'release']);
    intake.offer(delivery('d'));
    expect(settler.calls.at(-1)).toBe('requeue d 0');
    expect(sink.seen).toEqual(['a#1']);
  });

  test('what falls due while the broker is being stopped is neither started nor given back before', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2 });
    const stopped = deferred();
    const binding = intake.binding(() => stopped.promise);
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a', failed(100));
    await sink.end('b', nack());
    const closed = binding.close();
    await jest.advanceTimersByTimeAsync(200);
    expect(settler.calls).toEqual(['failed a boom']);
    stopped.resolve();
    await expect(closed).resolves.toEqual(report(0, 2, 0));
    expect(settler.calls).toEqual(['failed a boom', 'requeue a 0', 'requeue b 0']);
    expect(sink.seen).toEqual(['a#1', 'b#1']);
  });

  test('a stop that hangs costs the deadline and no more; one that fails is a fault', async () => {
    const hanging = setUp();
    hanging.intake.pause();
    hanging.intake.offer(delivery('a'));
    const closed = hanging.intake.binding(() => deferred().promise).close(1000);
    await jest.advanceTimersByTimeAsync(1000);
    await expect(closed).resolves.toEqual(report(0, 1, 0));

    const failing = setUp();
    const binding = failing.intake.binding(
      () => Promise.reject(new Error('cannot cancel')),
      () => {
        throw new Error('cannot close');
      },
    );
    await expect(binding.close()).resolves.toEqual(report(0, 0, 0));
    expect(failing.sink.faults).toEqual(['cannot cancel', 'cannot close']);
  });

  test('pauses and resumes', () => {
    const { intake, sink } = setUp();
    const binding = intake.binding(() => undefined);
    binding.pause();
    intake.offer(delivery('a'));
    expect(sink.seen).toEqual([]);
    binding.resume();
    expect(sink.seen).toEqual(['a#1']);
  });
});

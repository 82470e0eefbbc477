import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { dead, deferred, delivery, failed, microtasks, setUp } from './fakes.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('dead letters', () => {
  test('a refused one keeps its place and is tried again with back-off until it is accepted', async () => {
    const { intake, settler, sink } = setUp();
    jest.spyOn(Math, 'random').mockReturnValue(1);
    let refusals = 6;
    settler.onDeadLetter = () => (refusals-- > 0 ? Promise.reject(new Error('dlq is full')) : Promise.resolve());
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a', dead());
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    await sink.end('b');
    expect(intake.degraded).toBe('1 dead letter is refused: dlq is full');
    expect(intake.room).toBe(9);
    const times: number[] = [];
    const start = Date.now();
    for (let tries = 1; tries < 7;) {
      await jest.advanceTimersByTimeAsync(500);
      const now = settler.calls.filter((call) => call === 'dead a poison').length;
      if (now > tries) times.push(Date.now() - start);
      tries = now;
    }
    expect(times).toEqual([1000, 3000, 7000, 15_000, 31_000, 61_000]);
    expect(intake.degraded).toBeUndefined();
    expect(intake.room).toBe(10);
    expect(sink.faults).toEqual(Array(6).fill('dlq is full'));
    expect(sink.seen).toEqual(['a#1', 'b#1']);
    jest.mocked(Math.random).mockRestore();
  });

  test('what waits behind one in its lane goes on when it is confirmed, though nothing else happens', async () => {
    const { intake, settler, sink } = setUp({ ordered: true });
    const confirmed = deferred();
    settler.onDeadLetter = () => confirmed.promise;
    intake.offerAll([delivery('a', { lane: 'l' }), delivery('b', { lane: 'l' })]);
    await sink.end('a', dead());
    expect(sink.seen).toEqual(['a#1']);
    confirmed.resolve();
    await microtasks();
    expect(sink.seen).toEqual(['a#1', 'b#1']);
  });

  test('several refused ones are counted', async () => {
    const { intake, settler, sink } = setUp({ concurrency: 2 });
    settler.onDeadLetter = ({ id }) => Promise.reject(new Error(`no ${id}`));
    intake.offerAll([delivery('a'), delivery('b')]);
    await sink.end('a', dead());
    await sink.end('b', dead());
    expect(intake.degraded).toBe('2 dead letters are refused: no a');
    await intake.close();
  });
});

describe('leases', () => {
  test('are renewed every third for all that is not settled, with one timer', async () => {
    const { intake, settler, sink } = setUp({ leaseMs: 30_000 });
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(10_000);
    settler.onAck = () => deferred().promise;
    intake.offerAll([delivery('a'), delivery('b'), delivery('c'), delivery('d')]);
    await sink.end('a', failed(25_000));
    await sink.end('b');
    await jest.advanceTimersByTimeAsync(1);
    expect(jest.getTimerCount()).toBe(2);
    await jest.advanceTimersByTimeAsync(10_000);
    await sink.end('c', { kind: 'later', settlement: deferred<never>().promise });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(settler.renewed).toEqual([
      ['a', 'c', 'd'],
      ['a', 'c', 'd'],
    ]);
  });

  test('one renewal at a time; one that fails is a fault, and the next comes', async () => {
    const { intake, settler, sink } = setUp({ leaseMs: 3000 });
    const slow = deferred();
    let renewals = 0;
    settler.renew = () => (++renewals, slow.promise) as unknown as void;
    intake.offer(delivery('a'));
    await jest.advanceTimersByTimeAsync(5000);
    expect(renewals).toBe(1);
    slow.reject(new Error('too late'));
    await jest.advanceTimersByTimeAsync(1000);
    expect(renewals).toBe(2);
    expect(sink.faults[0]).toBe('too late');
  });

  test('end with the intake', async () => {
    const { intake, settler, sink } = setUp({ leaseMs: 3000 });
    intake.offer(delivery('a'));
    const closed = intake.close();
    await jest.advanceTimersByTimeAsync(1000);
    expect(settler.renewed).toEqual([['a']]);
    await sink.end('a');
    await closed;
    expect(jest.getTimerCount()).toBe(0);
  });
});

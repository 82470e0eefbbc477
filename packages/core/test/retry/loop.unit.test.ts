import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pause, retryUntil } from '../../src/retry/index.js';

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  jest.mocked(Math.random).mockRestore();
  jest.useRealTimers();
});

const failing = (times: number, message = 'down') => {
  const at: number[] = [];
  const start = Date.now();
  const attempt = async (): Promise<string> => {
    at.push(Date.now() - start);
    if (at.length <= times) throw new Error(message);
    return 'up';
  };
  return { at, attempt };
};

describe('retryUntil', () => {
  const backOff = { initialMs: 500, maxMs: 3000, signal: new AbortController().signal };

  test('the first success is the result; pauses double up to the longest', async () => {
    const { at, attempt } = failing(5);
    const waits: [number, string | undefined][] = [];
    const result = retryUntil({
      ...backOff,
      attempt,
      waiting: (nextTryMs, error) => waits.push([nextTryMs, error?.message]),
    });
    await jest.advanceTimersByTimeAsync(20_000);
    await expect(result).resolves.toBe('up');
    expect(at).toEqual([0, 500, 1500, 3500, 6500, 9500]);
    expect(waits).toEqual([500, 1000, 2000, 3000, 3000].map((ms) => [ms, 'down']));
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a pause is drawn from between its half and all of it', async () => {
    jest.mocked(Math.random).mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const { at, attempt } = failing(2);
    void retryUntil({ ...backOff, attempt });
    await jest.advanceTimersByTimeAsync(5000);
    expect(at).toEqual([0, 250, 1000]);
  });

  test('failures that went before make it begin with their pause', async () => {
    const { at, attempt } = failing(1);
    const waits: (string | undefined)[] = [];
    void retryUntil({ ...backOff, attempt, failures: 2, waiting: (_ms, error) => waits.push(error?.message) });
    await jest.advanceTimersByTimeAsync(5000);
    expect(at).toEqual([1000, 3000]);
    expect(waits).toEqual([undefined, 'down']);
  });

  test('a permanent error ends it', async () => {
    const { at, attempt } = failing(9, 'refused');
    const result = retryUntil({ ...backOff, attempt, permanent: ({ message }) => message === 'refused' });
    await expect(result).rejects.toThrow('refused');
    expect(at).toEqual([0]);
  });

  test('what is thrown and is no error is reported as one', async () => {
    const waits: unknown[] = [];
    const attempts = [() => Promise.reject('text'), () => 'up'] as (() => Promise<string>)[];
    void retryUntil({ ...backOff, attempt: () => attempts.shift()!(), waiting: (_ms, error) => waits.push(error) });
    await jest.advanceTimersByTimeAsync(0);
    expect(waits).toEqual([expect.any(Error)]);
  });

  test('an abort ends the pause at once and starts no further attempt', async () => {
    const stop = new AbortController();
    const { at, attempt } = failing(9);
    const result = retryUntil({ ...backOff, attempt, signal: stop.signal });
    const ended = result.catch((error: Error) => error.message);
    await jest.advanceTimersByTimeAsync(100);
    stop.abort(new Error('closed'));
    await expect(ended).resolves.toBe('closed');
    expect(at).toEqual([0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('an abort before: no attempt', async () => {
    const { at, attempt } = failing(0);
    const signal = AbortSignal.abort(new Error('closed'));
    await expect(retryUntil({ ...backOff, attempt, signal })).rejects.toThrow('closed');
    expect(at).toEqual([]);
  });

  test.each([
    ['its success is still the result', true, 'late'],
    ['its failure is not tried again', false, 'closed'],
  ])('an abort during an attempt: %s', async (_name, succeeds, expected) => {
    const stop = new AbortController();
    const attempt = async (signal: AbortSignal): Promise<string> => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      if (!succeeds) throw new Error('interrupted');
      return 'late';
    };
    const ended = retryUntil({ ...backOff, attempt, signal: stop.signal }).catch((error: Error) => error.message);
    await jest.advanceTimersByTimeAsync(0);
    stop.abort(new Error('closed'));
    await expect(ended).resolves.toBe(expected);
  });
});

describe('pause', () => {
  test('resolves after its time and leaves nothing on the signal', async () => {
    const { signal } = new AbortController();
    const removed = jest.spyOn(signal, 'removeEventListener');
    const done = pause(100, signal);
    await jest.advanceTimersByTimeAsync(100);
    await expect(done).resolves.toBeUndefined();
    expect(removed).toHaveBeenCalledTimes(1);
  });

  test('rejects at once when the signal fired before', async () => {
    await expect(pause(100, AbortSignal.abort(new Error('closed')))).rejects.toThrow('closed');
    expect(jest.getTimerCount()).toBe(0);
  });
});

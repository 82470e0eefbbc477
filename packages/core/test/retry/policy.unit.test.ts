import { describe, expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, backOff, isRetryable } from '../../src/retry/index.js';

describe('backOff', () => {
  test("Spring's defaults double from one second to ten", () => {
    expect([1, 2, 3, 4, 5, 6, 5000].map((failures) => backOff(DEFAULT_RETRY_POLICY, failures))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
    ]);
  });

  test.each([
    [{ backOffInitialInterval: 200, backOffMultiplier: 1, backOffMaxInterval: 1000 }, [200, 200, 200]],
    [{ backOffInitialInterval: 200, backOffMultiplier: 0.5, backOffMaxInterval: 1000 }, [200, 200, 200]],
    [{ backOffInitialInterval: 100, backOffMultiplier: 1.5, backOffMaxInterval: 1000 }, [100, 150, 225, 337]],
    [{ backOffInitialInterval: 5000, backOffMultiplier: 2, backOffMaxInterval: 1000 }, [1000, 1000]],
  ])('%j', (policy, pauses) => {
    expect(pauses.map((_, index) => backOff(policy, index + 1))).toEqual(pauses);
  });

  test('without an initial pause there is never one', () => {
    const policy = { backOffInitialInterval: 0, backOffMultiplier: 2, backOffMaxInterval: 1000 };
    expect(backOff(policy, 1)).toBe(0);
    expect(backOff(policy, 5000)).toBe(0);
  });
});

class IOError extends Error {}
class TimeoutError extends IOError {}

describe('isRetryable', () => {
  const ask = (error: unknown, retryable: Record<string, boolean>, defaultRetryable = true): boolean =>
    isRetryable({ defaultRetryable, retryable }, error);

  test('without entries everything is, whatever default-retryable says', () => {
    expect(ask(new Error('x'), {})).toBe(true);
    expect(ask(new Error('x'), {}, false)).toBe(true);
  });

  test('the last segment of the name is compared with the class', () => {
    expect(ask(new IOError('x'), { 'java.io.IOError': false })).toBe(false);
    expect(ask(new IOError('x'), { IOError: false })).toBe(false);
    expect(ask(new IOError('x'), { 'java.io.OtherIOError': false })).toBe(true);
  });

  test('subclasses are included, and the most derived entry wins whatever the order', () => {
    expect(ask(new TimeoutError('x'), { IOError: false })).toBe(false);
    expect(ask(new TimeoutError('x'), { IOError: false, TimeoutError: true })).toBe(true);
    expect(ask(new TimeoutError('x'), { TimeoutError: true, IOError: false })).toBe(true);
    expect(ask(new TimeoutError('x'), { Error: false, IOError: true })).toBe(true);
  });

  test('a name that was set on the error counts as its most derived class', () => {
    const named = Object.assign(new IOError('x'), { name: 'ECONNRESET' });
    expect(ask(named, { ECONNRESET: false, IOError: true })).toBe(false);
    expect(ask(named, { IOError: false })).toBe(false);
  });

  test('the inherited name "Error" does not come before the class', () => {
    expect(ask(new IOError('x'), { Error: false, IOError: true })).toBe(true);
  });

  test('the cause is asked only when nothing names the error itself', () => {
    const wrapped = new Error('x', { cause: new TypeError('y', { cause: new IOError('z') }) });
    expect(ask(wrapped, { IOError: false })).toBe(false);
    expect(ask(wrapped, { IOError: false, TypeError: true })).toBe(true);
    expect(ask(wrapped, { RangeError: true }, false)).toBe(false);
    expect(ask(wrapped, { RangeError: false }, true)).toBe(true);
  });

  test('causes that form a circle end', () => {
    const error = new Error('x');
    error.cause = new Error('y', { cause: error });
    expect(ask(error, { IOError: true }, false)).toBe(false);
  });

  test.each([undefined, null, 'text', 7, Object.create(null), Object.freeze({ name: 4 })])(
    'what is no error follows the default: %p',
    (thrown) => {
      expect(ask(thrown, { IOError: true }, false)).toBe(false);
      expect(ask(thrown, { IOError: false }, true)).toBe(true);
    },
  );
});

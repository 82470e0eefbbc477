/** The one loop that tries something until it works: connections, stores, dead letters that were refused. */
import { asError } from '../errors/index.js';

export interface RetryLoop<T> {
  /** One attempt. It is never abandoned: after an abort the loop still waits for the attempt that runs. */
  attempt(signal: AbortSignal): T | Promise<T>;
  /** Ends the loop: no attempt starts after it fired. */
  readonly signal: AbortSignal;
  /** Milliseconds after the first failure; doubles with every further one. */
  readonly initialMs: number;
  /** Milliseconds; no pause is longer. */
  readonly maxMs: number;
  /** Failures that went before: above 0 the loop begins with a pause. Default: 0. */
  readonly failures?: number;
  /** Before each pause: what failed, if it was an attempt of this loop, and how long the pause is. */
  waiting?(nextTryMs: number, error: Error | undefined): void;
  /** An error that no further try can cure ends the loop. */
  permanent?(error: Error): boolean;
}

/**
 * The result of the first attempt that succeeds, even when the signal fired meanwhile: whoever aborts disposes of it.
 * Each pause is drawn from between half of its nominal length and all of it, so that many processes do not come back
 * in step. The pause keeps the process alive.
 *
 * @throws the permanent error, or the signal's reason
 */
export async function retryUntil<T>(loop: RetryLoop<T>): Promise<T> {
  const { signal } = loop;
  let failures = loop.failures ?? 0;
  let error: Error | undefined;
  for (;;) {
    signal.throwIfAborted();
    if (failures > 0) {
      const pauseMs = jittered(Math.min(loop.maxMs, loop.initialMs * 2 ** (failures - 1)));
      loop.waiting?.(pauseMs, error);
      await pause(pauseMs, signal);
    }
    try {
      return await loop.attempt(signal);
    } catch (thrown) {
      error = asError(thrown);
      if (loop.permanent?.(error)) throw error;
      failures++;
    }
  }
}

/** Resolves after that many milliseconds. @throws the signal's reason as soon as it fires */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      settle();
    };
    const aborted = done(() => reject(signal.reason as Error));
    const timer = setTimeout(done(resolve), ms);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}

const jittered = (ms: number): number => Math.round(ms * (0.5 + Math.random() / 2));

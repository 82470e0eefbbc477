import { AssertionError } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is asked of something that may come out wrong: `true`, or why not yet. */
export type Condition = () => boolean | Promise<boolean>;

/**
 * Resolves when the condition holds, with the milliseconds that it took.
 * @param deadlineMs total, not since the last progress
 */
export async function until(what: string, condition: Condition, deadlineMs: number): Promise<number> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > deadlineMs) {
      throw new AssertionError({ message: `not within ${deadlineMs} ms: ${what}` });
    }
    await sleep(5);
  }
  return performance.now() - started;
}

/** Passes that time; only for asserting afterwards that nothing happened in it. */
export const quiet = (ms: number): Promise<void> => sleep(ms);

/** How long to listen on after everything expected is there. */
export const SETTLE_MS = 2000;

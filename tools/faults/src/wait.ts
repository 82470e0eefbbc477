/** Waiting is asking again until a total deadline. */
import { setTimeout as sleep } from 'node:timers/promises';

const ASK_MS = 100;

/** Whether the condition came to hold within the deadline. */
export async function holdsWithin(deadlineMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > deadlineMs) return false;
    await sleep(ASK_MS);
  }
  return true;
}

/** @throws Error when it does not come to hold */
export async function until(
  what: string,
  deadlineMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  if (!(await holdsWithin(deadlineMs, condition))) throw new Error(`not within ${deadlineMs} ms: ${what}`);
}

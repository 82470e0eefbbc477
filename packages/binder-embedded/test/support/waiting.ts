import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the condition holds; fails with what it saw last when the total deadline is over. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { withinMs = 10_000, seen }: { withinMs?: number; seen?: () => unknown } = {},
): Promise<void> {
  const until = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > until) {
      throw new Error(`not within ${withinMs} ms: ${what}${seen ? `; seen: ${JSON.stringify(seen())}` : ''}`);
    }
    await sleep(5);
  }
}

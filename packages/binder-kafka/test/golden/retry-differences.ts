/** Where a retry timeline is another than Spring's, and why. All else in `retry.json` is as recorded. */
import type { Ending } from '../support/retry-rows.js';

interface Difference {
  readonly reason: string;
  /** What comes out here instead of what was recorded. */
  readonly ours: Partial<Ending>;
}

/**
 * Spring's default is false, and the message is gone. Here a key that is not written is neither; written false it is
 * Spring's, and the same rows are played like that too.
 */
const unset: Difference = {
  reason: 'enable-dlq is not set: the message is kept in a topic of dead letters instead of lost',
  ours: { deadLetters: 1 },
};

export const NOT_SET: readonly string[] = [
  'defaults',
  'max-attempts=1',
  'back-off 100 ms ×3 ≤500 ms, 5 attempts',
  'conversion failure to POJO, defaults',
  'ack-mode RECORD',
];

const ONCE: Difference = {
  reason: "Spring's container tries what its own retry does not nine times more, half a second apart",
  ours: { attempts: 1, gaps: [] },
};

export const DIFFERENT: Readonly<Record<string, Difference>> = {
  ...Object.fromEntries(NOT_SET.map((name) => [name, unset])),
  'max-attempts=1': { reason: `${unset.reason}; ${ONCE.reason}`, ours: { ...unset.ours, ...ONCE.ours } },
};

/** The same where enable-dlq is written. */
export const DIFFERENT_WRITTEN: Readonly<Record<string, Difference>> = { 'max-attempts=1': ONCE };

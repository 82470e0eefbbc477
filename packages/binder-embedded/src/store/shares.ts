/**
 * Fair shares of the messages of a group. The scheduler of the system may let one process run long before another; so who
 * is ahead by two helpings lets the others go first. That costs a fast consumer beside a slow one no more than
 * `PATIENCE_MS`, once.
 */
import type { Database } from './database.js';

/** So long a consumer waits in all for others that are behind; it is patient again when they have caught up. */
const PATIENCE_MS = 200;

export interface Competitor {
  readonly id: number;
  /** Messages it took since the group last had nothing to do. */
  readonly taken: number;
}

/** A consumer's own view of the race. */
export interface Pace {
  readonly consumer: number;
  readonly subscription: number;
  patienceMs: number;
  /** Since when it lets others go first. */
  waitingSince: number | undefined;
}

export const freshPace = (): Pick<Pace, 'patienceMs' | 'waitingSince'> => ({
  patienceMs: PATIENCE_MS,
  waitingSince: undefined,
});

/** The live consumers of a group. */
export const competitors = (db: Database, subscription: number): Competitor[] =>
  db.all('SELECT id, taken FROM consumer WHERE subscription = ?', subscription);

/** How many of those that are ready one of them may take. */
export const shareOf = (ready: number, among: number, room: number): number =>
  Math.min(room, Math.max(1, Math.ceil(ready / among)));

/** Whether others have to go first, before this consumer takes so many. */
export function mustWait(pace: Pace, group: readonly Competitor[], share: number, now: number): boolean {
  if (pace.waitingSince !== undefined) pace.patienceMs -= now - pace.waitingSince;
  pace.waitingSince = undefined;
  const mine = group.find(({ id }) => id === pace.consumer)?.taken ?? 0;
  if (!group.some(({ taken }) => mine - taken >= 2 * share)) {
    pace.patienceMs = PATIENCE_MS;
    return false;
  }
  if (pace.patienceMs <= 0) return false;
  pace.waitingSince = now;
  return true;
}

/** Inside a write transaction. */
export function recordTaken(db: Database, { consumer }: Pace, count: number): void {
  db.run('UPDATE consumer SET taken = taken + ? WHERE id = ?', count, consumer);
}

/** The group has nothing to do: the next race begins at the start. */
export function endRace(db: Database, subscription: number): void {
  if (!db.get('SELECT 1 FROM consumer WHERE subscription = ? AND taken > 0 LIMIT 1', subscription)) return;
  db.write(() => db.run('UPDATE consumer SET taken = 0 WHERE subscription = ?', subscription));
}

/** The end of a claim: acknowledged, given back, buried, or handed to another consumer. All inside write transactions. */
import { runs, type Reader } from './claims.js';
import type { Database } from './database.js';
import { declareParking } from './groups.js';
import { append } from './log.js';

export interface Failing {
  readonly message: number;
  readonly delayMs: number;
  readonly failed: boolean;
}

/** Removes claims that are done with; returns how many of them were still ours. */
export function acknowledge(db: Database, { subscription, consumer }: Reader, messages: readonly number[]): number {
  let removed = 0;
  for (const { first, last } of runs(messages)) {
    removed += db.run(
      'DELETE FROM claim WHERE subscription = ? AND owner = ? AND message BETWEEN ? AND ?',
      subscription,
      consumer,
      first,
      last,
    );
  }
  return removed;
}

/** Gives a claim back, not to be taken before the delay is over. */
export function giveBack(
  db: Database,
  { subscription, consumer }: Reader,
  { message, delayMs, failed }: Failing,
  now: number,
): void {
  if (failed) recordFailure(db, { subscription, consumer }, message, now);
  db.run(
    'UPDATE claim SET owner = NULL, due = ? WHERE subscription = ? AND message = ? AND owner = ?',
    delayMs > 0 ? now + delayMs : 0,
    subscription,
    message,
    consumer,
  );
}

/** Counts a failed attempt of a message that stays with its consumer. */
export function recordFailure(
  db: Database,
  { subscription, consumer }: Pick<Reader, 'subscription' | 'consumer'>,
  message: number,
  now: number,
): void {
  db.run(
    `UPDATE claim SET failures = failures + 1, first_failure = coalesce(first_failure, ?), last_failure = ?
       WHERE subscription = ? AND message = ? AND owner = ?`,
    now,
    now,
    subscription,
    message,
    consumer,
  );
}

/**
 * Moves a message to its dead-letter destination: the copy and the end of the claim are one. False when the claim is no
 * longer ours.
 */
export function bury(
  db: Database,
  reader: Reader,
  { message, destination, headers }: { message: number; destination: string; headers: string },
  now: number,
): boolean {
  if (acknowledge(db, reader, [message]) === 0) return false;
  const original = db.get<{ partition: number; key: string | Uint8Array | null; payload: Uint8Array | null }>(
    'SELECT partition, key, payload FROM message WHERE id = ?',
    message,
  );
  if (!original) return true;
  const parking = declareParking(db, destination, 1);
  append(db, parking, { ...original, partition: original.partition % parking.partitions, headers }, now);
  return true;
}

/** Gives back every claim of a partition that went to another consumer. */
export const release = (db: Database, { subscription, consumer }: Reader, partition: number): number =>
  db.run(
    'UPDATE claim SET owner = NULL, due = 0 WHERE subscription = ? AND owner = ? AND partition = ?',
    subscription,
    consumer,
    partition,
  );

/** Partitions of which we hold messages although another consumer owns them now. */
export const foreignPartitions = (db: Database, { subscription, consumer }: Reader): number[] =>
  db
    .all<{ partition: number }>(
      `SELECT DISTINCT partition FROM claim WHERE subscription = ? AND owner = ? AND partition NOT IN
         (SELECT partition FROM cursor WHERE subscription = ? AND owner = ?)`,
      subscription,
      consumer,
      subscription,
      consumer,
    )
    .map(({ partition }) => partition);

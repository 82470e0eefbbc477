/** What leaves the log: messages that every group is done with, and whatever the caps say. */
import type { Database } from './database.js';
import { head } from './log.js';

export interface RetentionLimits {
  /** Milliseconds that a consumed message is kept. */
  readonly keepMs: number;
  /** Older messages go, read or not. */
  readonly maxAgeMs?: number | undefined;
  /** Bytes of messages and tables; beyond it the oldest go, read or not. */
  readonly maxSize?: number | undefined;
}

export interface Dropped {
  readonly destination: string;
  readonly unread: number;
}

/** Rows a transaction: the write lock is held some 10 ms for it. */
const CHUNK = 2000;
const SPARE_PAGES = 2048;

/** Removes at most one chunk of each partition; true when there is more to remove. */
export function retain(db: Database, destination: number, keepMs: number): boolean {
  const cutoff = Date.now() - keepMs;
  let more = false;
  for (const { partition, low } of lowWaters(db, destination)) {
    const oldest = db.get<{ id: number; at: number }>(
      'SELECT id, at FROM message WHERE destination = ? AND partition = ? ORDER BY id LIMIT 1',
      destination,
      partition,
    );
    if (!oldest || oldest.id > low || oldest.at > cutoff) continue;
    const removed = db.write(() =>
      remove(
        db,
        `SELECT id FROM (SELECT id, at FROM message
           WHERE destination = ? AND partition = ? AND id <= ? ORDER BY id LIMIT ${CHUNK}) WHERE at <= ?`,
        destination,
        partition,
        low,
        cutoff,
      ),
    );
    more ||= removed === CHUNK;
  }
  return more;
}

/** Removes the messages that `which` selects, but only empties the last of all, which keeps ids growing; see `head`. */
function remove(db: Database, which: string, ...values: number[]): number {
  const last = head(db);
  db.run(
    `UPDATE message SET destination = NULL, key = NULL, headers = '{}', payload = NULL WHERE id = ? AND id IN (${which})`,
    last,
    ...values,
  );
  const removed = db.run(`DELETE FROM message WHERE id < ? AND id IN (${which})`, last, ...values);
  // what was the last of all before, and what a deleted destination left
  db.run(
    `DELETE FROM message WHERE id IN (SELECT id FROM message WHERE destination IS NULL AND id < ? LIMIT ${CHUNK})`,
    last,
  );
  return removed;
}

/** Up to where every group is done, by partition. */
function lowWaters(db: Database, destination: number): { partition: number; low: number }[] {
  const { partitions } = db.get<{ partitions: number }>(
    'SELECT partitions FROM destination WHERE id = ?',
    destination,
  ) ?? {
    partitions: 0,
  };
  const low = new Map<number, number>();
  for (const { partition, position } of db.all<{ partition: number; position: number }>(
    `SELECT partition, min(position) AS position FROM (
       SELECT partition, position FROM cursor WHERE subscription IN (SELECT id FROM subscription WHERE destination = ?)
       UNION ALL
       SELECT partition, message - 1 FROM claim WHERE subscription IN (SELECT id FROM subscription WHERE destination = ?))
     GROUP BY partition`,
    destination,
    destination,
  )) {
    low.set(partition, position);
  }
  return Array.from({ length: partitions }, (_, partition) => ({
    partition,
    low: low.get(partition) ?? Number.MAX_SAFE_INTEGER,
  }));
}

/** Applies the caps; reports what had not been read by every group. */
export function enforceCaps(db: Database, { maxAgeMs, maxSize }: RetentionLimits): Dropped[] {
  const dropped = new Map<string, number>();
  const drop = (where: string, ...values: number[]): number => {
    const before = db.all<{ name: string; destination: number; last: number }>(
      `SELECT name, destination, max(message.id) AS last FROM message JOIN destination ON destination.id = destination
       WHERE ${where} GROUP BY destination`,
      ...values,
    );
    let removed = 0;
    for (const { name, destination, last } of before) {
      const unread = db.get<{ n: number }>(
        `SELECT count(*) AS n FROM message WHERE destination = ? AND message.id <= ? AND (
           EXISTS (SELECT 1 FROM cursor JOIN subscription ON subscription.id = subscription
                   WHERE subscription.destination = ? AND cursor.partition = message.partition AND position < message.id)
           OR EXISTS (SELECT 1 FROM claim WHERE claim.message = message.id
                   AND subscription IN (SELECT id FROM subscription WHERE destination = ?)))`,
        destination,
        last,
        destination,
        destination,
      )!.n;
      if (unread > 0) dropped.set(name, (dropped.get(name) ?? 0) + unread);
      db.run(
        `DELETE FROM claim WHERE owner IS NULL AND message <= ?
           AND subscription IN (SELECT id FROM subscription WHERE destination = ?)`,
        last,
        destination,
      );
      removed += remove(db, 'SELECT id FROM message WHERE destination = ? AND id <= ?', destination, last);
    }
    return removed;
  };
  if (maxAgeMs !== undefined) {
    const expired = `message.id IN (SELECT id FROM message ORDER BY id LIMIT ${CHUNK}) AND message.at < ?`;
    const cutoff = Date.now() - maxAgeMs;
    while (hasOlder(db, cutoff) && db.write(() => drop(expired, cutoff)) > 0);
  }
  if (maxSize !== undefined) {
    const oldest = `message.id IN (SELECT id FROM message ORDER BY id LIMIT ${CHUNK / 10})`;
    while (usedBytes(db) > maxSize && db.write(() => drop(oldest)) > 0);
  }
  return [...dropped].map(([destination, unread]) => ({ destination, unread }));
}

/** Gives a slice of the free pages back to the disk, when there are many. */
export function compact(db: Database): void {
  if (pragma(db, 'freelist_count') > SPARE_PAGES) db.exec(`PRAGMA incremental_vacuum(${SPARE_PAGES / 2})`);
}

const hasOlder = (db: Database, cutoff: number): boolean =>
  (db.get<{ at: number }>('SELECT at FROM message ORDER BY id LIMIT 1')?.at ?? cutoff) < cutoff;

const usedBytes = (db: Database): number =>
  (pragma(db, 'page_count') - pragma(db, 'freelist_count')) * pragma(db, 'page_size');

const pragma = (db: Database, name: string): number =>
  Object.values(db.get<Record<string, number>>(`PRAGMA ${name}`) ?? {})[0] ?? 0;

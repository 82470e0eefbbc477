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

/** Up to where every group is done, by partition. What is claimed holds back all partitions: finding it costs one look. */
function lowWaters(db: Database, destination: number): { partition: number; low: number }[] {
  const { claimed } = db.get<{ claimed: number | null }>(
    `SELECT min((SELECT min(message) FROM claim WHERE claim.subscription = subscription.id)) AS claimed
     FROM subscription WHERE destination = ?`,
    destination,
  )!;
  return db.all(
    `WITH RECURSIVE part(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM part
       WHERE n + 1 < (SELECT partitions FROM destination WHERE id = ?))
     SELECT n AS partition, min(?, coalesce((SELECT min(position) FROM cursor JOIN subscription
       ON subscription.id = subscription AND destination = ? WHERE cursor.partition = n), ?)) AS low FROM part`,
    destination,
    claimed === null ? Number.MAX_SAFE_INTEGER : claimed - 1,
    destination,
    Number.MAX_SAFE_INTEGER,
  );
}

/** Applies the caps; reports what had not been read by every group. */
export function enforceCaps(db: Database, { maxAgeMs, maxSize }: RetentionLimits): Dropped[] {
  const dropped = new Map<string, number>();
  const dropUpTo = (last: () => number | undefined): void => {
    for (let id = last(); id !== undefined; id = last()) {
      const upTo = id;
      for (const { destination, unread } of db.write(() => drop(db, upTo))) {
        dropped.set(destination, (dropped.get(destination) ?? 0) + unread);
      }
    }
  };
  if (maxAgeMs !== undefined) dropUpTo(() => lastOlderThan(db, Date.now() - maxAgeMs));
  if (maxSize !== undefined) dropUpTo(() => lastOfBytes(db, usedBytes(db) - maxSize));
  return [...dropped].map(([destination, unread]) => ({ destination, unread }));
}

/** Removes all messages up to that one. */
function drop(db: Database, last: number): Dropped[] {
  const unread = db.all<Dropped>(
    `SELECT name AS destination, count(*) AS unread FROM message JOIN destination ON destination.id = destination
     WHERE message.id <= ? AND (
       EXISTS (SELECT 1 FROM cursor JOIN subscription ON subscription.id = subscription
         WHERE subscription.destination = message.destination AND cursor.partition = message.partition
           AND position < message.id)
       OR EXISTS (SELECT 1 FROM claim WHERE claim.message = message.id AND subscription IN
         (SELECT id FROM subscription WHERE subscription.destination = message.destination))) GROUP BY name`,
    last,
  );
  db.run('DELETE FROM claim WHERE owner IS NULL AND message <= ?', last);
  remove(db, 'SELECT id FROM message WHERE id <= ?', last);
  return unread;
}

/** The last message of the oldest chunk that is older; undefined when there is none. */
function lastOlderThan(db: Database, cutoff: number): number | undefined {
  return oldest(db).findLast(({ at }) => at < cutoff)?.id;
}

/** The message up to which the oldest make so many bytes, within a chunk; undefined when nothing has to go. */
function lastOfBytes(db: Database, bytes: number): number | undefined {
  if (bytes <= 0) return undefined;
  let sum = 0;
  const rows = oldest(db);
  return (rows.find(({ size }) => (sum += size) >= bytes) ?? rows.at(-1))?.id;
}

const oldest = (db: Database): { id: number; at: number; size: number }[] =>
  db.all(
    `SELECT id, at, length(headers) + coalesce(length(payload), 0) AS size FROM message
     WHERE destination IS NOT NULL ORDER BY id LIMIT ${CHUNK}`,
  );

/** Gives a slice of the free pages back to the disk, when there are many. */
export function compact(db: Database): void {
  if (pragma(db, 'freelist_count') > SPARE_PAGES) db.exec(`PRAGMA incremental_vacuum(${SPARE_PAGES / 2})`);
}

const usedBytes = (db: Database): number =>
  (pragma(db, 'page_count') - pragma(db, 'freelist_count')) * pragma(db, 'page_size');

const pragma = (db: Database, name: string): number =>
  Object.values(db.get<Record<string, number>>(`PRAGMA ${name}`) ?? {})[0] ?? 0;

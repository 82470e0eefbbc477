/** The log: destinations with their partitions, and what is appended to them. */
import type { Database } from './database.js';
import { StoreFailure } from './failure.js';
import { assign } from './owners.js';

export interface Destination {
  readonly id: number;
  readonly partitions: number;
}

export interface Appended {
  readonly partition: number;
  readonly key: string | Uint8Array | null;
  readonly headers: string;
  /** Null is a tombstone; an empty array is an empty body. */
  readonly payload: Uint8Array | null;
}

export const findDestination = (db: Database, name: string): Destination | undefined =>
  db.get<Destination>('SELECT id, partitions FROM destination WHERE name = ?', name);

/**
 * Makes sure that the destination exists with at least that many partitions; every subscription gets a cursor for each,
 * and one of its consumers owns it. Inside a write transaction.
 */
export function declareDestination(db: Database, name: string, partitions: number): Destination {
  const found = findDestination(db, name);
  if (found && found.partitions >= partitions) return found;
  if (!found) db.run('INSERT INTO destination(name, partitions) VALUES (?, ?)', name, partitions);
  else db.run('UPDATE destination SET partitions = ? WHERE id = ?', partitions, found.id);
  const { id } = findDestination(db, name)!;
  db.run(
    `WITH RECURSIVE part(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM part WHERE n + 1 < ?)
     INSERT OR IGNORE INTO cursor(subscription, partition, position)
     SELECT subscription.id, part.n, 0 FROM subscription, part WHERE subscription.destination = ?`,
    partitions,
    id,
  );
  for (const subscription of db.all<{ id: number }>('SELECT id FROM subscription WHERE destination = ?', id)) {
    assign(db, subscription.id);
  }
  return { id, partitions };
}

/** Inside a write transaction. */
export function append(db: Database, destination: Destination, record: Appended, now: number): void {
  if (record.partition >= destination.partitions) {
    throw new StoreFailure(
      'PUBLISH_REFUSED',
      `There is no partition ${record.partition}, only ${destination.partitions}.`,
    );
  }
  db.run(
    'INSERT INTO message(destination, partition, at, key, headers, payload) VALUES (?, ?, ?, ?, ?, ?)',
    destination.id,
    record.partition,
    now,
    record.key,
    record.headers,
    record.payload,
  );
}

/**
 * The id of the last message ever appended, to any destination. Ids grow for ever only because that row always stays, if
 * need be emptied: SQLite gives the next one the highest id that is there plus one, and one that came a second time would
 * be below the cursors.
 */
export const head = (db: Database): number =>
  db.get<{ id: number | null }>('SELECT max(id) AS id FROM message')?.id ?? 0;

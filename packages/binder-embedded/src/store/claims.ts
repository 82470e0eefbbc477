/**
 * Claims: what a consumer has taken and not settled, and what waits to be delivered again. A message above its group's
 * cursor has no row here; taking it moves the cursor and inserts one.
 */
import type { Database } from './database.js';
import { competitors, mustWait, recordTaken, shareOf, type Pace } from './shares.js';

export interface Reader extends Pace {
  readonly destination: number;
  readonly ordered: boolean;
  /** Only these partitions; absent: every one, or when ordered those that it owns. */
  readonly mine?: readonly number[] | undefined;
}

export interface Claimed {
  readonly message: number;
  readonly partition: number;
  readonly failures: number;
  readonly crashes: number;
  readonly first_failure: number | null;
}

export interface ClaimResult {
  readonly claimed: readonly Claimed[];
  /**
   * When to look again: 0 as soon as there is room, some ms later when what is left is the share of others or still held
   * by another, undefined when there is nothing to wait for but a ring.
   */
  readonly lookAgainMs: number | undefined;
}

/** So long the others of a group have time to take their share. */
export const SHARE_MS = 5;
const HANDOVER_POLL_MS = 20;

interface Partition {
  readonly partition: number;
  readonly position: number;
}

/** Whether a claim might find something. Takes no lock. */
export function hasWork(db: Database, reader: Reader, now: number): boolean {
  return (
    db.get(
      `SELECT 1 FROM cursor WHERE subscription = ? AND (NOT ? OR owner = ?) AND EXISTS (SELECT 1 FROM message
         WHERE destination = ? AND message.partition = cursor.partition AND message.id > position) LIMIT 1`,
      reader.subscription,
      reader.ordered ? 1 : 0,
      reader.consumer,
      reader.destination,
    ) !== undefined ||
    db.get(
      'SELECT 1 FROM claim WHERE subscription = ? AND owner IS NULL AND due <= ? LIMIT 1',
      reader.subscription,
      now,
    ) !== undefined
  );
}

/** When the next waiting message is due, or undefined. */
export const nextDue = (db: Database, subscription: number): number | undefined =>
  db.get<{ due: number }>(
    'SELECT due FROM claim WHERE subscription = ? AND owner IS NULL ORDER BY due LIMIT 1',
    subscription,
  )?.due;

/** Takes up to `max` messages: those that are due again before new ones. Inside a write transaction. */
export function claim(db: Database, reader: Reader, max: number, now: number): ClaimResult {
  if (reader.ordered) return claimOrdered(db, reader, max, now);
  const partitions = db
    .all<Partition>('SELECT partition, position FROM cursor WHERE subscription = ?', reader.subscription)
    .filter(({ partition }) => reader.mine?.includes(partition) ?? true);
  const group = competitors(db, reader.subscription);
  if (group.length === 1) {
    const claimed = claimUnordered(db, reader, partitions, max, now);
    // alone, a full claim means that there may be more
    return { claimed, lookAgainMs: claimed.length === max ? 0 : undefined };
  }
  const ready = countReady(db, reader, partitions, max * group.length + 1, now);
  if (ready === 0) return { claimed: [], lookAgainMs: undefined };
  const share = shareOf(ready, group.length, max);
  if (mustWait(reader, group, share, now)) return { claimed: [], lookAgainMs: SHARE_MS };
  const claimed = claimUnordered(db, reader, partitions, share, now);
  recordTaken(db, reader, claimed.length);
  const left = ready - claimed.length;
  const shares = claimed.length * (group.length - 1);
  return { claimed, lookAgainMs: left === 0 ? undefined : left > shares ? 0 : SHARE_MS };
}

function claimUnordered(
  db: Database,
  reader: Reader,
  partitions: readonly Partition[],
  max: number,
  now: number,
): Claimed[] {
  const claimed = claimWaiting(db, reader, max, now);
  for (const partition of partitions) {
    if (claimed.length >= max) break;
    claimed.push(...claimFresh(db, reader, partition, max - claimed.length));
  }
  return claimed;
}

function countReady(
  db: Database,
  reader: Reader,
  partitions: readonly Partition[],
  enough: number,
  now: number,
): number {
  let ready = db.get<{ n: number }>(
    'SELECT count(*) AS n FROM (SELECT 1 FROM claim WHERE subscription = ? AND owner IS NULL AND due <= ? LIMIT ?)',
    reader.subscription,
    now,
    enough,
  )!.n;
  for (const { partition, position } of partitions) {
    if (ready >= enough) break;
    ready += db.get<{ n: number }>(
      'SELECT count(*) AS n FROM (SELECT 1 FROM message WHERE destination = ? AND partition = ? AND id > ? LIMIT ?)',
      reader.destination,
      partition,
      position,
      enough - ready,
    )!.n;
  }
  return ready;
}

function claimWaiting(db: Database, reader: Reader, max: number, now: number): Claimed[] {
  // most of the time nothing waits, and an update that finds nothing costs as much as one that does
  if ((nextDue(db, reader.subscription) ?? Infinity) > now) return [];
  const where = reader.mine ? `AND partition IN (SELECT value FROM json_each(?))` : '';
  const again = db.all<Claimed>(
    `UPDATE claim SET owner = ? WHERE subscription = ? AND message IN (SELECT message FROM claim
       WHERE subscription = ? AND owner IS NULL AND due <= ? ${where} ORDER BY due, message LIMIT ?)
     RETURNING message, partition, failures, crashes, first_failure`,
    reader.consumer,
    reader.subscription,
    reader.subscription,
    now,
    ...(reader.mine ? [JSON.stringify(reader.mine)] : []),
    max,
  );
  return again.sort((a, b) => a.message - b.message);
}

function claimFresh(db: Database, reader: Reader, { partition, position }: Partition, max: number): Claimed[] {
  // as one row: a row costs more than a number
  const { ids } = db.get<{ ids: string }>(
    `SELECT json_group_array(id) AS ids FROM (SELECT id FROM message
       WHERE destination = ? AND partition = ? AND id > ? ORDER BY id LIMIT ?)`,
    reader.destination,
    partition,
    position,
    max,
  )!;
  const fresh = JSON.parse(ids) as number[];
  const last = fresh.at(-1);
  if (last === undefined) return [];
  // not one statement with RETURNING, whose temporary table costs more than all the rest
  db.run(
    `INSERT INTO claim(subscription, message, partition, owner) SELECT ?, id, partition, ? FROM message
       WHERE destination = ? AND partition = ? AND id > ? AND id <= ?`,
    reader.subscription,
    reader.consumer,
    reader.destination,
    partition,
    position,
    last,
  );
  db.run(
    'UPDATE cursor SET position = ? WHERE subscription = ? AND partition = ?',
    last,
    reader.subscription,
    partition,
  );
  return fresh.map((message) => ({ message, partition, failures: 0, crashes: 0, first_failure: null }));
}

/** Only partitions we own, and nothing of a partition while another consumer holds messages of it. */
function claimOrdered(db: Database, reader: Reader, max: number, now: number): ClaimResult {
  const claimed: Claimed[] = [];
  let lookAgainMs: number | undefined;
  const busy = busyPartitions(db, reader);
  for (const [index, partition] of busy.entries()) {
    const left = max - claimed.length;
    if (left === 0) {
      lookAgainMs = 0;
      break;
    }
    const held = db.all<Claimed & { owner: number | null; due: number }>(
      `SELECT message, partition, failures, crashes, first_failure, owner, due FROM claim
         WHERE subscription = ? AND partition = ? ORDER BY message`,
      reader.subscription,
      partition.partition,
    );
    if (held.some(({ owner }) => owner !== null && owner !== reader.consumer)) {
      lookAgainMs ??= HANDOVER_POLL_MS;
      continue;
    }
    // a partition is handled one message at a time: one with a long queue must not take the room of all others
    const room = Math.ceil(left / (busy.length - index));
    const waiting = held.filter(({ owner }) => owner === null);
    if (waiting.length === 0) {
      const fresh = claimFresh(db, reader, partition, room);
      if (fresh.length === room) lookAgainMs = 0;
      claimed.push(...fresh);
    } else if (waiting.length === held.length && waiting[0]!.due <= now) {
      const again = waiting.slice(0, room);
      for (const { message } of again) {
        db.run(
          'UPDATE claim SET owner = ? WHERE subscription = ? AND message = ?',
          reader.consumer,
          reader.subscription,
          message,
        );
      }
      // what is new in this partition comes behind these
      lookAgainMs = 0;
      claimed.push(...again);
    }
  }
  return { claimed, lookAgainMs };
}

/** Partitions of its own in which something waits; the one that was served longest ago comes first. */
const busyPartitions = (db: Database, { subscription, consumer, destination }: Reader): Partition[] =>
  db.all<Partition>(
    `SELECT partition, position FROM cursor WHERE subscription = ? AND owner = ? AND
       (EXISTS (SELECT 1 FROM message WHERE destination = ? AND message.partition = cursor.partition AND id > position)
        OR EXISTS (SELECT 1 FROM claim WHERE subscription = cursor.subscription AND partition = cursor.partition))
     ORDER BY position`,
    subscription,
    consumer,
    destination,
  );

/** Neighbours together: what was claimed in one go is mostly acknowledged in one go. */
export function runs(messages: readonly number[]): { first: number; last: number }[] {
  const found: { first: number; last: number }[] = [];
  let run: { first: number; last: number } | undefined;
  for (const message of messages.toSorted((a, b) => a - b)) {
    if (run && message <= run.last + 1) run.last = message;
    else found.push((run = { first: message, last: message }));
  }
  return found;
}

/**
 * A program of its own on the documented tables (docs/tables.md), with the binder's SQLite build and none of its other
 * code: it appends rows and reads them as anybody may.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { RawPublication, RawRecord } from '@streambind/binder-tck';
import type { HeaderValue } from '@streambind/core/binder';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}
interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

const [directory = ''] = process.argv.slice(2);
const file = join(directory, 'broker.db');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const build = major > 24 || (major === 24 && minor >= 15) ? 'node:sqlite' : '@photostructure/sqlite';
const { DatabaseSync } = createRequire(import.meta.url)(build) as { DatabaseSync: new (file: string) => Connection };

let connection: Connection | undefined;
const doors = new Set<string>();

function database(): Connection {
  if (connection) return connection;
  if (!existsSync(file)) throw new Error('no binder has made the store yet');
  connection = new DatabaseSync(file);
  connection.exec('PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON');
  return connection;
}

const one = <Row>(sql: string, ...values: unknown[]): Row | undefined =>
  database()
    .prepare(sql)
    .get(...values) as Row | undefined;
const all = <Row>(sql: string, ...values: unknown[]): Row[] =>
  database()
    .prepare(sql)
    .all(...values) as Row[];
const count = (sql: string, ...values: unknown[]): number => one<{ n: number }>(sql, ...values)?.n ?? 0;

function write<T>(work: () => T): T {
  database().exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database().exec('COMMIT');
    return result;
  } catch (error) {
    database().exec('ROLLBACK');
    throw error;
  }
}

const destinationOf = (name: string): { id: number; partitions: number } | undefined =>
  one('SELECT id, partitions FROM destination WHERE name = ?', name);

const subscriptionOf = (destination: string, group: string): number =>
  count(
    `SELECT subscription.id AS n FROM subscription JOIN destination ON destination.id = destination
     WHERE destination.name = ? AND subscription.name = ?`,
    destination,
    group,
  );

interface Row {
  readonly id: number;
  readonly partition: number;
  readonly headers: string;
  readonly payload: Uint8Array | null;
}

const recordOf = ({ payload, headers, partition }: Row): RawRecord => ({
  payload,
  partition,
  wire: headers,
  headers: decoded(JSON.parse(headers)) as RawRecord['headers'],
});

/** As docs/tables.md describes it; written for the probe alone. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [[tag, content]] = entries as [[string, string]];
    if (tag === '$bytes') return new Uint8Array(Buffer.from(content, 'base64'));
    if (tag === '$bigint') return BigInt(content);
    if (tag === '$date') return new Date(content);
    if (tag === '$number') return Number(content);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key.replace(/^\$\$/, '$'), decoded(each) as HeaderValue]));
}

/** Asks the consumers to look, as a publisher does. */
function ring(): void {
  for (const { door } of all<{ door: string }>('SELECT door FROM member')) {
    if (doors.has(door)) continue;
    doors.add(door);
    const socket = connect(door, () => socket.end('0\n'));
    socket.on('error', () => {});
    socket.on('close', () => doors.delete(door));
  }
}

let locked = false;
const taps: { readonly destination: number; last: number }[] = [];

const operations = {
  declare(name: string, partitions: number): void {
    write(() => database().prepare('INSERT INTO destination(name, partitions) VALUES (?, ?)').run(name, partitions));
  },

  publish(name: string, records: readonly RawPublication[]): void {
    write(() => {
      if (!destinationOf(name)) database().prepare('INSERT INTO destination(name, partitions) VALUES (?, 1)').run(name);
      const { id } = destinationOf(name)!;
      const append = database().prepare(
        'INSERT INTO message(destination, partition, at, headers, payload) VALUES (?, ?, ?, ?, ?)',
      );
      for (const { partition = 0, headers = {}, payload } of records) {
        append.run(id, partition, Date.now(), JSON.stringify(headers), payload);
      }
    });
    ring();
  },

  /** A durable subscription that nobody reads: it keeps every message. */
  tap(name: string): number {
    return write(() => {
      if (!destinationOf(name)) database().prepare('INSERT INTO destination(name, partitions) VALUES (?, 1)').run(name);
      const { id, partitions } = destinationOf(name)!;
      database()
        .prepare("INSERT INTO subscription(destination, name, kind) VALUES (?, ?, 'durable')")
        .run(id, `tap-${taps.length}`);
      const { subscription } = one<{ subscription: number }>('SELECT last_insert_rowid() AS subscription')!;
      const last = count('SELECT max(id) AS n FROM message');
      for (let partition = 0; partition < partitions; partition++) {
        database()
          .prepare('INSERT INTO cursor(subscription, partition, position) VALUES (?, ?, ?)')
          .run(subscription, partition, last);
      }
      return taps.push({ destination: id, last }) - 1;
    });
  },

  records(tap: number): RawRecord[] {
    const { destination, last } = taps[tap]!;
    return all<Row>(
      'SELECT id, partition, headers, payload FROM message WHERE destination = ? AND id > ? ORDER BY id',
      destination,
      last,
    ).map(recordOf);
  },

  all(name: string): RawRecord[] {
    const found = destinationOf(name);
    if (!found) return [];
    return all<Row>(
      'SELECT id, partition, headers, payload FROM message WHERE destination = ? ORDER BY id',
      found.id,
    ).map(recordOf);
  },

  consumers: (destination: string, group: string): number =>
    count('SELECT count(*) AS n FROM consumer WHERE subscription = ?', subscriptionOf(destination, group)),

  unsettled: (destination: string, group: string): number =>
    count(
      'SELECT count(*) AS n FROM claim WHERE subscription = ? AND owner IS NOT NULL',
      subscriptionOf(destination, group),
    ),

  backlog(destination: string, group: string): number {
    const subscription = subscriptionOf(destination, group);
    return (
      count('SELECT count(*) AS n FROM claim WHERE subscription = ?', subscription) +
      count(
        `SELECT count(*) AS n FROM message JOIN cursor ON cursor.partition = message.partition
         WHERE subscription = ? AND destination = ? AND message.id > position`,
        subscription,
        destinationOf(destination)?.id ?? 0,
      )
    );
  },

  groups: (destination: string): string[] =>
    all<{ name: string }>(
      `SELECT subscription.name FROM subscription JOIN destination ON destination.id = destination
       WHERE destination.name = ?`,
      destination,
    ).map(({ name }) => name),

  partitions: (destination: string): number => destinationOf(destination)?.partitions ?? 0,

  deleteDestination(name: string): void {
    write(() => database().prepare('DELETE FROM destination WHERE name = ?').run(name));
  },

  lock(on: boolean): void {
    if (on !== locked) database().exec(on ? 'BEGIN IMMEDIATE' : 'ROLLBACK');
    locked = on;
  },

  /** Whether another process keeps the write lock. */
  locked(): boolean {
    database().exec('PRAGMA busy_timeout=200');
    try {
      database().exec('BEGIN IMMEDIATE; ROLLBACK');
      return false;
    } catch {
      return true;
    } finally {
      database().exec('PRAGMA busy_timeout=5000');
    }
  },

  /** A trigger on that destination, whether it exists already or not. */
  refuse(name: string, on: boolean): void {
    database().exec(
      on
        ? `CREATE TRIGGER refusal BEFORE INSERT ON message
           WHEN NEW.destination = (SELECT id FROM destination WHERE name = '${name}')
           BEGIN SELECT RAISE(ABORT, 'refused by the probe'); END`
        : 'DROP TRIGGER refusal',
    );
  },

  pause(): void {
    connection?.close();
    connection = undefined;
  },
};

export type Operations = typeof operations;

process.on('message', ({ id, name, values }: { id: number; name: keyof Operations; values: unknown[] }) => {
  try {
    const operation = operations[name] as (...values: unknown[]) => unknown;
    process.send!({ id, value: operation(...values) });
  } catch (error) {
    process.send!({ id, error: (error as Error).message });
  }
});
process.send!('ready');

/** The files of a store: who may touch them, which version they are, and the tables; docs/tables.md describes those. */
import { chmodSync, closeSync, mkdirSync, openSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Database } from './database.js';
import type { Gate } from './gate.js';
import { StoreFailure, failureOf } from './failure.js';

const VERSION = 1;
/** "stbd": tells a store from any other SQLite file. */
const APPLICATION = 0x73746264;

/** The first processes of a store may have to wait for the one that makes it. */
const OPENING_PATIENCE_MS = 2000;
/** What would block the thread longer is tried again later, so that it stays alive to its own process. */
const PATIENCE_MS = 200;

const TABLES = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('membership', 0);
CREATE TABLE destination(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL);
CREATE TABLE message(id INTEGER PRIMARY KEY,
  destination INTEGER REFERENCES destination(id) ON DELETE SET NULL, partition INTEGER NOT NULL,
  at INTEGER NOT NULL, key, headers TEXT NOT NULL, payload BLOB);
CREATE INDEX message_log ON message(destination, partition, id);
CREATE TABLE subscription(id INTEGER PRIMARY KEY AUTOINCREMENT,
  destination INTEGER NOT NULL REFERENCES destination(id) ON DELETE CASCADE, name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('durable', 'anonymous', 'parking')), UNIQUE(destination, name));
CREATE TABLE cursor(subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  partition INTEGER NOT NULL, position INTEGER NOT NULL, owner INTEGER,
  PRIMARY KEY(subscription, partition)) WITHOUT ROWID;
CREATE TABLE member(id TEXT PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, door TEXT NOT NULL,
  seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE consumer(id INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  member TEXT NOT NULL REFERENCES member(id), ordered INTEGER NOT NULL, partitions TEXT,
  taken INTEGER NOT NULL);
CREATE INDEX consumer_subscription ON consumer(subscription);
CREATE INDEX consumer_member ON consumer(member);
CREATE TABLE claim(subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  message INTEGER NOT NULL, partition INTEGER NOT NULL, owner INTEGER, due INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, first_failure INTEGER, last_failure INTEGER,
  PRIMARY KEY(subscription, message)) WITHOUT ROWID;
CREATE INDEX claim_waiting ON claim(subscription, due, message) WHERE owner IS NULL;
PRAGMA application_id=${APPLICATION};
PRAGMA user_version=${VERSION};
`;

export const databaseFile = (directory: string): string => join(directory, 'broker.db');

/**
 * Opens the store of a directory, creates what is missing.
 * @throws StoreFailure STORE_INSECURE, STORE_VERSION, STORE_DAMAGED, STORE_DRIVER, STORE_READ_ONLY, BROKER_FULL,
 *   BROKER_UNAVAILABLE
 */
export function openStore(directory: string, gate?: Gate): Database {
  try {
    secureDirectory(directory);
    secureFile(databaseFile(directory));
    const database = new Database(databaseFile(directory), OPENING_PATIENCE_MS, gate);
    try {
      migrate(database);
      database.patienceMs = PATIENCE_MS;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw failureOf(error, directory);
  }
}

function secureDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stats = statSync(directory);
  requireOwn(stats, directory);
  if (!stats.isDirectory())
    throw new StoreFailure('BROKER_UNAVAILABLE', 'The embedded store needs a directory.', { where: directory });
  if ((stats.mode & 0o022) !== 0) {
    throw new StoreFailure('STORE_INSECURE', 'The directory of the embedded store can be written by others.', {
      where: directory,
      given: `mode ${(stats.mode & 0o777).toString(8)}`,
      fix: `chmod 700 ${directory}`,
    });
  }
}

function secureFile(file: string): void {
  try {
    // SQLite gives its -wal and -shm files the mode of this one
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // never open an existing one here: closing it would drop the locks that this process holds on it
    const stats = statSync(file);
    requireOwn(stats, file);
    if ((stats.mode & 0o077) !== 0) chmodSync(file, stats.mode & 0o700);
  }
}

function requireOwn(stats: Stats, path: string): void {
  const user = process.getuid?.();
  if (user === undefined || stats.uid === user) return;
  throw new StoreFailure('STORE_INSECURE', 'The embedded store belongs to another user.', {
    where: path,
    given: `owner ${stats.uid}, this process runs as ${user}`,
    fix: 'set spring.cloud.stream.embedded.binder.directory to a directory of your own',
  });
}

function migrate(database: Database): void {
  const pragma = (name: string): number =>
    Object.values(database.get<Record<string, number>>(`PRAGMA ${name}`) ?? {})[0] ?? 0;
  const settled = (): boolean => {
    const version = pragma('user_version');
    if (version > VERSION) {
      throw new StoreFailure(
        'STORE_VERSION',
        `The embedded store has version ${version}; this release knows up to ${VERSION}.`,
        {
          where: 'broker.db',
          fix: 'update @streambind/binder-embedded, or use another directory',
        },
      );
    }
    return version === VERSION && pragma('application_id') === APPLICATION;
  };
  if (!settled()) {
    if (database.get('SELECT 1 FROM sqlite_schema LIMIT 1') && pragma('application_id') !== APPLICATION) {
      throw new StoreFailure('STORE_DAMAGED', 'broker.db is a SQLite file, but none of an embedded store.', {
        fix: 'use another directory',
      });
    }
    database.exec('PRAGMA auto_vacuum=INCREMENTAL');
    if (database.get<{ journal_mode: string }>('PRAGMA journal_mode=WAL')?.journal_mode !== 'wal') {
      throw new StoreFailure('BROKER_UNAVAILABLE', 'The file system of the embedded store has no shared memory.', {
        fix: 'use a directory on a local disk',
      });
    }
    database.write(() => {
      if (!settled()) database.exec(TABLES);
    });
  }
  database.exec('PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864');
  // a store that can only be read, or has no room left, shall say so here and not at the first message
  database.write(() => database.run("UPDATE meta SET value = value WHERE key = 'membership'"));
}

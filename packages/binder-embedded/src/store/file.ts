/** A database file that several processes of one user share: who may touch it, which version it is, and how it is opened. */
import { chmodSync, closeSync, mkdirSync, openSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Database } from './database.js';
import type { Gate } from './gate.js';
import { StoreFailure, failureOf } from './failure.js';

export interface Layout {
  /** Its name in the directory. */
  readonly file: string;
  /** Tells it from any other SQLite file. */
  readonly application: number;
  readonly version: number;
  /** What makes the tables. */
  readonly tables: string;
  /** Writes something harmless. */
  readonly probe: string;
}

/** The first processes may have to wait for the one that makes the file. */
const OPENING_PATIENCE_MS = 2000;
/** What would block the thread longer is tried again later, so that it stays alive to its own process. */
const PATIENCE_MS = 200;

/**
 * Opens the file of a directory, creates what is missing.
 * @throws StoreFailure STORE_INSECURE, STORE_VERSION, STORE_DAMAGED, STORE_DRIVER, STORE_READ_ONLY, BROKER_FULL,
 *   BROKER_UNAVAILABLE
 */
export function openFile(directory: string, layout: Layout, gate?: Gate): Database {
  const path = join(directory, layout.file);
  try {
    secureDirectory(directory);
    secureFile(path);
    const database = new Database(path, OPENING_PATIENCE_MS, gate);
    try {
      migrate(database, layout);
      database.patienceMs = PATIENCE_MS;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw failureOf(error, directory, layout.file);
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

function migrate(database: Database, { file, application, version, tables, probe }: Layout): void {
  const pragma = (name: string): number =>
    Object.values(database.get<Record<string, number>>(`PRAGMA ${name}`) ?? {})[0] ?? 0;
  const settled = (): boolean => {
    const found = pragma('user_version');
    if (found > version) {
      throw new StoreFailure(
        'STORE_VERSION',
        `The embedded store has version ${found}; this release knows up to ${version}.`,
        {
          where: file,
          fix: 'update @streambind/binder-embedded, or use another directory',
        },
      );
    }
    return found === version && pragma('application_id') === application;
  };
  if (!settled()) {
    if (database.get('SELECT 1 FROM sqlite_schema LIMIT 1') && pragma('application_id') !== application) {
      throw new StoreFailure('STORE_DAMAGED', `${file} is a SQLite file, but none of an embedded store.`, {
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
      if (!settled())
        database.exec(`${tables}\nPRAGMA application_id=${application};\nPRAGMA user_version=${version};`);
    });
  }
  database.exec('PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864');
  // a store that can only be read, or has no room left, shall say so here and not at its first use
  database.write(() => database.run(probe));
}

/** What the processes of one machine have handled: one small table beside the store of messages. */
import { IdempotencyStore, StreambindError, type IdempotencyClaim } from '@streambind/core';
import type { Database } from './store/database.js';
import { failureOf } from './store/failure.js';
import { openFile, type Layout } from './store/file.js';
import { storeDirectory } from './topology.js';

const HANDLED: Layout = {
  file: 'handled.db',
  // "sthd"
  application: 0x73746864,
  version: 1,
  tables: `
CREATE TABLE handled(key BLOB PRIMARY KEY, token TEXT, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX handled_until ON handled(until);`,
  probe: 'UPDATE handled SET until = until WHERE key IS NULL',
};

/** A text would end at its first NUL, and two keys would be one. */
const bytes = (key: string): Buffer => Buffer.from(key);

/** More than one: a claim adds one row, so what has run out never gathers. */
const SWEPT_PER_CLAIM = 4;

export interface EmbeddedIdempotencyOptions {
  /** Default: where the embedded binder keeps its store when nothing is configured. */
  readonly directory?: string;
}

/**
 * An `IdempotencyStore` for the processes of one user on one machine, in the SQLite file `handled.db`. What is completed
 * survives the death of every process; a loss of power may forget the last of it.
 */
export class EmbeddedIdempotencyStore extends IdempotencyStore {
  readonly #directory: string;
  readonly #database: Database;

  /** @throws STORE_INSECURE, STORE_VERSION, STORE_DAMAGED, STORE_DRIVER, STORE_READ_ONLY, BROKER_FULL, BROKER_UNAVAILABLE */
  constructor({ directory }: EmbeddedIdempotencyOptions = {}) {
    super();
    this.#directory = storeDirectory(directory);
    this.#database = this.#told(() => openFile(this.#directory, HANDLED));
  }

  claim(key: string, token: string, leaseMs: number): IdempotencyClaim {
    return this.#write((database) => {
      const now = Date.now();
      database.run(
        `DELETE FROM handled WHERE key IN (SELECT key FROM handled WHERE until <= ? ORDER BY until LIMIT ${SWEPT_PER_CLAIM})`,
        now,
      );
      const claimed = database.run(
        `INSERT INTO handled VALUES(?, ?, ?) ON CONFLICT(key)
         DO UPDATE SET token = excluded.token, until = excluded.until WHERE handled.until <= ?`,
        bytes(key),
        token,
        now + leaseMs,
        now,
      );
      if (claimed > 0) return 'claimed';
      const found = database.get<{ token: string | null }>('SELECT token FROM handled WHERE key = ?', bytes(key));
      return found?.token === null ? 'completed' : 'busy';
    });
  }

  renew(key: string, token: string, leaseMs: number): void {
    this.#write((database) =>
      database.run('UPDATE handled SET until = ? WHERE key = ? AND token = ?', Date.now() + leaseMs, bytes(key), token),
    );
  }

  complete(key: string, ttlMs: number): void {
    this.#write((database) =>
      database.run(
        `INSERT INTO handled VALUES(?, NULL, ?) ON CONFLICT(key) DO UPDATE SET token = NULL, until = excluded.until`,
        bytes(key),
        Date.now() + ttlMs,
      ),
    );
  }

  release(key: string, token: string): void {
    this.#write((database) => database.run('DELETE FROM handled WHERE key = ? AND token = ?', bytes(key), token));
  }

  close(): void {
    this.#database.close();
  }

  #write<T>(work: (database: Database) => T): T {
    return this.#told(() => this.#database.write(() => work(this.#database)));
  }

  #told<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const { code, message, details } = failureOf(error, this.#directory, HANDLED.file);
      throw new StreambindError(code, message, details, error);
    }
  }
}

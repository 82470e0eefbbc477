/** Looks into a store, or meddles with it, by a connection of its own. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RawDatabase } from '../../src/store/driver.js';

const { DatabaseSync } = createRequire(import.meta.url)('@photostructure/sqlite') as {
  DatabaseSync: new (file: string) => RawDatabase;
};

export function query(directory: string, sql: string, ...values: unknown[]): Record<string, unknown>[] {
  const database = new DatabaseSync(join(directory, 'broker.db'));
  try {
    database.exec('PRAGMA busy_timeout=2000');
    if (/^\s*SELECT/i.test(sql))
      return database
        .prepare(sql)
        .all(...values)
        .map((row) => ({ ...(row as object) }));
    database.exec(sql);
    return [];
  } finally {
    database.close();
  }
}

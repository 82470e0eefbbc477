/** Looks into a store, or meddles with it, by a connection of its own: of the same build, as two may not share a process. */
import { join } from 'node:path';
import { openRaw } from '../../src/store/driver.js';

export function query(directory: string, sql: string, ...values: unknown[]): Record<string, unknown>[] {
  const database = openRaw(join(directory, 'broker.db'));
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

/**
 * Which SQLite. Older builds than 3.51.3 damage a file that several processes write (sqlite.org/wal.html#walresetbug),
 * so a build is chosen by its own version and never by that of Node alone.
 */
import { createRequire } from 'node:module';
import { StoreFailure } from './failure.js';

export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number | bigint };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
}

/** The part of `node:sqlite` that the store uses; `@photostructure/sqlite` has the same. */
export interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type Build = { readonly DatabaseSync: new (file: string) => RawDatabase };

const SAFE = [3, 51, 3];
const BUILT_IN = 'node:sqlite';
const PACKAGE = '@photostructure/sqlite';

/**
 * Opens `file` with the first build that is safe: Node's own from 24.15, where it is no longer experimental, else the
 * package.
 * @throws STORE_DRIVER when there is none
 */
export function openRaw(file: string): RawDatabase {
  const require = createRequire(import.meta.url);
  const refused: string[] = [];
  for (const name of atLeast(process.versions.node, [24, 15]) ? [BUILT_IN, PACKAGE] : [PACKAGE, BUILT_IN]) {
    let build: Build;
    try {
      build = require(name) as Build;
    } catch (error) {
      refused.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
      continue;
    }
    // asked in memory, because the file may be locked
    const memory = new build.DatabaseSync(':memory:');
    const { version } = memory.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    memory.close();
    if (atLeast(version, SAFE)) return new build.DatabaseSync(file);
    refused.push(`${name}: SQLite ${version} is older than ${SAFE.join('.')}`);
  }
  throw new StoreFailure('STORE_DRIVER', 'No SQLite build that is safe for several processes can be loaded.', {
    given: refused.join('; '),
    fix: 'use Node 24.15 or newer, or run: npm install @photostructure/sqlite@1.2.1',
  });
}

function atLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of wanted.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

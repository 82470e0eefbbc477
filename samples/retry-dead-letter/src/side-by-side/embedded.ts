/** The embedded store, read by SQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeadLetter, Stage } from './stage.js';

interface Database {
  prepare(sql: string): { all(...values: unknown[]): unknown[] };
  close(): void;
}

// as the binder chooses: the store must not be opened by an older SQLite
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const BUILD = major > 24 || (major === 24 && minor >= 15) ? 'node:sqlite' : '@photostructure/sqlite';

const LEFT = `
  SELECT (SELECT count(*) FROM message m WHERE m.destination = d.id AND m.id > c.position)
    + (SELECT count(*) FROM claim k WHERE k.subscription = s.id) AS messages
  FROM subscription s JOIN destination d ON d.id = s.destination JOIN cursor c ON c.subscription = s.id
  WHERE d.name = ? AND s.name = ?`;

export function embedded(): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'streambind-side-by-side-'));
  const { DatabaseSync } = createRequire(import.meta.url)(BUILD) as { DatabaseSync: new (file: string) => Database };
  const query = <Row>(sql: string, ...values: unknown[]): Row[] => {
    const database = new DatabaseSync(join(directory, 'broker.db'));
    try {
      return database.prepare(sql).all(...values) as Row[];
    } finally {
      database.close();
    }
  };
  return {
    type: 'embedded',
    title: 'SQLite',
    environment: { SPRING_CLOUD_STREAM_EMBEDDED_BINDER_DIRECTORY: directory },
    deadLetterName: (destination, group) => `${destination}.${group}.dlq`,
    deadLetters: (name) =>
      Promise.resolve(
        query<{ headers: string; payload: Uint8Array }>(
          'SELECT headers, payload FROM message m JOIN destination d ON d.id = m.destination WHERE d.name = ?',
          name,
        ).map(({ headers, payload }): DeadLetter => {
          const all = Object.entries(JSON.parse(headers) as Record<string, unknown>);
          return {
            payload: Buffer.from(payload).toString(),
            headers: Object.fromEntries(all.map(([header, value]) => [header, text(value)])),
          };
        }),
      ),
    left: (destination, group) =>
      Promise.resolve(
        query<{ messages: number }>(LEFT, destination, group).reduce((sum, row) => sum + row.messages, 0),
      ),
    leave: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { closeBinders, LocalBinder, ack, record } from './support/local.js';
import { removeDirectories, storeDirectory } from './support/directories.js';
import { query } from './support/tables.js';
import { eventually } from './support/waiting.js';

afterEach(async () => {
  await closeBinders();
  removeDirectories();
});

const page = readFileSync(new URL('../docs/tables.md', import.meta.url), 'utf8');

test('the queries of the page of tables answer what it says', async () => {
  const [lag, flight, holders] = [...page.matchAll(/```sql\n([^`]+)```/g)].map(([, sql]) => sql!);
  const directory = storeDirectory();
  const local = await LocalBinder.open(directory);
  await (await local.consume('orders', 'away', ack)).close();
  let taken = 0;
  await local.consume(
    'orders',
    'g',
    ({ attempt }) => {
      taken++;
      if (taken === 1) return { kind: 'requeue', delayMs: 60_000, failure: new Error(`${attempt}`) };
      return { kind: 'later', settlement: new Promise(() => {}) };
    },
    { prefetch: 2 },
  );
  const producer = await local.produce('orders');
  for (let n = 0; n < 5; n++) await producer.send(record(`${n}`));
  await eventually('one waits and two are held', () => taken === 3);
  expect(query(directory, lag!)).toEqual([
    { destination: 'orders', group: 'away', unread: 5 },
    { destination: 'orders', group: 'g', unread: 2 },
  ]);
  expect(query(directory, flight!)).toMatchObject([
    { message: 1, failures: 1, crashes: 0, state: expect.stringMatching(/^due 20/) },
    { message: 2, failures: 0, state: 'with a consumer' },
    { message: 3, failures: 0, state: 'with a consumer' },
  ]);
  expect(query(directory, holders!)).toEqual([
    { pid: process.pid, destination: 'orders', group: 'g', holds: 2, partitions: '0' },
  ]);
});

test('the page describes every table and every column', async () => {
  const directory = storeDirectory();
  const local = await LocalBinder.open(directory);
  await local.produce('orders');
  const names = query(
    directory,
    `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'`,
  );
  expect(names.length).toBeGreaterThan(30);
  const missing = names
    .flatMap(({ table, column }) => [table, column] as string[])
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(page));
  expect(missing).toEqual([]);
});

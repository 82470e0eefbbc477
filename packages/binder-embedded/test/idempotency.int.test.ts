import { execFile } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EmbeddedIdempotencyStore } from '@streambind/binder-embedded';
import { describeIdempotencyStore } from '../../core/test/support/idempotency-contract.js';
import { Database } from '../src/store/database.js';
import { removeDirectories, storeDirectory } from './support/directories.js';

const CLAIMER = fileURLToPath(new URL('./support/claimer.mjs', import.meta.url));
const run = promisify(execFile);

let directory: string;
let pair: readonly [EmbeddedIdempotencyStore, EmbeddedIdempotencyStore];
beforeAll(() => {
  directory = storeDirectory();
  pair = [new EmbeddedIdempotencyStore({ directory }), new EmbeddedIdempotencyStore({ directory })];
});
afterAll(() => {
  for (const store of pair) store.close();
  removeDirectories();
});

describeIdempotencyStore(() => pair);

test('what is completed outlives its process, and processes share every claim', async () => {
  const shared = storeDirectory();
  const outputs = await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, [CLAIMER, shared, '300'])));
  const granted = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]);
  expect(granted.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, key) => key));
  const store = new EmbeddedIdempotencyStore({ directory: shared });
  expect(store.claim('299', 'another', 1000)).toBe('completed');
  store.close();
});

test('keys that have run out do not gather', () => {
  const own = storeDirectory();
  const store = new EmbeddedIdempotencyStore({ directory: own });
  for (let key = 0; key < 200; key++) store.complete(`old ${key}`, -1);
  for (let key = 0; key < 100; key++) store.claim(`new ${key}`, 'token', 60_000);
  store.close();
  const database = new Database(join(own, 'handled.db'), 1000);
  expect(database.get('SELECT count(*) AS rows FROM handled')).toEqual({ rows: 100 });
  database.close();
});

describe('a file', () => {
  test('is for its user alone', () => {
    expect(statSync(join(directory, 'handled.db')).mode & 0o777).toBe(0o600);
    const open = storeDirectory();
    chmodSync(open, 0o777);
    expect(() => new EmbeddedIdempotencyStore({ directory: open })).toThrow(
      expect.objectContaining({
        code: 'STORE_INSECURE',
        details: expect.objectContaining({ fix: `chmod 700 ${open}` }),
      }),
    );
  });

  test('of a newer version is refused by its name', () => {
    const newer = storeDirectory();
    new EmbeddedIdempotencyStore({ directory: newer }).close();
    const database = new Database(join(newer, 'handled.db'), 1000);
    database.exec('PRAGMA user_version=2');
    database.close();
    expect(() => new EmbeddedIdempotencyStore({ directory: newer })).toThrow(
      expect.objectContaining({ code: 'STORE_VERSION', details: expect.objectContaining({ where: 'handled.db' }) }),
    );
  });
});

import { afterEach, expect, test } from '@jest/globals';
import { contents, type Content } from '../src/store/contents.js';
import type { Database } from '../src/store/database.js';
import { append, declareDestination } from '../src/store/log.js';
import { openStore } from '../src/store/schema.js';
import { removeDirectories, storeDirectory } from './support/directories.js';

let db: Database | undefined;

afterEach(() => {
  db?.close();
  db = undefined;
  removeDirectories();
});

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const AT = 1_000;

const said: Omit<Content, 'at'>[] = [
  { key: 'text', headers: '{"a":"é\u2028\\u0000"}', payload: EVERY_BYTE },
  { key: null, headers: '{}', payload: null },
  { key: Uint8Array.of(0, 255), headers: '{}', payload: new Uint8Array() },
  { key: null, headers: '{}', payload: new Uint8Array(100_000).fill(7) },
  { key: '', headers: '{}', payload: Uint8Array.of(0, 0, 0xc3, 0x28) },
  { key: Uint8Array.of(), headers: '{}', payload: EVERY_BYTE },
];

function stored(): Database {
  const store = (db = openStore(storeDirectory()));
  const destination = store.write(() => declareDestination(store, 'd', 1));
  store.write(() => {
    for (const each of said) append(store, destination, { partition: 0, ...each }, AT);
  });
  return store;
}

const read = (store: Database, messages: readonly number[]): Map<number, Content> =>
  contents(
    store,
    messages.map((message) => ({ message, partition: 0, failures: 0, crashes: 0, first_failure: null })),
  );

const bytes = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);

function expectSaid(found: Map<number, Content>, messages: readonly number[]): void {
  expect([...found.keys()].sort((a, b) => a - b)).toEqual(messages);
  for (const [message, { at, key, headers, payload }] of found) {
    const expected = said[message - 1]!;
    expect(at).toBe(AT);
    expect(bytes(key)).toEqual(bytes(expected.key));
    expect(headers).toBe(expected.headers);
    expect(bytes(payload)).toEqual(bytes(expected.payload));
  }
}

test.each([{ messages: [1, 2, 3, 4, 5, 6] }, { messages: [1, 3, 6] }, { messages: [2] }, { messages: [4] }])(
  'every value comes back as it was written: $messages',
  ({ messages }) => expectSaid(read(stored(), messages), messages),
);

test('what was dropped meanwhile is missing, and its neighbours are whole', () => {
  const store = stored();
  store.run('DELETE FROM message WHERE id IN (3, 4)');
  expectSaid(read(store, [1, 2, 3, 4, 5, 6]), [1, 2, 5, 6]);
});

test('text that a person wrote where bytes belong is read as its bytes', () => {
  const store = stored();
  store.run("UPDATE message SET payload = 'häh' WHERE id = 1");
  store.run("UPDATE message SET headers = CAST('{}' AS BLOB) WHERE id = 1");
  const { payload, headers } = read(store, [1, 2]).get(1)!;
  expect(Buffer.from(payload!).toString()).toBe('häh');
  expect(headers).toBe('{}');
});

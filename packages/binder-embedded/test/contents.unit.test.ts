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

/** Bytes of one kind compare as equal whatever class they are of. */
const plain = ({ at, key, headers, payload }: Content): object => ({
  at,
  key: key instanceof Uint8Array ? [...key] : key,
  headers,
  payload: payload && [...payload],
});

const expected = (messages: readonly number[]): object[] =>
  messages.map((message) => plain({ at: AT, ...said[message - 1]! }));

test.each([{ messages: [1, 2, 3, 4, 5, 6] }, { messages: [1, 3, 6] }, { messages: [2] }, { messages: [4] }])(
  'every value comes back as it was written: $messages',
  ({ messages }) => {
    const found = read(stored(), messages);
    expect([...found.keys()]).toEqual(messages);
    expect([...found.values()].map(plain)).toEqual(expected(messages));
  },
);

test('what was dropped meanwhile is missing, and its neighbours are whole', () => {
  const store = stored();
  store.run('DELETE FROM message WHERE id IN (3, 4)');
  const found = read(store, [1, 2, 3, 4, 5, 6]);
  expect([...found.keys()]).toEqual([1, 2, 5, 6]);
  expect([...found.values()].map(plain)).toEqual(expected([1, 2, 5, 6]));
});

test('text that a person wrote where bytes belong is read as its bytes', () => {
  const store = stored();
  store.run("UPDATE message SET payload = 'häh' WHERE id = 1");
  store.run("UPDATE message SET headers = CAST('{}' AS BLOB) WHERE id = 1");
  const { payload, headers } = read(store, [1, 2]).get(1)!;
  expect(Buffer.from(payload!).toString()).toBe('häh');
  expect(headers).toBe('{}');
});

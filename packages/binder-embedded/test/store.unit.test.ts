import { afterEach, describe, expect, test } from '@jest/globals';
import { claim } from '../src/store/claims.js';
import { contents } from '../src/store/contents.js';
import type { Database } from '../src/store/database.js';
import { join, subscribe, type Subscribed, type SubscribeRequest } from '../src/store/groups.js';
import { append, declareDestination } from '../src/store/log.js';
import { retain } from '../src/store/retention.js';
import { freshPace, mustWait, type Pace } from '../src/store/shares.js';
import { openStore } from '../src/store/schema.js';
import { removeDirectories, storeDirectory } from './support/directories.js';

let db: Database | undefined;

afterEach(() => {
  db?.close();
  db = undefined;
  removeDirectories();
});

const NOW = 1_000;

function open(): Database {
  db = openStore(storeDirectory());
  db.write(() => join(db!, { id: 'me', host: 'here', door: '' }));
  return db;
}

const member = (store: Database, request: Partial<SubscribeRequest> = {}): Subscribed & { ordered: boolean } => ({
  ordered: request.ordered ?? false,
  ...store.write(() =>
    subscribe(store, 'me', {
      destination: 'd',
      partitions: 1,
      group: 'g',
      anonymous: false,
      startFrom: 'latest',
      ordered: false,
      create: true,
      ...request,
    }),
  ),
});

const take = (
  store: Database,
  { consumer, subscription, destination, ordered }: ReturnType<typeof member>,
  max: number,
): number[] =>
  store
    .write(() =>
      claim(store, { consumer, subscription, destination: destination.id, ordered, ...freshPace() }, max, NOW),
    )
    .claimed.map(({ message }) => message);

function publish(store: Database, count: number, partition = 0): void {
  const destination = store.write(() => declareDestination(store, 'd', 1));
  store.write(() => {
    for (let n = 0; n < count; n++)
      append(store, destination, { partition, key: null, headers: '{}', payload: null }, NOW);
  });
}

describe('a claim', () => {
  test.each([
    [1, 10, 100, 10],
    [2, 10, 100, 5],
    [3, 10, 100, 4],
    [3, 1, 100, 1],
    [3, 1000, 20, 20],
  ])('of one of %d members takes, of %d ready and with room for %d, %d', (members, ready, room, taken) => {
    const store = open();
    const [first] = Array.from({ length: members }, () => member(store));
    publish(store, ready);
    expect(take(store, first!, room)).toHaveLength(taken);
  });

  test('of an ordered consumer takes only partitions it owns, and every partition has one owner', () => {
    const store = open();
    const [one, two] = [
      member(store, { ordered: true, partitions: 2 }),
      member(store, { ordered: true, partitions: 2 }),
    ];
    for (const partition of [0, 1, 0, 1]) publish(store, 1, partition);
    expect(take(store, one, 10)).toEqual([1, 3]);
    expect(take(store, two, 10)).toEqual([2, 4]);
  });
});

describe('who is ahead of the others of its group', () => {
  const group = (mine: number, other: number): { id: number; taken: number }[] => [
    { id: 1, taken: mine },
    { id: 2, taken: other },
  ];
  const pace = (): Pace => ({ consumer: 1, subscription: 1, ...freshPace() });

  test.each([
    [1, 0, 1, false],
    [2, 0, 1, true],
    [0, 9, 1, false],
    [199, 0, 100, false],
    [200, 0, 100, true],
  ])('having taken %d against %d, with a share of %d, waits: %s', (mine, other, share, waits) => {
    expect(mustWait(pace(), group(mine, other), share, 0)).toBe(waits);
  });

  test('waits 200 ms in all, and again only after the others caught up', () => {
    const own = pace();
    const waits = [0, 100, 199, 200, 300, 5000].map((now) => mustWait(own, group(10, 0), 1, now));
    expect(waits).toEqual([true, true, true, false, false, false]);
    expect(mustWait(own, group(10, 10), 1, 6000)).toBe(false);
    expect(mustWait(own, group(20, 10), 1, 6001)).toBe(true);
  });
});

describe('a commit', () => {
  test('is forced to the disk when it is durable, and only then', () => {
    const store = open();
    const level = (): unknown => Object.values(store.get<object>('PRAGMA synchronous')!)[0];
    expect(store.write(level, true)).toBe(2);
    expect(store.write(level)).toBe(1);
  });

  test('is all or nothing', () => {
    const store = open();
    publish(store, 1);
    expect(() =>
      store.write(() => {
        store.run('DELETE FROM message');
        throw new Error('half-way');
      }),
    ).toThrow('half-way');
    expect(store.all('SELECT * FROM message')).toHaveLength(1);
  });
});

describe('retention', () => {
  test('keeps what is claimed and all that is newer', () => {
    const store = open();
    const one = member(store);
    publish(store, 6);
    const { claimed } = store.write(() =>
      claim(store, { ...one, destination: one.destination.id, ...freshPace() }, 6, NOW),
    );
    store.run('DELETE FROM claim WHERE message <> 3');
    retain(store, one.destination.id, 0);
    expect([...contents(store, claimed).keys()]).toEqual([3, 4, 5, 6]);
  });

  test('empties the last message instead of removing it', () => {
    const store = open();
    publish(store, 3);
    const { id } = store.get<{ id: number }>('SELECT id FROM destination')!;
    retain(store, id, 0);
    expect(store.all('SELECT id, destination FROM message').map((row) => ({ ...(row as object) }))).toEqual([
      { id: 3, destination: null },
    ]);
    publish(store, 1);
    retain(store, id, 60_000 + Date.now());
    expect(store.get<{ id: number }>('SELECT max(id) AS id FROM message')!.id).toBe(4);
  });
});

import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Delivery, Settlement, WireRecord } from '@streambind/core/binder';
import { closeBinders, LocalBinder, ack, record, text } from './support/local.js';
import { removeDirectories, storeDirectory } from './support/directories.js';
import { query } from './support/tables.js';
import { eventually } from './support/waiting.js';

afterEach(async () => {
  await closeBinders();
  removeDirectories();
});

const numbers = (count: number, prefix = ''): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

async function sendAll(local: LocalBinder, destination: string, texts: readonly string[]): Promise<void> {
  const producer = await local.produce(destination);
  await Promise.all(texts.map((each) => producer.send(record(each))));
  await producer.close();
}

describe('groups', () => {
  test('each group gets every message once, in the order they were sent', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const got: Record<string, string[]> = { a: [], b: [] };
    for (const group of ['a', 'b']) {
      await local.consume('orders', group, (delivery) => {
        got[group]!.push(text(delivery));
        return { kind: 'ack' };
      });
    }
    await sendAll(local, 'orders', numbers(500));
    await eventually('both have all', () => got['a']!.length >= 500 && got['b']!.length >= 500);
    expect(got).toEqual({ a: numbers(500), b: numbers(500) });
  });

  test('consumers of one group share its messages', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const got: string[][] = [[], [], []];
    for (const mine of got) {
      await local.consume('orders', 'g', (delivery) => {
        mine.push(text(delivery));
        return { kind: 'ack' };
      });
    }
    await sendAll(local, 'orders', numbers(300));
    await eventually('all are there', () => got.flat().length >= 300);
    expect(new Set(got.flat())).toEqual(new Set(numbers(300)));
    expect(got.flat()).toHaveLength(300);
  });

  test('a durable group gets what was sent while nobody was there; an anonymous one starts with its consumer', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const durable = await local.consume('orders', 'g', ack);
    const anonymous = await local.consume('orders', undefined, ack);
    await durable.close();
    await anonymous.close();
    await sendAll(local, 'orders', numbers(4, 'away'));
    const got: Record<string, string[]> = { durable: [], anonymous: [] };
    const into =
      (name: string) =>
      (delivery: Delivery): Settlement => {
        got[name]!.push(text(delivery));
        return { kind: 'ack' };
      };
    await local.consume('orders', 'g', into('durable'));
    await local.consume('orders', undefined, into('anonymous'));
    await sendAll(local, 'orders', ['back']);
    await eventually('the last is there', () => got['durable']!.length >= 5 && got['anonymous']!.length >= 1);
    expect(got).toEqual({ durable: [...numbers(4, 'away'), 'back'], anonymous: ['back'] });
  });

  test('an anonymous group leaves nothing behind', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const binding = await local.consume('orders', undefined, ack);
    expect(query(directory, 'SELECT kind FROM subscription')).toEqual([{ kind: 'anonymous' }]);
    await binding.close();
    expect(query(directory, 'SELECT * FROM subscription')).toEqual([]);
    expect(query(directory, 'SELECT * FROM cursor')).toEqual([]);
  });

  test('required groups exist before the first message', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const producer = await local.produce('orders', { requiredGroups: ['one', 'two'] });
    await producer.send(record('early'));
    const got: string[] = [];
    for (const group of ['one', 'two']) {
      await local.consume('orders', group, (delivery) => {
        got.push(`${group} ${text(delivery)}`);
        return { kind: 'ack' };
      });
    }
    await eventually('both have it', () => got.length >= 2);
    expect(got.sort()).toEqual(['one early', 'two early']);
  });

  test('a new group starts at the earliest message that is kept, or at the next', async () => {
    const local = await LocalBinder.open(storeDirectory(), { keep: 60_000 });
    await sendAll(local, 'orders', numbers(10));
    const got: Record<string, string[]> = { earliest: [], latest: [] };
    for (const startFrom of ['earliest', 'latest'] as const) {
      await local.consume(
        'orders',
        startFrom,
        (delivery) => {
          got[startFrom]!.push(text(delivery));
          return { kind: 'ack' };
        },
        { startFrom },
      );
    }
    await sendAll(local, 'orders', ['next']);
    await eventually('both are done', () => got['earliest']!.length >= 11 && got['latest']!.length >= 1);
    expect(got).toEqual({ earliest: [...numbers(10), 'next'], latest: ['next'] });
  });

  test('one consumer of several destinations has one prefetch', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const open: ((settlement: Settlement) => void)[] = [];
    const seen: string[] = [];
    await local.consume(
      'left',
      'g',
      (delivery) => {
        seen.push(text(delivery));
        return { kind: 'later', settlement: new Promise((resolve) => open.push(resolve)) };
      },
      { destinations: ['left', 'right'], prefetch: 4 },
    );
    await sendAll(local, 'left', numbers(10, 'l'));
    await sendAll(local, 'right', numbers(10, 'r'));
    await eventually('the prefetch is used', () => seen.length === 4);
    let settled = 0;
    await eventually('all are there', () => {
      expect(seen.length - settled).toBeLessThanOrEqual(4);
      for (const settle of open.splice(0)) {
        settled++;
        settle({ kind: 'ack' });
      }
      return seen.length === 20;
    });
    expect(seen.sort()).toEqual([...numbers(10, 'l'), ...numbers(10, 'r')]);
  });

  test('a destination that may not be created is refused', async () => {
    const local = await LocalBinder.open(storeDirectory());
    await expect(local.consume('nowhere', 'g', ack, { provision: 'verify' })).rejects.toMatchObject({
      code: 'BINDER_FAILED',
    });
    await expect(local.produce('nowhere', { provision: 'verify' })).rejects.toMatchObject({ code: 'BINDER_FAILED' });
    const producer = await local.produce('nowhere', { provision: 'skip' });
    await expect(producer.send(record('x'))).rejects.toMatchObject({ code: 'PUBLISH_REFUSED' });
  });
});

describe('records', () => {
  test('payload, headers and key arrive as they were sent', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const sent: WireRecord[] = [
      {
        payload: randomBytes(1_000_000),
        headers: { id: 'own id', n: -0, big: 2n ** 65n, when: new Date(5) },
        key: 'k',
      },
      { payload: new Uint8Array(), headers: { bytes: Uint8Array.of(0, 255) }, key: Uint8Array.of(7, 0) },
      { payload: null, headers: { nested: { list: [1, [null, true]] } } },
    ];
    const got: Delivery[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push(delivery);
      return { kind: 'ack' };
    });
    const producer = await local.produce('orders');
    await Promise.all(sent.map((each) => producer.send(each)));
    await eventually('all are there', () => got.length >= 3);
    for (const [index, { payload, headers, key }] of sent.entries()) {
      const delivery = got[index]!;
      expect(delivery.payload === null ? null : Buffer.from(delivery.payload).equals(payload ?? Buffer.of(1))).toBe(
        payload === null ? null : true,
      );
      expect(delivery.headers).toEqual(headers);
      expect(delivery.key).toEqual(key);
      expect(delivery.attempt).toBe(1);
    }
    expect(new Set(got.map(({ id }) => id)).size).toBe(3);
  });

  test('what a sender does to its buffer after the call is not seen', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const got: string[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    const producer = await local.produce('orders');
    const buffer = Buffer.from('before');
    const sending = producer.send({ payload: buffer, headers: {} });
    buffer.fill('x');
    await sending;
    await eventually('it is there', () => got.length > 0);
    expect(got).toEqual(['before']);
  });

  test('a payload above 16 MiB is refused, one of 16 MiB is not', async () => {
    const local = await LocalBinder.open(storeDirectory());
    let size = 0;
    await local.consume('orders', 'g', ({ payload }) => {
      size = payload!.byteLength;
      return { kind: 'ack' };
    });
    const producer = await local.produce('orders');
    const limit = 16 * 1024 * 1024;
    await expect(producer.send({ payload: new Uint8Array(limit + 1), headers: {} })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    await producer.send({ payload: new Uint8Array(limit), headers: {} });
    await eventually('it is there', () => size > 0);
    expect(size).toBe(limit);
  });

  test('headers that a foreign hand wrote badly do not stop the group', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const got: string[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push(`${text(delivery)} ${JSON.stringify(delivery.headers)}`);
      return { kind: 'ack' };
    });
    query(
      directory,
      `INSERT INTO message(destination, partition, at, headers, payload)
       SELECT destination.id, 0, 0, value, 'foreign' FROM destination, json_each('["{broken", "{\\"plain\\":1}"]')`,
    );
    await eventually('both are there', () => got.length >= 2);
    expect(got).toEqual(['foreign {}', 'foreign {"plain":1}']);
    expect(local.faults).toMatchObject([{ code: 'CONVERSION' }]);
  });
});

describe('settlement', () => {
  test('a delayed requeue comes back when it is due, one attempt later, and others pass it', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const got: { text: string; attempt: number; at: number }[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push({ text: text(delivery), attempt: delivery.attempt, at: performance.now() });
      const failing = text(delivery) === 'bad' && delivery.attempt < 3;
      return failing ? { kind: 'requeue', delayMs: 100 * delivery.attempt, failure: new Error('no') } : { kind: 'ack' };
    });
    await sendAll(local, 'orders', ['bad', 'good']);
    await eventually('the third attempt', () => got.length >= 4);
    expect(got.map((each) => `${each.text} ${each.attempt}`)).toEqual(['bad 1', 'good 1', 'bad 2', 'bad 3']);
    const [first, , second, third] = got;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(95);
    expect(second!.at - first!.at).toBeLessThan(400);
    expect(third!.at - second!.at).toBeGreaterThanOrEqual(195);
  });

  test('giving back without a failure is no attempt', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const attempts: number[] = [];
    await local.consume('orders', 'g', ({ attempt }) => {
      attempts.push(attempt);
      return attempts.length < 3 ? { kind: 'requeue', delayMs: 0 } : { kind: 'ack' };
    });
    await sendAll(local, 'orders', ['x']);
    await eventually('three deliveries', () => attempts.length >= 3);
    expect(attempts).toEqual([1, 1, 1]);
  });

  test('a dead letter has the original bytes and headers, and says why; it waits for whoever reads it', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const payload = randomBytes(300);
    const headers = { id: '42', n: 1n, when: new Date(7), bytes: Uint8Array.of(1) };
    await local.consume('orders', 'g', ({ attempt }) =>
      attempt < 2
        ? { kind: 'requeue', delayMs: 10, failure: new Error('first') }
        : {
            kind: 'deadLetter',
            reason: Object.assign(new Error('boom'), { code: 'E_BOOM' }),
          },
    );
    const producer = await local.produce('orders');
    const before = Date.now();
    await producer.send({ payload, headers, key: 'k' });
    await eventually(
      'it is buried',
      () => query(directory, 'SELECT * FROM claim').length === 0 && deadLetters(directory) === 1,
    );
    const dead: Delivery[] = [];
    await local.consume('orders.g.dlq', 'readers', (delivery) => {
      dead.push(delivery);
      return { kind: 'ack' };
    });
    await eventually('it is read', () => dead.length >= 1);
    const [letter] = dead as [Delivery];
    expect(Buffer.from(letter.payload!).equals(payload)).toBe(true);
    expect(letter.key).toBe('k');
    const {
      'x-exception-stacktrace': stack,
      'x-first-failure': first,
      'x-last-failure': last,
      ...rest
    } = letter.headers;
    expect(rest).toEqual({
      ...headers,
      'x-exception-message': 'boom',
      'x-original-exchange': 'orders',
      'x-original-routingKey': 'orders',
      'x-original-group': 'g',
      'x-attempts': 2,
      'x-error-code': 'E_BOOM',
    });
    expect(stack).toContain('boom');
    expect(Number(first)).toBeGreaterThanOrEqual(before);
    expect(Number(last)).toBeGreaterThanOrEqual(Number(first) + 10);
  });

  test('a dead letter that is refused keeps its message, and health says so until it is accepted', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    await local.produce('orders');
    query(
      directory,
      `INSERT INTO destination(name, partitions) VALUES ('orders.g.dlq', 1);
       CREATE TRIGGER no BEFORE INSERT ON message WHEN NEW.destination = (SELECT id FROM destination WHERE name = 'orders.g.dlq')
         BEGIN SELECT RAISE(ABORT, 'the dead letters are closed'); END;`,
    );
    await local.consume('orders', 'g', () => ({ kind: 'deadLetter', reason: new Error('bad') }));
    await sendAll(local, 'orders', ['x']);
    await eventually('it is refused', () => local.faults.length > 0);
    expect(await local.binder.health!()).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('closed'),
    });
    expect(query(directory, 'SELECT * FROM claim')).toHaveLength(1);
    query(directory, 'DROP TRIGGER no');
    await eventually('it is buried', () => deadLetters(directory) === 1);
    await eventually('health is up', async () => (await local.binder.health!()).state === 'up');
    expect(query(directory, 'SELECT * FROM claim')).toEqual([]);
  });

  test('a refused record does not touch its neighbours', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    await local.produce('orders');
    query(
      directory,
      `CREATE TRIGGER no BEFORE INSERT ON message WHEN NEW.payload = x'626164' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const got: string[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    const producer = await local.produce('orders');
    const fates = await Promise.allSettled(['one', 'bad', 'two'].map((each) => producer.send(record(each))));
    expect(fates).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'PUBLISH_REFUSED' } },
      { status: 'fulfilled' },
    ]);
    await eventually('the others are there', () => got.length >= 2);
    expect(got).toEqual(['one', 'two']);
  });

  test('a paused consumer takes nothing until it is resumed', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const got: string[] = [];
    const canary: string[] = [];
    const binding = await local.consume('orders', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    await local.consume('orders', 'other', (delivery) => {
      canary.push(text(delivery));
      return { kind: 'ack' };
    });
    binding.pause();
    await sendAll(local, 'orders', numbers(20));
    await eventually('the other group has them', () => canary.length >= 20);
    expect(got).toEqual([]);
    binding.resume();
    await eventually('all are there', () => got.length >= 20);
    expect(got).toEqual(numbers(20));
  });

  test('closing gives back what is not handled, in order and without an attempt', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    let finish: (() => void) | undefined;
    const first = await local.consume(
      'orders',
      'g',
      () => new Promise((resolve) => (finish = () => resolve({ kind: 'ack' }))),
    );
    await sendAll(local, 'orders', numbers(10));
    await eventually(
      'all are claimed',
      () => finish !== undefined && query(directory, 'SELECT * FROM claim').length === 10,
    );
    const closing = first.close();
    finish!();
    expect(await closing).toEqual({ finished: 1, returned: 9, abandoned: 0 });
    const got: string[] = [];
    await local.consume('orders', 'g', (delivery) => {
      got.push(`${text(delivery)} ${delivery.attempt} ${delivery.crashes}`);
      return { kind: 'ack' };
    });
    await eventually('the rest is there', () => got.length >= 9);
    expect(got).toEqual(
      numbers(10)
        .slice(1)
        .map((each) => `${each} 1 0`),
    );
  });

  test('closing a producer waits for what it was given', async () => {
    const local = await LocalBinder.open(storeDirectory());
    const producer = await local.produce('orders');
    const sends = numbers(100).map((each) => producer.send(record(each)));
    expect(await producer.close()).toEqual({ confirmed: 100, unconfirmed: 0 });
    await Promise.all(sends);
    await expect(producer.send(record('late'))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('retention', () => {
  test('what every group has consumed goes; what one has not stays', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    await (await local.consume('orders', 'slow', ack)).close();
    await local.consume('orders', 'fast', ack);
    await sendAll(local, 'orders', numbers(50));
    await sendAll(local, 'unread', ['x']);
    await eventually('fast is done', () => query(directory, 'SELECT * FROM claim').length === 0);
    expect(kept(directory, 'orders')).toBe(50);
    await local.consume('orders', 'slow', ack);
    await eventually('they are gone', () => kept(directory, 'orders') === 0);
    await eventually('nobody reads these', () => kept(directory, 'unread') === 0);
  });

  test('ids go on growing when the log is empty', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const got: number[] = [];
    await local.consume('orders', 'g', ({ id }) => {
      got.push(Number(id));
      return { kind: 'ack' };
    });
    for (let round = 1; round <= 2; round++) {
      await sendAll(local, 'orders', numbers(10));
      await eventually('the log is empty', () => got.length === 10 * round && kept(directory, 'orders') === 0);
    }
    expect(got).toEqual(numbers(20).map((n) => Number(n) + 1));
  });

  test('caps drop unread messages, and say how many', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory, { maxAge: 300 });
    await (await local.consume('orders', 'g', ack)).close();
    await sendAll(local, 'orders', numbers(30));
    await eventually('it is said', () => local.logs.some((line) => line.includes('dropped')));
    expect(local.logs.at(-1)).toContain('dropped 30 unread messages of orders');
    expect(kept(directory, 'orders')).toBe(0);
  });

  test('a store that is over its size drops the oldest', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory, { maxSize: 1024 * 1024 });
    await (await local.consume('orders', 'g', ack)).close();
    const producer = await local.produce('orders');
    for (let n = 0; n < 30; n++) await producer.send({ payload: new Uint8Array(100_000), headers: { n } });
    await eventually('some are gone', () => kept(directory, 'orders') < 12);
    const got: unknown[] = [];
    await local.consume('orders', 'g', ({ headers }) => {
      got.push(headers['n']);
      return { kind: 'ack' };
    });
    await eventually('the newest is there', () => got.includes(29));
    expect(got.length).toBeGreaterThan(5);
    expect(got).toEqual(Array.from({ length: got.length }, (_, n) => 30 - got.length + n));
  });
});

describe('the directory', () => {
  test('is the user’s alone, with its files and sockets', async () => {
    const directory = join(storeDirectory(), 'made', 'here');
    const local = await LocalBinder.open(directory);
    await local.consume('orders', 'g', ack);
    await sendAll(local, 'orders', ['x']);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const files = readdirSync(directory);
    expect(files).toEqual(expect.arrayContaining(['broker.db', 'broker.db-wal', 'broker.db-shm']));
    expect(files.some((file) => file.endsWith('.sock'))).toBe(true);
    for (const file of files) expect([file, statSync(join(directory, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(local.logs.filter((line) => line.includes(directory))).toHaveLength(1);
    await local.close();
    expect(readdirSync(directory)).toEqual(['broker.db']);
  });

  test('may be so long that its socket does not fit', async () => {
    const directory = join(storeDirectory(), 'x'.repeat(120));
    const local = await LocalBinder.open(directory);
    await local.consume('orders', 'g', ack);
    const [{ door }] = query(directory, 'SELECT door FROM member') as [{ door: string }];
    expect(door.length).toBeLessThan(100);
    expect(statSync(join(door, '..')).mode & 0o777).toBe(0o700);
    await local.close();
    expect(() => statSync(join(door, '..'))).toThrow('ENOENT');
  });

  test('is shared by the binders of a process, with one worker and one membership', async () => {
    const directory = storeDirectory();
    const one = await LocalBinder.open(directory);
    const two = await LocalBinder.open(directory);
    const got: string[] = [];
    await one.consume('orders', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    await two.consume('bills', 'g', ack);
    expect(query(directory, 'SELECT * FROM member')).toHaveLength(1);
    await two.close();
    await sendAll(one, 'orders', ['x']);
    await eventually('it is there', () => got.length > 0);
    await one.close();
    expect(query(directory, 'SELECT * FROM member')).toEqual([]);
  });
});

const deadLetters = (directory: string): number => kept(directory, 'orders.g.dlq');

const kept = (directory: string, destination: string): number =>
  query(
    directory,
    'SELECT message.id FROM message JOIN destination ON destination.id = destination WHERE name = ?',
    destination,
  ).length;

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Agent, endAgents } from './support/agent.js';
import { NOBODY, isRoot, testAsOtherUser, testAsRoot } from './support/conditions.js';
import { closeBinders, LocalBinder, ack, record, text } from './support/local.js';
import { removeDirectories, storeDirectory } from './support/directories.js';
import { query } from './support/tables.js';
import { eventually } from './support/waiting.js';

jest.setTimeout(30_000);

const mounted: string[] = [];

afterEach(async () => {
  await closeBinders();
  await endAgents();
  for (const directory of mounted.splice(0)) spawnSync('umount', ['-l', directory]);
  removeDirectories();
});

/** A store that was used and closed. */
async function usedStore(): Promise<string> {
  const directory = storeDirectory();
  const local = await LocalBinder.open(directory);
  await (await local.consume('orders', 'g', ack)).close();
  const producer = await local.produce('orders');
  await Promise.all(Array.from({ length: 200 }, (_, n) => producer.send(record(`${n}`.padEnd(1000)))));
  await local.close();
  return directory;
}

const bindError = async (directory: string): Promise<unknown> => {
  const local = await LocalBinder.open(directory);
  const error: unknown = await local.consume('orders', 'g', ack).then(
    () => 'bound',
    (reason: unknown) => reason,
  );
  expect(await local.binder.health!()).toMatchObject({ state: 'down' });
  return error;
};

describe('a store that cannot be used ends the start at once', () => {
  test('damaged', async () => {
    const directory = await usedStore();
    writeFileSync(
      join(directory, 'broker.db'),
      'this is no database at all, but it is long enough for a header'.repeat(50),
    );
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_DAMAGED' });
  });

  test('cut off', async () => {
    const directory = await usedStore();
    truncateSync(join(directory, 'broker.db'), 6000);
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_DAMAGED' });
  });

  test('of a newer version, and it is left as it was', async () => {
    const directory = await usedStore();
    query(directory, 'PRAGMA user_version=99');
    const before = readFileSync(join(directory, 'broker.db'));
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_VERSION' });
    expect(readFileSync(join(directory, 'broker.db')).equals(before)).toBe(true);
  });

  test('of somebody else’s making', async () => {
    const directory = storeDirectory();
    query(directory, 'CREATE TABLE mine(x)');
    chmodSync(join(directory, 'broker.db'), 0o600);
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_DAMAGED' });
    expect(query(directory, "SELECT name FROM sqlite_schema WHERE type = 'table'")).toEqual([{ name: 'mine' }]);
  });

  test('writable by others', async () => {
    const directory = storeDirectory();
    chmodSync(directory, 0o770);
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_INSECURE', details: { given: 'mode 770' } });
  });
});

describe('a store that cannot be used yet is waited for', () => {
  test('locked', async () => {
    const directory = await usedStore();
    const holder = await Agent.start({
      env: { ...process.env, HOLD: join(directory, 'broker.db') },
      nodeArguments: ['--import', HOLD_LOCK],
    });
    const local = await LocalBinder.open(directory);
    const got: string[] = [];
    const bound = local.consume('orders', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    await eventually('it is reported', () => local.reports.length > 0);
    expect(local.reports[0]).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(local.reports[0]!.message).toContain('locked');
    await holder.kill('SIGKILL');
    await bound;
    await eventually('all is there', () => got.length >= 200);
    expect(local.recovered).toBeGreaterThan(0);
    expect(await local.binder.health!()).toEqual({ state: 'up' });
  });

  testAsOtherUser('read-only', async () => {
    const directory = await usedStore();
    const readOnly = (on: boolean): void => {
      chmodSync(join(directory, 'broker.db'), on ? 0o400 : 0o600);
      chmodSync(directory, on ? 0o500 : 0o700);
    };
    // root may write everywhere, so there another user has to try
    if (isRoot) {
      chownSync(directory, NOBODY, NOBODY);
      chownSync(join(directory, 'broker.db'), NOBODY, NOBODY);
    }
    readOnly(true);
    const agent = await Agent.start(isRoot ? { uid: NOBODY, gid: NOBODY } : {});
    await agent.call('open', { directory });
    const bound = agent.call('consume', { name: 'in', destination: 'orders', group: 'g' });
    await eventually('it is reported', () => agent.of('report').length > 1);
    expect(new Set(agent.of('report').map(({ code }) => code))).toEqual(new Set(['STORE_READ_ONLY']));
    expect(await agent.call('health')).toMatchObject({ state: 'down' });
    readOnly(false);
    await bound;
    await eventually('all is there', () => agent.texts().length >= 200);
    expect(agent.of('recovered').length).toBeGreaterThan(0);
    await agent.kill('SIGKILL');
  });

  test('a close ends the waiting', async () => {
    const directory = join(await usedStore(), 'broker.db', 'not a directory');
    const local = await LocalBinder.open(directory);
    const bound = local.consume('orders', 'g', ack);
    bound.catch(() => {});
    await eventually('it is reported', () => local.reports.length > 0);
    await local.close();
    await expect(bound).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('while it runs', () => {
  test('a worker killed between commit and reply: the send is unknown, everything comes back, one membership', async () => {
    const directory = storeDirectory();
    const trigger = join(directory, 'kill');
    const agent = await Agent.start({
      env: { ...process.env, KILL_WORKER: trigger },
      nodeArguments: ['--import', KILL_WORKER],
    });
    await agent.call('open', { directory });
    await agent.call('consume', { name: 'in', destination: 'orders', group: 'g' });
    await agent.call('consume', { name: 'private', destination: 'orders' });
    await agent.call('produce', { name: 'out', destination: 'orders' });
    writeFileSync(trigger, '');
    expect(await agent.call('send', { name: 'out', texts: ['unknown'] })).toEqual(['PUBLISH_UNKNOWN']);
    expect(await agent.call('send', { name: 'out', texts: ['known'] })).toEqual(['confirmed']);
    const of = (name: string): unknown[] =>
      agent
        .of('delivered')
        .filter(({ consumer }) => consumer === name)
        .map(({ text }) => text);
    await eventually('both consumers are back', () => of('in').length >= 2 && of('private').length >= 2);
    expect([of('in'), of('private')]).toEqual([
      ['unknown', 'known'],
      ['unknown', 'known'],
    ]);
    expect(query(directory, 'SELECT * FROM member')).toHaveLength(1);
    expect(query(directory, 'SELECT * FROM consumer')).toHaveLength(2);
    await eventually('it is over', () => agent.of('recovered').length > 0);
    expect(await agent.close()).toBe(0);
    expect(query(directory, 'SELECT * FROM member')).toEqual([]);
  });

  test('a deleted file is noticed, and made anew', async () => {
    const directory = await usedStore();
    const local = await LocalBinder.open(directory);
    const got: string[] = [];
    await local.consume('news', 'g', (delivery) => {
      got.push(text(delivery));
      return { kind: 'ack' };
    });
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `broker.db${suffix}`), { force: true });
    await eventually('it is reported', () => local.reports.some(({ message }) => message.includes('deleted')));
    const producer = await local.produce('news');
    await producer.send(record('x'));
    await eventually('it is there', () => got.includes('x'));
    expect(query(directory, 'SELECT name FROM destination')).toEqual([{ name: 'news' }]);
  });

  test('a deleted destination is made anew where it may be, and other destinations do not notice', async () => {
    const directory = storeDirectory();
    const local = await LocalBinder.open(directory);
    const got: string[] = [];
    const into =
      (name: string) =>
      (delivery: Parameters<typeof text>[0]): { kind: 'ack' } => {
        got.push(`${name} ${text(delivery)}`);
        return { kind: 'ack' };
      };
    await local.consume('orders', 'g', into('orders'));
    await local.consume('bills', 'g', into('bills'));
    const [orders, bills] = [await local.produce('orders'), await local.produce('bills')];
    for (let n = 0; n < 5; n++) await Promise.all([orders.send(record(`${n}`)), bills.send(record(`${n}`))]);
    await eventually('ten', () => got.length >= 10);
    query(directory, "DELETE FROM destination WHERE name = 'orders'");
    await eventually('it is noticed', () => local.faults.length > 0);
    await eventually('it is back', () => query(directory, 'SELECT * FROM consumer').length === 2);
    await Promise.all([orders.send(record('new')), bills.send(record('new'))]);
    await eventually('both flow', () => got.length >= 12);
    expect(got.slice(-2).sort()).toEqual(['bills new', 'orders new']);
  });
});

describe('as root', () => {
  testAsRoot('of another user', async () => {
    const directory = storeDirectory();
    chownSync(directory, NOBODY, NOBODY);
    expect(await bindError(directory)).toMatchObject({ code: 'STORE_INSECURE' });
  });

  testAsRoot('on a full disk', async () => {
    const directory = smallDisk(256);
    const fill = join(directory, 'fill');
    spawnSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=4k'], { stdio: 'ignore' });
    const local = await LocalBinder.open(join(directory, 'store'));
    const bound = local.produce('orders');
    await eventually('it is reported', () => local.reports.length > 0);
    expect(local.reports[0]).toMatchObject({ code: 'BROKER_FULL' });
    rmSync(fill);
    await (await bound).send(record('x'));
  });

  testAsRoot('a full disk refuses what does not fit, loses nothing it confirmed, and recovers', async () => {
    const directory = smallDisk(3 * 1024);
    const sender = await Agent.open(join(directory, 'store'));
    await sender.call('produce', { name: 'out', destination: 'orders', requiredGroups: ['g'] });
    const confirmed: string[] = [];
    const refused: string[] = [];
    const send = async (from: number): Promise<void> => {
      const texts = Array.from({ length: 40 }, (_, n) => `${from + n}`);
      const fates = await sender.call<string[]>('send', { name: 'out', texts, pad: 20_000 });
      for (const [index, fate] of fates.entries()) {
        if (fate === 'confirmed') confirmed.push(texts[index]!);
        else refused.push(fate);
      }
    };
    for (let from = 0; refused.length === 0; from += 40) await send(from);
    expect(new Set(refused)).toEqual(new Set(['BROKER_FULL']));
    await eventually('it is reported', () => sender.of('report').some(({ code }) => code === 'BROKER_FULL'));
    expect(await sender.call('health')).toMatchObject({ state: 'degraded' });

    spawnSync('mount', ['-o', 'remount,size=16m', directory]);
    refused.length = 0;
    const more = confirmed.length + 1000;
    await send(more);
    expect(refused).toEqual([]);
    await eventually('it is over', () => sender.of('recovered').length > 0);
    const reader = await Agent.open(join(directory, 'store'));
    await reader.call('consume', { name: 'in', destination: 'orders', group: 'g' });
    await eventually('all is there', () => reader.texts().length >= confirmed.length);
    expect(reader.texts().map((each) => each!.trim())).toEqual(confirmed);
  });

  testAsRoot('a full disk does not stop what can still be consumed', async () => {
    const directory = smallDisk(3 * 1024);
    const sender = await Agent.open(join(directory, 'store'));
    await sender.call('produce', { name: 'out', destination: 'orders', requiredGroups: ['g'] });
    let count = 0;
    for (let fates: string[] = []; !fates.includes('BROKER_FULL');) {
      fates = await sender.call<string[]>('send', {
        name: 'out',
        texts: Array.from({ length: 10 }, () => 'x'),
        pad: 20_000,
      });
      count += fates.filter((fate) => fate === 'confirmed').length;
    }
    await sender.call('consume', { name: 'in', destination: 'orders', group: 'g', behaviour: {} });
    await eventually('all is consumed', () => sender.texts().length >= count);
    await eventually('there is room again', async () => {
      const [fate] = await sender.call<string[]>('send', { name: 'out', texts: ['y'], pad: 20_000 });
      return fate === 'confirmed';
    });
    await eventually('health is up', async () => (await sender.call<{ state: string }>('health')).state === 'up');
    await eventually('that too', () => sender.texts().some((each) => each!.startsWith('y')));
    expect(sender.texts().filter((each) => each!.startsWith('x'))).toHaveLength(count);
  });
});

const KILL_WORKER = fileURLToPath(new URL('./support/kill-worker.mjs', import.meta.url));
const HOLD_LOCK = fileURLToPath(new URL('./support/hold-lock.mjs', import.meta.url));

/** A disk of so many KiB. */
function smallDisk(kib: number): string {
  const directory = join(storeDirectory(), 'disk');
  mkdirSync(directory);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=700`, 'tmpfs', directory]);
  if (status !== 0) throw new Error(`cannot mount: ${String(stderr)}`);
  mounted.push(directory);
  return directory;
}

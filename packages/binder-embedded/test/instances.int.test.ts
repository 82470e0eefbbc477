/** Partitions that consumers name by number, as `instance-index` and `instance-count` do. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Delivery } from '@streambind/core/binder';
import { removeDirectories, storeDirectory } from './support/directories.js';
import { LocalBinder, ack, closeBinders, record } from './support/local.js';
import { eventually } from './support/waiting.js';

afterEach(async () => {
  await closeBinders();
  removeDirectories();
});

describe('a group of two instances', () => {
  const open = async (partitionCount: number, mine?: readonly number[]): Promise<LocalBinder> => {
    const local = await LocalBinder.open(storeDirectory());
    await local.produce('orders', { partitionCount });
    await local.consume('orders', 'g', ack, mine && { ordered: true, partitioning: { count: 2, mine } });
    return local;
  };

  test('is told which partitions nobody reads', async () => {
    const { logs, faults } = await open(4, [0]);
    const told = logs.filter((line) => line.includes('read by nobody'));
    expect(told).toEqual([expect.stringMatching(/orders has 4 partitions and group g 2 instances: .* number 2 on/)]);
    expect(told[0]).toContain('Set instance-count to 4');
    expect(faults).toEqual([]);
  });

  test.each([
    ['there are two partitions', 2, [0]],
    ['the store shares them out', 4, undefined],
  ])('is told nothing where %s', async (_, partitions, mine) => {
    const { logs } = await open(partitions, mine);
    expect(logs.filter((line) => line.includes('read by nobody'))).toEqual([]);
  });
});

test('a dead letter says in Spring’s words which partition it comes from', async () => {
  const local = await LocalBinder.open(storeDirectory());
  const producer = await local.produce('orders', { partitionCount: 2 });
  await local.consume('orders', 'g', () => ({ kind: 'deadLetter', reason: new Error('boom') }), { ordered: true });
  await Promise.all([0, 1].map((partition) => producer.send({ ...record('x'), partition })));
  const dead: Delivery[] = [];
  await local.consume('orders.g.dlq', 'readers', (delivery) => {
    dead.push(delivery);
    return { kind: 'ack' };
  });
  await eventually('both are read', () => dead.length >= 2);
  expect(dead.map(({ headers }) => headers['x-original-exchange'])).toEqual(['orders', 'orders']);
  const keys = new Set(dead.map(({ headers }) => headers['x-original-routingKey']));
  expect(keys).toEqual(new Set(['orders-0', 'orders-1']));
});

/** The binder on a cluster, where each stream may be elsewhere, and behind a sentinel, whose master changes. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { isStreambindError } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import {
  startCluster,
  startSentinel,
  type RedisCluster,
  type RedisSentinel,
} from '../../../tools/brokers/redis-sets.mjs';
import type { RedisOptions } from '../src/options/options.js';
import { ACK, aDestination, bodyOf, consume, openBinder, produce, record, type RedisBinder } from './support/binder.js';

jest.setTimeout(90_000);

await describeWithBroker('redis', 'several servers', () => {
  const binders: RedisBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });
  const nowhere = { host: '127.0.0.1', port: 1 };
  const open = async (options: Partial<RedisOptions>) => {
    const opened = await openBinder(nowhere, { timeout: 1000, connectTimeout: 2000, ...options });
    binders.push(opened.binder);
    return opened;
  };

  describe('a cluster', () => {
    const PARTITIONS = 6;
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startCluster();
    });
    afterAll(() => cluster.remove());

    const entriesOf = async (at: number): Promise<number> => Number((await cluster.nodes[at]!.ctl('DBSIZE')).trim());

    test('partitions, dead letters, broadcast and takeover, on whatever node they are', async () => {
      const destination = aDestination();
      const { binder, told } = await open({ 'cluster.nodes': [...cluster.members] });
      const got: string[] = [];
      const everything: string[] = [];
      const bad: string[] = [];
      const all = { count: PARTITIONS, mine: Array.from({ length: PARTITIONS }, (_, index) => index) };
      const partitioned = await consume(
        binder,
        destination,
        (delivery) => {
          got.push(bodyOf(delivery));
          return bodyOf(delivery) === 'bad' ? { kind: 'deadLetter', reason: new Error('no') } : ACK;
        },
        { partitioning: all, ordered: true },
      );
      const broadcast = await consume(binder, destination, (each) => (everything.push(bodyOf(each)), ACK), {
        group: null,
        partitioning: all,
      });
      await consume(binder, `error.${destination}.g`, (each) => (bad.push(bodyOf(each)), ACK), {
        startFrom: 'earliest',
      });
      const output = await produce(binder, destination, { partitionCount: PARTITIONS });
      const ids = Array.from({ length: 60 }, (_, index) => (index === 7 ? 'bad' : `m${index}`));
      await Promise.all(ids.map((id, index) => output.send(record(id, index % PARTITIONS))));
      await until(() => got.length === ids.length && everything.length === ids.length, 10_000, 'all come');
      await until(() => bad.length === 1, 5000, 'the dead letter comes');
      expect(got.toSorted()).toEqual(ids.toSorted());
      const lanes = Array.from({ length: PARTITIONS }, (_, lane) => ids.filter((__, at) => at % PARTITIONS === lane));
      for (const lane of lanes) expect(got.filter((id) => lane.includes(id))).toEqual(lane);
      expect(await Promise.all([0, 1, 2].map(entriesOf))).not.toContain(0);
      await partitioned.binding.close();
      expect([...told.reports, ...partitioned.faults, ...broadcast.faults]).toEqual([]);
    });

    test('one node that goes and comes back: its streams flow again, and nothing is lost', async () => {
      const destination = aDestination();
      const { binder } = await open({ 'cluster.nodes': [...cluster.members] });
      const got = new Set<string>();
      const all = { count: PARTITIONS, mine: Array.from({ length: PARTITIONS }, (_, index) => index) };
      await consume(binder, destination, (delivery) => (got.add(bodyOf(delivery)), ACK), { partitioning: all });
      const output = await produce(binder, destination, { partitionCount: PARTITIONS });
      const confirmed: string[] = [];
      const send = async (id: string, partition: number): Promise<void> => {
        try {
          await output.send(record(id, partition));
          confirmed.push(id);
        } catch (error) {
          if (!isStreambindError(error, 'PUBLISH_UNKNOWN')) throw error;
        }
      };
      const round = (name: string): Promise<unknown> =>
        Promise.all(Array.from({ length: 30 }, (_, index) => send(`${name}${index}`, index % PARTITIONS)));
      await round('before');
      const [node] = cluster.nodes;
      await node!.kill9();
      const during = round('during');
      await node!.start();
      await during;
      await round('after');
      await until(() => confirmed.every((id) => got.has(id)), 30_000, 'what was confirmed comes');
      expect(confirmed.filter((id) => id.startsWith('after'))).toHaveLength(30);
    });
  });

  describe('a sentinel', () => {
    let watched: RedisSentinel;
    beforeAll(async () => {
      watched = await startSentinel();
    });
    afterAll(() => watched.remove());

    test('leads to the new master: sends and reads go on there', async () => {
      const destination = aDestination();
      const { host, port } = watched.sentinel.address;
      const { binder, told } = await open({
        'sentinel.master': watched.name,
        'sentinel.nodes': [`${host}:${port}`],
      });
      const got = new Set<string>();
      const { faults } = await consume(binder, destination, (delivery) => (got.add(bodyOf(delivery)), ACK));
      const output = await produce(binder, destination);
      await output.send(record('before'));
      await until(() => got.has('before'), 5000, 'it flows');
      const replicated = async (): Promise<boolean> =>
        (await watched.replica.ctl('EXISTS', destination)).trim() === '1';
      await until(replicated, 5000, 'the replica has it');
      await watched.master.kill9();
      const ids = Array.from({ length: 20 }, (_, index) => `after${index}`);
      // while there is no master they wait
      await Promise.all(ids.map((id) => output.send(record(id))));
      await until(() => ids.every((id) => got.has(id)), 20_000, 'all come');
      expect((await watched.replica.ctl('ROLE')).split('\n')[0]).toBe('master');
      expect(told.recoveries).toBeGreaterThan(0);
      expect(faults).toEqual([]);
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../index.mjs';
import { makeCertificates } from '../certificates.mjs';
import { describeWithBroker } from '../jest.mjs';
import { startCluster, startSentinel, type RedisCluster, type RedisSentinel } from '../redis-sets.mjs';

const certificates = makeCertificates();
afterAll(() => certificates.remove());

await describeWithBroker(
  'redis',
  'Redis',
  (redis) => {
    test('with a password is asked with it, and refuses who has none', async () => {
      expect(await redis.probe()).toMatch(/^Redis/);
      expect(redis.environment.SPRING_DATA_REDIS_PASSWORD).toBe('open sesame');
      const without = redis.ctl('-u', `redis://:wrong@127.0.0.1:${redis.address.port}`, 'ping');
      await expect(without).rejects.toThrow('WRONGPASS');
    });

    test('with TLS answers who has a certificate of the authority', async () => {
      const { authority, client } = certificates;
      const at = ['-p', String(redis.ports.tls), '--tls', '--cacert', authority];
      const known = ['--cert', client.certificate, '--key', client.key];
      expect(await redis.ctl(...at, ...known, 'ping')).toBe('PONG\n');
      await expect(redis.ctl(...at, 'ping')).rejects.toThrow('closed the connection');
    });

    describe('as a cluster', () => {
      let cluster: RedisCluster;
      beforeAll(async () => void (cluster = await startCluster()), 60_000);
      afterAll(() => cluster.remove());

      test('keys live on their node, and come back with it', async () => {
        const [first] = cluster.nodes;
        const put = await Promise.all(
          ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => first!.ctl('-c', 'set', key, 'value')),
        );
        expect(new Set(put)).toEqual(new Set(['OK\n']));
        const sizes = await Promise.all(cluster.nodes.map((node) => node.ctl('dbsize')));
        expect(sizes.map(Number).filter((size) => size === 6)).toEqual([]);
        await cluster.nodes[1]!.kill9();
        await cluster.nodes[1]!.start();
        expect(await cluster.nodes[1]!.ctl('dbsize')).toBe(sizes[1]);
        const whole = async (): Promise<boolean> => (await first!.ctl('cluster', 'info')).includes('cluster_state:ok');
        await until(whole, 20_000, 'the cluster to be ok again');
      });
    });

    describe('behind a sentinel', () => {
      let set: RedisSentinel;
      beforeAll(async () => void (set = await startSentinel()), 60_000);
      afterAll(() => set.remove());

      test('the replica takes over when the master is gone', async () => {
        const at = async (): Promise<string> =>
          (await set.sentinel.ctl('sentinel', 'get-master-addr-by-name', set.name)).trim().split('\n')[1]!;
        expect(await at()).toBe(String(set.master.address.port));
        await set.master.kill9();
        const promoted = async (): Promise<boolean> =>
          (await at()) === String(set.replica.address.port) && (await set.replica.ctl('role')).startsWith('master');
        await until(promoted, 25_000, 'the replica to be the master');
      });
    });
  },
  {
    own: true,
    password: 'open sesame',
    tls: { ...certificates.server, authority: certificates.authority },
  },
);

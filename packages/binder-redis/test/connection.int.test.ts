/** Connections to Redis in every form it comes in, and what is said when there is none. */
import { afterEach, beforeAll, afterAll, describe, expect, jest, test } from '@jest/globals';
import { makeCertificates } from '../../../tools/brokers/certificates.mjs';
import { freePort, until, type RedisBroker } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import {
  startCluster,
  startSentinel,
  type RedisCluster,
  type RedisSentinel,
} from '../../../tools/brokers/redis-sets.mjs';
import { RedisConnection } from '../src/client/connection.js';
import { commandFailed, isPermanent, isStale, publishFailed, replyCode } from '../src/client/errors.js';
import type { RedisConnectionOptions } from '../src/options/options.js';
import { targetOf } from '../src/options/target.js';
import { ACK, consume, openBinder, produce } from './support/binder.js';

jest.setTimeout(60_000);

const connections: RedisConnection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

async function open(options: RedisConnectionOptions, blockMs?: number): Promise<RedisConnection> {
  const connection = await RedisConnection.open(targetOf(options), {
    name: 'streambind.test',
    ...(blockMs === undefined ? {} : { blockMs }),
  });
  connections.push(connection);
  return connection;
}

/** What a promise failed with. */
async function failure(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

await describeWithBroker(
  'redis',
  'a server',
  (redis) => {
    const { host, port } = redis.address;
    /** The users of these tests log in like this. */
    const login = { username: 'clerk', password: 'over the counter' };

    beforeAll(async () => {
      await redis.ctl('acl', 'setuser', 'clerk', 'on', `>${login.password}`, '~orders', '+@all', '-flushall');
    });

    test('lets a user in, and knows the connection by its name', async () => {
      const { client } = await open({ host, port, ...login, database: 3 });
      expect(await client.call('ACL', 'WHOAMI')).toBe('clerk');
      expect(await client.call('CLIENT', 'GETNAME')).toBe('streambind.test');
      expect(await client.call('CLIENT', 'INFO')).toMatch(/ db=3 /);
    });

    test('shows the connections of a binder by the name that is configured', async () => {
      const { binder } = await openBinder(redis.address, { clientName: 'shop' });
      await consume(binder, 'named', () => ACK);
      const names = (await redis.ctl('CLIENT', 'LIST')).match(/ name=\S+/g) ?? [];
      await binder.close();
      expect(names.filter((name) => name === ' name=shop')).toHaveLength(2);
    });

    test('by a url', async () => {
      const url = `redis://clerk:${encodeURIComponent(login.password)}@${host}:${port}/2`;
      const { client } = await open({ url });
      expect(await client.call('CLIENT', 'INFO')).toMatch(/ db=2 .* user=clerk /);
    });

    test('replies have one shape', async () => {
      const { client } = await open({ host, port });
      await client.xgroup('CREATE', 'shape', 'g', '0', 'MKSTREAM');
      await client.xadd('shape', '1-1', 'payload', 'x');
      const [stream, id, name, value] = ['shape', '1-1', 'payload', 'x'].map((each) => Buffer.from(each));
      const read = ['GROUP', 'g', 'c', 'COUNT', '1', 'STREAMS', 'shape', '>'] as const;
      expect(await client.callBuffer('XREADGROUP', ...read)).toEqual([[stream, [[id, [name, value]]]]]);
    });

    test.each<[string, RedisConnectionOptions, string, RegExp]>([
      [
        'a wrong password',
        { ...login, password: 'wrong' },
        'AUTH',
        /refused the login of "clerk"[^]*username and .*password/,
      ],
      [
        'a database that is not there',
        { database: 99 },
        'BINDER_FAILED',
        /has no database 99[^]*spring.data.redis.database/,
      ],
      [
        'TLS where there is none',
        { 'ssl.enabled': true, timeout: 500, connectTimeout: 1000 },
        'BROKER_UNAVAILABLE',
        /ssl.enabled/,
      ],
    ])('refuses %s', async (_, options, code, says) => {
      const error = await failure(open({ host, port, ...options }));
      expect(error).toMatchObject({ code });
      expect(error.message).toMatch(says);
      expect(error.message).toContain(`${host}:${port}`);
      expect(error.message).not.toContain('wrong');
    });

    test('nobody listens', async () => {
      const error = await failure(open({ host, port: await freePort() }));
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect(error.message).toMatch(
        /cannot be reached: connect ECONNREFUSED[^]*spring.data.redis.host and spring.data.redis.port/,
      );
    });

    test('who gives up while it connects is told so', async () => {
      const gone = new Error('not any more');
      const connecting = RedisConnection.open(targetOf({ host, port }), { name: 'n' }, AbortSignal.abort(gone));
      expect(await failure(connecting)).toBe(gone);
      const stop = new AbortController();
      const under = RedisConnection.open(targetOf({ host, port }), { name: 'n' }, stop.signal);
      stop.abort(gone);
      expect(await failure(under)).toBe(gone);
    });

    test('refusals have codes', async () => {
      const { client, target } = await open({ host, port });
      await client.set('text', 'x');
      const says = async (work: Promise<unknown>) => commandFailed(await failure(work), 'it', target);
      expect(await says(client.xadd('text', '*', 'a', 'b'))).toMatchObject({ code: 'TOPOLOGY_CONFLICT' });
      await client.xgroup('CREATE', 'codes', 'g', '0', 'MKSTREAM');
      expect(replyCode(await failure(client.xgroup('CREATE', 'codes', 'g', '0')))).toBe('BUSYGROUP');
      const gone = await says(client.xreadgroup('GROUP', 'none', 'c', 'COUNT', 1, 'STREAMS', 'codes', '>'));
      expect(gone).toMatchObject({ code: 'DESTINATION_GONE' });
      const clerk = await open({ host, port, ...login });
      const refused = await says(clerk.client.xadd('secrets', '*', 'a', 'b'));
      expect(refused).toMatchObject({ code: 'ACCESS_REFUSED' });
      expect([gone, refused].map(isPermanent)).toEqual([false, true]);
      expect(publishFailed(await failure(clerk.client.xadd('orders', '1-0', 'a')), 'orders', target)).toMatchObject({
        code: 'PUBLISH_REFUSED',
      });
    });

    test('a full one takes no more', async () => {
      const { client, target } = await open({ host, port });
      await client.config('SET', 'maxmemory', '1');
      try {
        const error = await failure(client.xadd('full', '*', 'payload', 'x'));
        expect(publishFailed(error, 'full', target)).toMatchObject({ code: 'BROKER_FULL' });
      } finally {
        await client.config('SET', 'maxmemory', '0');
      }
    });

    test('an entry that is too large is refused, and the connection with it', async () => {
      const connection = await open({ host, port });
      const { client, target } = connection;
      await client.config('SET', 'proto-max-bulk-len', '1mb');
      try {
        const error = await failure(client.xadd('large', '*', 'payload', Buffer.alloc(2 * 1024 * 1024)));
        expect(['PAYLOAD_TOO_LARGE', 'PUBLISH_UNKNOWN']).toContain(publishFailed(error, 'large', target).code);
      } finally {
        await redis.ctl('config', 'set', 'proto-max-bulk-len', '512mb');
      }
    });

    test('a lost connection stays lost, and whose outcome is not known is told so', async () => {
      const connection = await open({ host, port });
      const { client, target } = connection;
      const id = String(await client.client('ID'));
      await client.call('CLIENT', 'PAUSE', '10000', 'WRITE');
      const sent = failure(client.xadd('lost', '*', 'payload', 'x'));
      await redis.ctl('client', 'kill', 'id', id);
      expect(publishFailed(await sent, 'lost', target)).toMatchObject({ code: 'PUBLISH_UNKNOWN' });
      await redis.ctl('client', 'unpause');
      expect(connection.lost.reason).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect((await failure(client.ping())).message).toMatch(/closed/);
      expect(client.status).toBe('end');
    });

    test('one that blocks is closed at once', async () => {
      const connection = await open({ host, port }, 60_000);
      const reading = failure(connection.client.xread('BLOCK', 60_000, 'STREAMS', 'quiet', '$'));
      await until(async () => (await redis.ctl('client', 'list')).includes('cmd=xread'), 5000, 'it reads');
      connection.close();
      expect((await reading).message).toMatch(/closed/);
    });

    test('silence ends a connection: after its timeout, or after that and what it may block', async () => {
      const options = { host, port, timeout: 400 };
      const [commands, reader] = await Promise.all([open(options), open(options, 800)]);
      const reading = failure(reader.client.xread('BLOCK', 800, 'STREAMS', 'quiet', '$'));
      await redis.freeze();
      try {
        const asked = Date.now();
        const silent = failure(commands.client.ping());
        await silent;
        expect(commands.lost.aborted).toBe(true);
        expect(reader.lost.aborted).toBe(false);
        await reading;
        expect(Date.now() - asked).toBeGreaterThan(600);
        expect(reader.lost.reason).toMatchObject({ message: expect.stringMatching(/Socket timeout/) });
      } finally {
        await redis.thaw();
      }
    });

    test('one that does not answer when it is asked for is given up', async () => {
      await redis.freeze();
      try {
        const error = await failure(open({ host, port, connectTimeout: 500 }));
        expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
        expect(error.message).toMatch(/no answer within 500 ms/);
      } finally {
        await redis.thaw();
      }
    });
  },
  { own: true },
);

const certificates = makeCertificates();
afterAll(() => certificates.remove());

await describeWithBroker(
  'redis',
  'TLS',
  (redis: RedisBroker) => {
    const tls = (): RedisConnectionOptions => ({
      host: 'localhost',
      port: redis.ports['tls']!,
      'ssl.enabled': true,
      'ssl.trustStore': certificates.authority,
      'ssl.keyStore': `file:${certificates.client.both}`,
      timeout: 2000,
    });

    test('with the certificates of both sides', async () => {
      expect(await (await open(tls())).client.ping()).toBe('PONG');
      expect(await (await open({ ...tls(), host: '127.0.0.1' })).client.ping()).toBe('PONG');
    });

    test('a binder sends and reads through it, a large message too', async () => {
      const { binder, told } = await openBinder(redis.address, tls());
      const got: number[] = [];
      await consume(binder, 'secret', ({ payload }) => (got.push(payload!.byteLength), ACK));
      const output = await produce(binder, 'secret');
      for (const size of [10, 1_000_000]) await output.send({ payload: Buffer.alloc(size, 'x'), headers: {} });
      await until(() => got.length === 2, 5000, 'both come');
      await binder.close();
      expect([got, told.reports]).toEqual([[10, 1_000_000], []]);
    });

    test('not with an authority that is not trusted', async () => {
      const error = await failure(open({ ...tls(), 'ssl.trustStore': certificates.stranger }));
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect(error.message).toMatch(/certificate/);
    });

    test('not without a certificate of the client, where the server wants one', async () => {
      const { 'ssl.keyStore': _, ...bare } = tls();
      const error = await failure(open(bare));
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect(error.message).toMatch(/certificate|closed the connection during the handshake/);
    });
  },
  {
    own: true,
    tls: { ...certificates.server, authority: certificates.authority },
  },
);

await describeWithBroker('redis', 'several servers', () => {
  describe('a cluster', () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startCluster();
    });
    afterAll(() => cluster.remove());

    test('reads and writes streams wherever they are', async () => {
      const { client } = await open({ 'cluster.nodes': [cluster.members[1]!] });
      for (const stream of ['orders-0', 'orders-1', 'orders-2', 'orders-3']) {
        await client.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
        await client.xadd(stream, '1-1', 'payload', stream);
        const read = await client.xreadgroup('GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
        expect(read).toEqual([[stream, [['1-1', ['payload', stream]]]]]);
      }
    });

    test('is named where one node is taken for all', async () => {
      const [node] = cluster.nodes;
      const { client, target } = await open({ ...node!.address });
      const streams = ['orders-0', 'orders-1', 'orders-2', 'orders-3'];
      const errors = await Promise.all(
        streams.map((each) =>
          client.xlen(each).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      const moved = errors.find((error) => error !== undefined);
      expect(isStale(moved)).toBe(true);
      expect(commandFailed(moved, 'XLEN', target).message).toMatch(/spring.data.redis.cluster.nodes/);
    });

    test('nobody of it listens', async () => {
      const error = await failure(open({ 'cluster.nodes': [`127.0.0.1:${await freePort()}`] }));
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect(error.message).toMatch(/the cluster of 127.0.0.1:\d+ cannot be reached[^]*cluster.nodes/);
    });
  });

  describe('sentinels', () => {
    let watched: RedisSentinel;
    beforeAll(async () => {
      watched = await startSentinel();
    });
    afterAll(() => watched.remove());
    const options = (): RedisConnectionOptions => {
      const { host, port } = watched.sentinel.address;
      return { 'sentinel.master': watched.name, 'sentinel.nodes': [`${host}:${port}`], connectTimeout: 2000 };
    };

    test('a name that they do not know', async () => {
      const error = await failure(open({ ...options(), 'sentinel.master': 'other' }));
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
      expect(error.message).toMatch(/"other" of the sentinels[^]*sentinel.nodes/);
    });

    test('lead to the master, and after a failover to the new one', async () => {
      const portOf = async (): Promise<number> => {
        const connection = await open(options());
        return Number(/tcp_port:(\d+)/.exec(await connection.client.info('server'))?.[1]);
      };
      expect(await portOf()).toBe(watched.master.address.port);
      await watched.master.kill9();
      const promoted = async (): Promise<boolean> => {
        try {
          return (await portOf()) === watched.replica.address.port;
        } catch {
          return false;
        }
      };
      await until(promoted, 40_000, 'the replica to be the master');
    });
  });
});

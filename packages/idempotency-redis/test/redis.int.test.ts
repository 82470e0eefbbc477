import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { RedisIdempotencyStore } from '@streambind/idempotency-redis';
import { describeIdempotencyStore } from '../../core/test/support/idempotency-contract.js';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { freePort } from '../../../tools/brokers/index.mjs';

jest.setTimeout(30_000);

test('where nothing listens, the reason is told', async () => {
  const port = await freePort();
  const store = new RedisIdempotencyStore({ host: '127.0.0.1', port });
  await expect(store.claim('key', 'token', 1000)).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    message: expect.stringContaining(`127.0.0.1:${port} does not serve the idempotency store: connect ECONNREFUSED`),
  });
  store.close();
});

await describeWithBroker('redis', 'a Redis that stays', (redis) => {
  const pair = [new RedisIdempotencyStore(redis.address), new RedisIdempotencyStore(redis.address)] as const;
  afterAll(() => {
    for (const store of pair) store.close();
  });

  describeIdempotencyStore(() => pair);

  test('keys have their prefix and run out by themselves', async () => {
    const own = new RedisIdempotencyStore({ ...redis.address, prefix: `test:${process.pid}:` });
    await own.claim('a', 'token', 60_000);
    await own.claim('b', 'token', 1000);
    await own.complete('b', 90_000);
    const ttl = async (key: string): Promise<number> => Number(await redis.ctl('PTTL', `test:${process.pid}:${key}`));
    expect(await ttl('a')).toBeGreaterThan(50_000);
    expect(await ttl('b')).toBeGreaterThan(80_000);
    await own.release('a', 'token');
    expect(await ttl('a')).toBe(-2);
    own.close();
  });

  describe('a user', () => {
    const { host, port } = redis.address;
    const username = `test-${process.pid}`;
    const storeOf = (password: string) => new RedisIdempotencyStore({ host, port, username, password });
    beforeAll(() => redis.ctl('ACL', 'SETUSER', username, 'on', '>right', '~*', '+@all'));
    afterAll(() => redis.ctl('ACL', 'DELUSER', username));

    test('is let in by his password', async () => {
      const store = storeOf('right');
      expect(await store.claim(username, 'token', 1000)).toBe('claimed');
      store.close();
    });

    test('with a wrong one is told so, and the password is not printed', async () => {
      const store = storeOf('guess');
      const refused = store.claim(username, 'token', 1000);
      await expect(refused).rejects.toThrow(/WRONGPASS/);
      await expect(refused).rejects.not.toThrow(/guess/);
      store.close();
    });
  });
});

await describeWithBroker(
  'redis',
  'a Redis that goes away',
  (redis) => {
    test.each([
      ['killed', () => redis.kill9(), () => redis.start()],
      ['frozen', () => redis.freeze(), () => redis.thaw()],
    ])('%s: calls fail in time, and work again when it is back', async (_, hurt, heal) => {
      const store = new RedisIdempotencyStore(redis.address);
      expect(await store.claim('before', 'token', 60_000)).toBe('claimed');
      await hurt();
      const begun = performance.now();
      await expect(store.claim('during', 'token', 60_000)).rejects.toMatchObject({
        code: 'BROKER_UNAVAILABLE',
        message: expect.stringContaining(`Redis at ${redis.address.host}:${redis.address.port} does not serve`),
      });
      expect(performance.now() - begun).toBeLessThan(4000);
      await heal();
      const deadline = performance.now() + 10_000;
      let claim: string | undefined;
      while (claim === undefined && performance.now() < deadline) {
        claim = await store.claim('after', 'token', 60_000).catch(() => undefined);
      }
      expect(claim).toBe('claimed');
      store.close();
    });
  },
  { own: true },
);

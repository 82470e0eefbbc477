/** A client of the tests' own, to look at what is on the server. */
import { Redis } from 'ioredis';
import type { RedisAddress } from '../../../../tools/brokers/index.mjs';

export async function clientOf({ host, port, username, password }: RedisAddress): Promise<Redis> {
  const redis = new Redis({
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    protocol: 2,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}

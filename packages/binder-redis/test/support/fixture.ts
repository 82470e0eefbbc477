/** What most tests of the binder on a server need: a binder, a client that looks, and what came. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Redis } from 'ioredis';
import { until, type Broker, type RedisAddress } from '../../../../tools/brokers/index.mjs';
import type { RedisOptions } from '../../src/options/options.js';
import { ACK, bodyOf, openBinder, produce, record, type Handle, type RedisBinder, type Told } from './binder.js';
import { clientOf } from './client.js';

export interface Fixture {
  readonly redis: Redis;
  /** A binder that is closed after the test. */
  readonly binder: (
    options?: Partial<RedisOptions>,
    address?: RedisAddress,
  ) => Promise<{ binder: RedisBinder; told: Told }>;
  /** Sends these bodies, and waits until they are confirmed. */
  readonly send: (destination: string, bodies: readonly string[], partition?: number) => Promise<void>;
  /** Summary of what is pending: the number. */
  readonly pending: (stream: string, group?: string) => Promise<number>;
}

export function fixture(broker: Broker<RedisAddress>): Fixture {
  let redis: Redis;
  let sender: RedisBinder;
  const open: RedisBinder[] = [];
  beforeAll(async () => {
    redis = await clientOf(broker.address);
    ({ binder: sender } = await openBinder(broker.address));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((binder) => binder.close()));
  });
  afterAll(async () => {
    await sender.close();
    redis.disconnect();
  });
  return {
    get redis() {
      return redis;
    },
    async binder(options = {}, address = broker.address) {
      const opened = await openBinder(address, options);
      open.push(opened.binder);
      return opened;
    },
    async send(destination, bodies, partition) {
      const producer = await produce(sender, destination);
      await Promise.all(bodies.map((body) => producer.send(record(body, partition))));
      await producer.close();
    },
    async pending(stream, group = 'g') {
      const [count] = (await redis.xpending(stream, group)) as [number];
      return count;
    },
  };
}

/** A handler that notes what it is given. */
export function collecting(): {
  readonly got: string[];
  readonly deliver: Handle;
  readonly all: (count: number) => Promise<void>;
} {
  const got: string[] = [];
  return {
    got,
    deliver: (delivery) => {
      got.push(bodyOf(delivery));
      return ACK;
    },
    all: async (count) => {
      await until(() => got.length >= count, 10_000, `${count} deliveries`);
    },
  };
}

export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => String(from + n));

/** A promise, and what resolves it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

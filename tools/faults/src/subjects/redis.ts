/** Redis: a server of the run's own, which may be hurt, and a proxy through which all applications reach it. */
import { createClient } from '@redis/client';
import { ID } from '../apps/witness.js';
import type { BrokerUnderTest, Scene, Subject } from '../subject.js';
import { proxy } from '../../../brokers/proxy.mjs';
import { startPrivate, type RedisBroker } from '../../../brokers/index.mjs';

/** Milliseconds; as in `application-redis.yml`. */
const TIMEOUT = 2000;
/** Milliseconds for which a read blocks; the default. */
const BLOCK = 2000;
/** Milliseconds between two tries to connect, at most. */
const BACK_OFF = 5000;
const SILENCE_MS = TIMEOUT + BLOCK + BACK_OFF;

let shared: Promise<RedisBroker> | undefined;

export const redis: Subject = {
  name: 'redis',
  ordered: false,
  resends: false,
  silenceMs: SILENCE_MS,
  recoveryMs: { X01: 5000, X07: SILENCE_MS, X08: SILENCE_MS, X14: 5000, others: 10_000 },
  cannot: { 'fill disk': 'its data would need a file system of its own', 'free disk': 'it is never full' },
  open,
  close: async () => {
    const broker = await shared?.catch(() => undefined);
    shared = undefined;
    await broker?.remove();
  },
};

async function open(): Promise<BrokerUnderTest> {
  const broker = await (shared ??= startPrivate('redis'));
  const { host, port } = broker.address;
  const link = await proxy({ host, port });
  const client = createClient({ socket: { host, port, reconnectStrategy: 50 }, RESP: 2 });
  // it connects again by itself
  client.on('error', () => {});
  await client.connect();
  const done = async (work: Promise<unknown>): Promise<void> => void (await work);
  const now = (work: () => void) => (): Promise<void> => {
    work();
    return Promise.resolve();
  };
  /** Bytes that may be stored; 0: no limit. */
  const memory = (bytes: number): Promise<void> => done(client.configSet('maxmemory', String(bytes)));
  const entries = async (from: string, stream: string) => (await client.xRange(stream, from, '+')) ?? [];
  return {
    properties: { 'spring.data.redis.host': link.host, 'spring.data.redis.port': String(link.port) },
    verbs: {
      'kill broker': () => broker.kill9(),
      'stop broker': () => broker.stop(),
      'start broker': () => done(broker.start()),
      'start broker empty': () => done(broker.restart({ data: 'empty' })),
      'freeze broker': () => broker.freeze(),
      'thaw broker': () => broker.thaw(),
      cut: () => link.down(),
      'lose requests': now(() => link.blackHole({ direction: 'toBroker' })),
      'lose deliveries': now(() => link.blackHole({ direction: 'toClient' })),
      silence: now(() => link.blackHole()),
      reset: now(() => link.reset()),
      restore: () => link.restore(),
      block: () => memory(1),
      unblock: () => memory(0),
      'delete queue': ({ destination }) => done(client.del(destination)),
      'refuse dead letters': async (scene) => {
        const key = deadLettersOf(scene);
        await client.eval(PUT_ASIDE, { keys: [key, aside(key)] });
      },
      'accept dead letters': async (scene) => {
        const key = deadLettersOf(scene);
        const kept = (await client.exists(aside(key))) === 1;
        await (kept ? client.rename(aside(key), key) : client.del(key));
      },
    },
    backlog: async (destination, group) => {
      if ((await client.exists(destination)) === 0) return 0;
      const groups = await client.xInfoGroups(destination);
      const found = groups.find(({ name }) => name === group);
      if (!found) return 0;
      // a restart makes what Redis says too large, and after some deletions it says nothing
      const lag = found.lag === 0 ? 0 : (await entries(`(${found['last-delivered-id']}`, destination)).length;
      return found.pending + lag;
    },
    consumers: async (destination, group) => (await client.keys(`{${destination}}:alive:${group}:*`)).length,
    deadLetters: async (destination, group) => {
      const letters = await entries('-', deadLettersOf({ destination, group }));
      return letters.map(({ message }) => (JSON.parse(message['headers']!) as Record<string, string>)[ID]!);
    },
    close: async () => {
      client.destroy();
      await link.close();
    },
  };
}

/** In one step: what is in it already is kept, and what comes between would not be. */
const PUT_ASIDE = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
redis.call('SET', KEYS[1], 'no stream')
`;

const aside = (key: string): string => `${key} aside`;

const deadLettersOf = ({ destination, group }: Scene): string => `error.${destination}.${group}`;

/**
 * ioredis alone, with its automatic pipelining. Receiving: one loop of XREADGROUP; what one read gave is acknowledged in one
 * XACK, which goes out in front of the next read and is not waited for, or with `ack: each` one by one.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Order } from '../sides/order.js';
import { serve } from '../sides/served.js';
import { address } from './wire.js';

type Entry = [id: string, fields: string[]];

const fieldsOf =
  process.argv[2] === 'same'
    ? (body: string): string[] => {
        const headers = `{"id":"${randomUUID()}","timestamp":${Date.now()}}`;
        return ['payload', body, 'contentType', 'application/json', 'headers', headers];
      }
    : (body: string): string[] => ['payload', body, 'contentType', 'application/json'];

const BLOCK_MS = 2000;

serve({
  sender({ destination }) {
    const redis = new Redis({ ...address, enableAutoPipelining: true });
    const send = (order: Order): Promise<unknown> => redis.xadd(destination, '*', ...fieldsOf(JSON.stringify(order)));
    return Promise.resolve({
      async sendAll(order: Order, messages: number, inFlight: number) {
        let left = messages;
        const one = async (): Promise<void> => {
          while (left-- > 0) await send(order);
        };
        await Promise.all(Array.from({ length: inFlight }, one));
      },
      send: (order: Order, confirmed: () => void) => void send(order).then(confirmed),
      close: async () => void (await redis.quit()),
    });
  },
  receiver(handle, { destination, group, prefetch, ack }) {
    const redis = new Redis(address);
    let stopping = false;
    let acknowledged: Promise<unknown> = Promise.resolve();
    const take = ([, fields]: Entry): void => handle(JSON.parse(fields[fields.indexOf('payload') + 1]!) as Order);
    const read = async (): Promise<readonly Entry[]> => {
      const reply = await redis.xreadgroup(
        ...(['GROUP', group, 'raw', 'COUNT', prefetch, 'BLOCK', BLOCK_MS, 'STREAMS', destination, '>'] as const),
      );
      return (reply as [[stream: string, Entry[]]] | null)?.[0][1] ?? [];
    };
    const run = async (): Promise<void> => {
      while (!stopping) {
        const entries = await read();
        if (entries.length === 0) continue;
        for (const entry of entries) take(entry);
        const ids = entries.map(([id]) => id);
        acknowledged =
          ack === 'each'
            ? Promise.all(ids.map((id) => redis.xack(destination, group, id)))
            : redis.xack(destination, group, ...ids);
      }
    };
    const running = run();
    return Promise.resolve({
      async stop() {
        stopping = true;
        await Promise.all([running, acknowledged]);
        await redis.quit();
      },
    });
  },
});

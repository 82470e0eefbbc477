/** What a consumer gets, and when. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { trimmedKey } from '../src/streams/names.js';
import { ACK, aDestination, bodyOf, consume, openBinder, produce, record, type RedisBinder } from './support/binder.js';
import { clientOf } from './support/client.js';

jest.setTimeout(30_000);

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

await describeWithBroker('redis', 'consuming', (broker) => {
  let binder: RedisBinder;
  let redis: Redis;
  beforeAll(async () => {
    ({ binder } = await openBinder(broker.address));
    redis = await clientOf(broker.address);
  });
  afterAll(async () => {
    await binder.close();
    redis.disconnect();
  });

  const send = async (destination: string, ids: readonly string[]): Promise<void> => {
    const producer = await produce(binder, destination);
    await Promise.all(ids.map((id) => producer.send(record(id))));
    await producer.close();
  };

  test('a group shares what is sent, and each entry is acknowledged', async () => {
    const destination = aDestination();
    const got: [string[], string[]] = [[], []];
    const members = await Promise.all(
      got.map((list) =>
        consume(binder, destination, (delivery) => {
          list.push(bodyOf(delivery));
          return ACK;
        }),
      ),
    );
    await send(destination, numbers(500));
    await until(() => got.flat().length >= 500, 10_000, 'all entries');
    for (const { binding } of members) await binding.close();
    expect(got.flat().sort((a, b) => Number(a) - Number(b))).toEqual(numbers(500));
    expect(await redis.xpending(destination, 'g')).toEqual([0, null, null, null]);
    expect(members.flatMap(({ faults }) => faults)).toEqual([]);
    // whoever trimmed last is remembered for some seconds
    const kept = (await redis.keys(`*${destination}*`)).filter((key) => key !== trimmedKey(destination));
    expect(kept).toEqual([destination]);
    expect(await redis.xinfo('CONSUMERS', destination, 'g')).toEqual([]);
  });

  test('inputs without a group all get what is sent from now on, and nothing of them remains', async () => {
    const destination = aDestination();
    await send(destination, ['before']);
    const got: [string[], string[]] = [[], []];
    const listeners = await Promise.all(
      got.map((list) =>
        consume(
          binder,
          destination,
          (delivery) => {
            list.push(bodyOf(delivery));
            return ACK;
          },
          { group: null },
        ),
      ),
    );
    await send(destination, numbers(300));
    await until(() => got.every((list) => list.length >= 300), 10_000, 'all entries at both');
    expect(got).toEqual([numbers(300), numbers(300)]);
    for (const { binding } of listeners) await binding.close();
    expect(await redis.keys(`*${destination}*`)).toEqual([destination]);
    expect(await redis.xinfo('GROUPS', destination)).toEqual([]);
  });

  test.each([
    ['earliest', ['before', 'after']],
    ['latest', ['after']],
  ] as const)('a new group begins at the %s', async (startFrom, expected) => {
    const destination = aDestination();
    await send(destination, ['before']);
    const got: string[] = [];
    const { binding } = await consume(
      binder,
      destination,
      (delivery) => {
        got.push(bodyOf(delivery));
        return ACK;
      },
      { startFrom },
    );
    await send(destination, ['after']);
    await until(() => got.includes('after'), 10_000, 'the last entry');
    await binding.close();
    expect(got).toEqual(expected);
  });
});

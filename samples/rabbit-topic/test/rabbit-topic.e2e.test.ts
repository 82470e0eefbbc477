import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import { LIMIT_MS, cleanUp, program, rabbitArguments } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);

await describeWithBroker('rabbit', 'topic', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());

  const start = (name: string, ...args: string[]) =>
    program('rabbit-topic', name, ...rabbitArguments(virtualHost.address), ...args);

  test('* stands for one word and # for any number', async () => {
    const receiver = start('receive');
    await receiver.started();
    expect(await start('send').ended()).toEqual({ code: 0, signal: null });
    // keys that all three patterns match come last
    expect(await start('send', '--subjects=item.insert').ended()).toEqual({ code: 0, signal: null });
    await until(() => receiver.out.length === 11, LIMIT_MS);
    const of = (pattern: string): string[] =>
      receiver.out.filter((line) => line.startsWith(`${pattern}: `)).map((line) => line.slice(pattern.length + 2));
    expect(of('item.*')).toEqual(['item.insert', 'item.update', 'item.insert']);
    expect(of('item.#')).toEqual(['item', 'item.insert', 'item.update', 'item.update.price', 'item.insert']);
    expect(of('*.insert')).toEqual(['item.insert', 'user.insert', 'item.insert']);
    expect(await virtualHost.ctl('list_bindings', 'source_name', 'destination_name', 'routing_key')).toContain(
      'shop\tshop.star\titem.*',
    );
    expect((await receiver.kill('SIGTERM')).code).toBe(0);
  });
});

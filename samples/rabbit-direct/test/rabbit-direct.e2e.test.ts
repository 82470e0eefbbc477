import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import { LIMIT_MS, cleanUp, program, rabbitArguments } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);

await describeWithBroker('rabbit', 'direct', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());

  const start = (name: string, ...args: string[]) =>
    program('rabbit-direct', name, ...rabbitArguments(virtualHost.address), ...args);

  test('each queue gets the changes whose keys it names', async () => {
    const receiver = start('receive');
    await receiver.started();
    const sender = start('send');
    expect(await sender.ended()).toEqual({ code: 0, signal: null });
    expect(sender.out).toEqual(['sent: insert', 'sent: update', 'sent: delete', 'sent: rename']);
    expect(sender.transcript).toMatch(/WARN.*items/);

    // a second round shows that nothing of the first is still to come
    await start('send', '--changes=delete,insert').ended();
    await until(() => receiver.out.length === 6, LIMIT_MS);
    const of = (name: string): string[] => receiver.out.filter((line) => line.startsWith(`${name}: `));
    expect(of('search')).toEqual(['search: insert item 42', 'search: update item 42', 'search: insert item 42']);
    expect(of('cache')).toEqual(['cache: update item 42', 'cache: delete item 42', 'cache: delete item 42']);
    expect(await virtualHost.ctl('list_exchanges', 'name', 'type')).toContain('items\tdirect');
    expect((await receiver.kill('SIGTERM')).code).toBe(0);
  });
});

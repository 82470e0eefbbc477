import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import {
  LIMIT_MS,
  cleanUp,
  program,
  rabbitArguments,
  type AppProcess,
} from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);

await describeWithBroker('rabbit', 'fanout', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());

  const start = (name: string, ...args: string[]): AppProcess =>
    program('rabbit-fanout', name, ...rabbitArguments(virtualHost.address), ...args);

  test('every group gets every headline from when its queue exists; readers of one group share them', async () => {
    const send = async (...headlines: string[]): Promise<AppProcess> => {
      const sender = start('send', `--headlines=${headlines.join(',')}`);
      expect(await sender.ended()).toEqual({ code: 0, signal: null });
      return sender;
    };
    const toNobody = await send('fog');
    expect(toNobody.transcript).toMatch(/WARN.*news/);

    const paper = start('receive');
    await paper.started();
    await send('rain');
    await paper.line(/^paper: rain$/);

    const radio = start('receive', '--reader=radio');
    const second = start('receive', '--reader=paper');
    await Promise.all([radio.started(), second.started()]);
    const headlines = Array.from({ length: 10 }, (_, n) => `headline ${n}`);
    await send(...headlines);
    await until(() => radio.out.length === 10 && paper.out.length + second.out.length === 11, LIMIT_MS);
    expect(radio.out).toEqual(headlines.map((headline) => `radio: ${headline}`));
    expect([...paper.out, ...second.out].toSorted()).toEqual(
      ['rain', ...headlines].map((headline) => `paper: ${headline}`).toSorted(),
    );
    expect(second.out.length).toBeGreaterThan(0);
    expect(await virtualHost.ctl('list_exchanges', 'name', 'type')).toContain('news\tfanout');

    // what is sent while a group is away waits for it
    for (const app of [paper, second, radio]) expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await send('snow');
    const back = start('receive', '--reader=radio');
    await back.line(/^radio: snow$/);
    expect(back.out).toEqual(['radio: snow']);
  });
});

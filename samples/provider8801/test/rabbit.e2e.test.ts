/** The tutorial on RabbitMQ: the three services by their unchanged application.yml, only the address is another. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import {
  AppProcess,
  LIMIT_MS,
  ROOT,
  cleanUp,
  portOf,
  rabbitArguments,
} from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);

await describeWithBroker('rabbit', 'the tutorial on RabbitMQ', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());

  const service = (name: string, ...args: string[]): AppProcess => {
    const folder = join(ROOT, 'samples', name);
    return new AppProcess(join(folder, 'dist/main.js'), undefined, {
      cwd: folder,
      args: ['--server.port=0', ...rabbitArguments(virtualHost.address, 'defaultRabbit'), ...args],
    });
  };
  const inGroup = (group: string): string => `--spring.cloud.stream.bindings.input.group=${group}`;
  const received = ({ out }: AppProcess): string[] =>
    out.flatMap((line) => /^消费者[12]号,----->接受到的消息: (\S+)\t {2}port: 0$/.exec(line)?.[1] ?? []);
  const stopped = (...apps: AppProcess[]): Promise<(number | null)[]> =>
    Promise.all(apps.map(async (app) => (await app.kill('SIGTERM')).code));

  test('groups, competing consumers, and what was sent while nobody listened', async () => {
    const provider = service('provider8801');
    const port = await portOf(provider);
    await provider.started();
    const send = async (count: number): Promise<string[]> => {
      const before = provider.out.length;
      for (let n = 0; n < count; n++) expect((await fetch(`http://127.0.0.1:${port}/sendMessage`)).status).toBe(200);
      await until(() => provider.out.length === before + count);
      return provider.out.slice(before).map((line) => line.replace('*****serial: ', ''));
    };

    const a = [service('consumer8802', inGroup('atguiguA')), service('consumer8803', inGroup('atguiguA'))];
    const b = service('consumer8803', inGroup('atguiguB'));
    const anonymous = service('consumer8802');
    const all = [...a, b, anonymous];
    await Promise.all(all.map((app) => app.started()));
    const together = await send(10);
    const shared = (): string[] => a.flatMap(received);
    await until(() => [shared(), received(b), received(anonymous)].every(({ length }) => length >= 10), LIMIT_MS);
    expect(shared().toSorted()).toEqual(together.toSorted());
    expect(a.map((app) => received(app).length > 0)).toEqual([true, true]);
    expect([received(b), received(anonymous)]).toEqual([together, together]);
    expect(await stopped(...all)).toEqual([0, 0, 0, 0]);

    const missed = await send(4);
    const late = [service('consumer8802', inGroup('atguiguA')), service('consumer8803', inGroup('atguiguB'))];
    const newcomer = service('consumer8802');
    await Promise.all([...late, newcomer].map((app) => app.started()));
    const [canary] = await send(1);
    await until(() => [...late, newcomer].every((app) => received(app).includes(canary!)), LIMIT_MS);
    expect(late.map(received)).toEqual([
      [...missed, canary],
      [...missed, canary],
    ]);
    expect(received(newcomer)).toEqual([canary]);
    expect(await stopped(provider, ...late, newcomer)).toEqual([0, 0, 0, 0]);
  });

  test('the broker has what Spring would have made', async () => {
    const list = async (...what: string[]): Promise<string[]> =>
      (await virtualHost.ctl(...(what as [string]))).trim().split('\n');
    expect(await list('list_exchanges', 'name', 'type', 'durable')).toContain('studyExchange\ttopic\ttrue');
    const queues = await list('list_queues', 'name', 'durable', 'messages');
    // the queues of anonymous groups went with their consumers
    expect(queues.filter((line) => line.includes('studyExchange')).toSorted()).toEqual([
      'studyExchange.atguiguA\ttrue\t0',
      'studyExchange.atguiguB\ttrue\t0',
    ]);
    expect(await list('list_bindings', 'source_name', 'destination_name', 'routing_key')).toContain(
      'studyExchange\tstudyExchange.atguiguA\t#',
    );
  });
});

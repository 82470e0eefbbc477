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

await describeWithBroker('rabbit', 'work', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());

  const start = (name: string, ...args: string[]): AppProcess =>
    program('rabbit-work', name, ...rabbitArguments(virtualHost.address), ...args);

  const worker = (name: string, pause: number): AppProcess =>
    start('worker', `--worker.name=${name}`, `--worker.pause=${pause}`);
  const tasksOf = ({ out }: AppProcess): string[] => out.map((line) => line.replace(/^\w+: /, ''));
  const tasks = (count: number): string[] => Array.from({ length: count }, (_, n) => `task ${n + 1}`);

  test('each task is done once, and the fast worker does more of them', async () => {
    const [fast, slow] = [worker('fast', 10), worker('slow', 400)];
    await Promise.all([fast.started(), slow.started()]);
    expect(await start('send').ended()).toEqual({ code: 0, signal: null });
    await until(() => fast.out.length + slow.out.length === 30, LIMIT_MS);
    expect([...tasksOf(fast), ...tasksOf(slow)].toSorted()).toEqual(tasks(30).toSorted());
    expect(slow.out.length).toBeGreaterThan(0);
    // with a backlog handed out in advance each would have half
    expect(fast.out.length).toBeGreaterThan(20);
    for (const app of [fast, slow]) expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('tasks wait for the first worker, and a killed worker gives its task back', async () => {
    await start('send', '--tasks=5').ended();
    const stuck = worker('stuck', 60_000);
    await stuck.started();
    const inFlight = async (): Promise<string[]> =>
      (await virtualHost.ctl('list_queues', 'name', 'messages_unacknowledged')).split('\n');
    for (const end = Date.now() + LIMIT_MS; !(await inFlight()).includes('tasks.workers\t1');)
      expect(Date.now()).toBeLessThan(end);
    await stuck.kill('SIGKILL');
    const next = worker('next', 1);
    await until(() => next.out.length === 5, LIMIT_MS);
    expect(tasksOf(next).toSorted()).toEqual(tasks(5));
  });
});

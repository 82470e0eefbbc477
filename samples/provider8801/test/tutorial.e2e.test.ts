/** The tutorial's groups: the three services by their unchanged application.yml. */
import { expect, test } from '@jest/globals';
import { LIMIT_MS, portOf, type AppProcess } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';
import { onEachBinder, type Binder } from './on-each-binder.js';

const inGroup = (group: string): string => `--spring.cloud.stream.bindings.input.group=${group}`;
const received = ({ out }: AppProcess): string[] =>
  out.flatMap((line) => /^消费者[12]号,----->接受到的消息: (\S+)\t {2}port: 0$/.exec(line)?.[1] ?? []);
const stopped = (...apps: AppProcess[]): Promise<(number | null)[]> =>
  Promise.all(apps.map(async (app) => (await app.kill('SIGTERM')).code));

await onEachBinder((binder) => {
  const service = (name: string, ...args: string[]): AppProcess => binder.service(name, '--server.port=0', ...args);
  /** Kafka keeps the order in each of the two partitions. */
  const asSent = (serials: readonly string[]): readonly string[] =>
    binder.type === 'kafka' ? serials.toSorted() : serials;

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
    for (const alone of [b, anonymous]) expect(asSent(received(alone))).toEqual(asSent(together));
    expect(await stopped(...all)).toEqual([0, 0, 0, 0]);

    const missed = await send(4);
    const late = [service('consumer8802', inGroup('atguiguA')), service('consumer8803', inGroup('atguiguB'))];
    const newcomer = service('consumer8802');
    await Promise.all([...late, newcomer].map((app) => app.started()));
    const [canary] = await send(1);
    const complete = (app: AppProcess): boolean => received(app).length >= 5;
    await until(() => late.every(complete) && received(newcomer).includes(canary!), LIMIT_MS);
    for (const app of late) expect(asSent(received(app))).toEqual(asSent([...missed, canary!]));
    expect(received(newcomer)).toEqual([canary]);
    expect(await stopped(provider, ...late, newcomer)).toEqual([0, 0, 0, 0]);
    await left[binder.type](binder);
  });
});

/** What the broker has when all have gone: what Spring would have made, and nothing of the anonymous groups. */
const left: Record<Binder['type'], (binder: Binder) => Promise<void>> = {
  embedded: () => Promise.resolve(),

  rabbit: async ({ ctl }) => {
    const list = async (...what: string[]): Promise<string[]> => (await ctl(...what)).trim().split('\n');
    expect(await list('list_exchanges', 'name', 'type', 'durable')).toContain('studyExchange\ttopic\ttrue');
    const queues = await list('list_queues', 'name', 'durable', 'messages');
    expect(queues.filter((line) => line.includes('studyExchange')).toSorted()).toEqual([
      'studyExchange.atguiguA\ttrue\t0',
      'studyExchange.atguiguB\ttrue\t0',
    ]);
    expect(await list('list_bindings', 'source_name', 'destination_name', 'routing_key')).toContain(
      'studyExchange\tstudyExchange.atguiguA\t#',
    );
  },

  kafka: async ({ ctl }) => {
    const topics = (await ctl('topics', '--list')).trim().split('\n');
    expect(topics.filter((name) => !name.startsWith('__'))).toEqual(['studyExchange']);
    for (const group of ['atguiguA', 'atguiguB']) {
      const rows = (await ctl('consumer-groups', '--describe', '--group', group)).split('\n');
      const lags = rows.flatMap((row) => /^\S+\s+studyExchange\s+\d\s+\d+\s+\d+\s+(\d+)/.exec(row)?.[1] ?? []);
      expect(lags).toEqual(['0', '0']);
    }
  },

  redis: async ({ ctl }) => {
    expect(await ctl('keys', '*')).toBe('studyExchange\n');
    const groups = (await ctl('xinfo', 'groups', 'studyExchange')).trim().split('\n');
    const all = (field: string): string[] =>
      groups.flatMap((line, at) => (line === field ? [groups[at + 1]!] : [])).toSorted();
    expect([all('name'), all('pending')]).toEqual([
      ['atguiguA', 'atguiguB'],
      ['0', '0'],
    ]);
  },
};

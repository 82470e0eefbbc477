import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Agent, endAgents, type AgentEvent } from './support/agent.js';
import { removeDirectories, storeDirectory } from './support/directories.js';
import { query } from './support/tables.js';
import { eventually } from './support/waiting.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await endAgents();
  removeDirectories();
});

const PARTITIONS = 4;

const owners = (directory: string): unknown[] =>
  query(directory, 'SELECT DISTINCT owner FROM cursor WHERE owner IS NOT NULL');

describe('partitions', () => {
  test('keep their order while messages fail and members join and leave', async () => {
    const directory = storeDirectory();
    const fail = { prefix: 'bad', attempts: 3, delayMs: 40, bury: false };
    const join = async (): Promise<Agent> => {
      const agent = await Agent.open(directory);
      await agent.call('consume', {
        name: 'in',
        destination: 'orders',
        group: 'g',
        ordered: true,
        concurrency: 4,
        prefetch: 40,
        behaviour: { fail, workMs: 1 },
      });
      return agent;
    };
    const sender = await Agent.open(directory);
    await sender.call('produce', {
      name: 'out',
      destination: 'orders',
      partitionCount: PARTITIONS,
      requiredGroups: ['g'],
    });
    const [first, second] = [await join(), await join()];
    const texts = Array.from({ length: 800 }, (_, n) => `${n % 50 === 7 ? 'bad' : 'ok'}:${n}`);
    const all: Agent[] = [first, second];
    const settled = (): AgentEvent[] => all.flatMap((agent) => agent.of('settled'));
    const partitions = texts.map((_, n) => n % PARTITIONS);
    let abandoned: number | undefined;
    for (let from = 0; from < texts.length; from += 100) {
      const part = { texts: texts.slice(from, from + 100), partitions: partitions.slice(from, from + 100) };
      expect(new Set(await sender.call<string[]>('send', { name: 'out', ...part }))).toEqual(new Set(['confirmed']));
      if (from === 200) {
        await eventually('they work', () => settled().length > 100);
        all.push(await join());
      }
      if (from === 500) {
        await eventually('all three own something', () => owners(directory).length === 3);
        abandoned = (await first.call<{ abandoned: number }>('stop', { name: 'in' })).abandoned;
      }
    }
    expect(abandoned).toBe(0);
    await eventually('all are done', () => new Set(settled().map(({ text }) => text)).size === texts.length, {
      withinMs: 20_000,
    });
    const duplicates = settled().length - texts.length;
    expect(duplicates).toBe(0);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const order = settled()
        .sort((a, b) => a.at! - b.at!)
        .map(({ text }) => Number(text!.split(':')[1]))
        .filter((n) => n % PARTITIONS === partition);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    for (const agent of all) expect(agent.of('settled').length).toBeGreaterThan(50);
  });

  test('that come with a later producer have owners at once', async () => {
    const directory = storeDirectory();
    const join = async (): Promise<Agent> => {
      const agent = await Agent.open(directory);
      await agent.call('consume', { name: 'in', destination: 'orders', group: 'g', ordered: true });
      return agent;
    };
    const [first, second] = [await join(), await join()];
    const sender = await Agent.open(directory);
    await sender.call('produce', { name: 'out', destination: 'orders', partitionCount: PARTITIONS });
    await sender.call('send', { name: 'out', texts: ['a', 'b', 'c', 'd'], partitions: [0, 1, 2, 3] });
    await eventually('all are there', () => first.texts().length + second.texts().length === 4);
    expect([new Set(first.texts()), new Set(second.texts())]).toEqual([new Set(['a', 'c']), new Set(['b', 'd'])]);
  });

  test('belong to the instance that names them; the next instance of that name is told and takes over', async () => {
    const directory = storeDirectory();
    const join = async (mine: number[]): Promise<Agent> => {
      const agent = await Agent.open(directory);
      await agent.call('consume', {
        name: 'in',
        destination: 'orders',
        group: 'g',
        ordered: true,
        partitioning: { count: 2, mine },
        startFrom: 'earliest',
      });
      return agent;
    };
    const [zero, one] = [await join([0]), await join([1])];
    const again = await join([1]);
    const sender = await Agent.open(directory);
    await sender.call('produce', { name: 'out', destination: 'orders', partitionCount: 2 });
    const send = (texts: string[]): Promise<unknown> =>
      sender.call('send', { name: 'out', texts, partitions: texts.map((_, n) => n % 2) });
    await send(['a', 'b', 'c', 'd']);
    await eventually('both have theirs', () => zero.texts().length >= 2 && one.texts().length >= 2);
    expect([zero.texts(), one.texts(), again.texts()]).toEqual([['a', 'c'], ['b', 'd'], []]);
    expect(again.of('fault')).toMatchObject([{ message: expect.stringContaining(String(one.pid)) }]);
    await eventually('all is acknowledged', () => query(directory, 'SELECT * FROM claim').length === 0);
    await one.kill('SIGKILL');
    await send(['e', 'f']);
    await eventually('the other has it', () => again.texts().length > 0 && zero.texts().length > 2);
    expect([zero.texts(), again.texts()]).toEqual([['a', 'c', 'e'], ['f']]);
  });

  test('move after a while although their old owner never ends; what it held is lost to it', async () => {
    const directory = storeDirectory();
    const join = async (behaviour: Record<string, unknown>): Promise<Agent> => {
      const agent = await Agent.open(directory);
      await agent.call('consume', { name: 'in', destination: 'orders', group: 'g', ordered: true, behaviour });
      return agent;
    };
    const sender = await Agent.open(directory);
    await sender.call('produce', { name: 'out', destination: 'orders', partitionCount: 2, requiredGroups: ['g'] });
    const stuck = await join({ hang: true });
    await sender.call('send', { name: 'out', texts: ['a', 'b', 'c', 'd'], partitions: [0, 1, 0, 1] });
    await eventually('it is stuck', () => stuck.texts().length === 1);
    const joined = Date.now();
    const heir = await join({});
    await eventually('the heir has one partition', () => heir.texts().length >= 2, { withinMs: 15_000 });
    expect(heir.of('delivered')[0]!.at! - joined).toBeLessThan(15_000);
    expect(heir.texts()).toEqual(['b', 'd']);
    expect(heir.of('delivered').map(({ crashes, attempt }) => [crashes, attempt])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    await stuck.call('release');
    await eventually('the rest is done', () => query(directory, 'SELECT * FROM claim').length <= 1);
    expect(stuck.texts().filter((text) => text === 'b' || text === 'd')).toEqual([]);
  });
});

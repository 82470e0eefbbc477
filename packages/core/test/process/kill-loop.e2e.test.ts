/** kill -9 in a loop of 30: what the ledger of all processes says afterwards. */
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { until } from '../support/until.js';
import { AppProcess, LIMIT_MS, Ledger, cleanUp, compiled, temporaryFolder, type LedgerLine } from './harness.js';

jest.setTimeout(120_000);
afterEach(cleanUp);

const KILLS = 15;
/** What a consumer has taken and not settled, at most. */
const PREFETCH = 100;
/** A process is killed once it has done so much. */
const WORK = 300;

const COMMON = [
  '--spring.cloud.stream.bindings.output.destination=traffic',
  '--spring.cloud.stream.bindings.output.producer.required-groups=workers',
  '--spring.cloud.stream.bindings.input.destination=traffic',
  '--spring.cloud.stream.bindings.input.group=workers',
  `--spring.cloud.stream.bindings.input.consumer.prefetch=${PREFETCH}`,
  '--window=10',
  '--pause-ms=5',
  '--handler-ms=1',
];

/** No instance has an index: the members share the partitions, and take over those of one that dies. */
const PARTITIONED = [
  "--spring.cloud.stream.bindings.output.producer.partition-key-expression=headers['key']",
  '--spring.cloud.stream.bindings.output.producer.partition-count=4',
  '--spring.cloud.stream.bindings.input.consumer.partitioned=true',
];

/** Two producers and two consumers; one of them is killed and replaced, again and again, in turn. */
async function killLoop(args: readonly string[]): Promise<{ lines: readonly LedgerLine[]; killed: Set<number> }> {
  const folder = temporaryFolder();
  const ledger = new Ledger(join(folder, 'ledger'));
  const start = (profile: string): AppProcess =>
    new AppProcess(compiled('traffic'), join(folder, 'store'), {
      args: [...COMMON, ...args, `--spring.profiles.active=${profile}`, `--ledger=${ledger.file}`],
    });
  const places = (['producer', 'consumer', 'producer', 'consumer'] as const).map((profile) => ({
    profile,
    app: start(profile),
  }));
  const killed = new Set<number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = places[kill % places.length]!;
    const work = victim.profile === 'producer' ? 'confirmed' : 'handled';
    await until(() => ledger.messages(work, victim.app.pid).length >= WORK, LIMIT_MS);
    killed.add(victim.app.pid);
    expect(await victim.app.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    victim.app = start(victim.profile);
  }
  await Promise.all(places.map(({ app }) => app.started()));
  const end = async (profile: string): Promise<void> => {
    const apps = places.filter((place) => place.profile === profile).map(({ app }) => app);
    for (const exit of await Promise.all(apps.map((app) => app.kill('SIGTERM')))) expect(exit.code).toBe(0);
  };
  await end('producer');
  const confirmed = ledger.messages('confirmed');
  const isDone = (): boolean => {
    const handled = new Set(ledger.messages('handled'));
    return confirmed.every((message) => handled.has(message));
  };
  await until(isDone, LIMIT_MS);
  await end('consumer');
  return { lines: ledger.read(), killed };
}

/** Counts and prints. A second handling is explained where a killed process had taken the message and not settled it. */
function judge(title: string, lines: readonly LedgerLine[], killed: ReadonlySet<number>) {
  const of = (event: LedgerLine['event']): LedgerLine[] => lines.filter((line) => line.event === event);
  const confirmed = of('confirmed');
  const handled = of('handled');
  const handlers = new Map<string, number[]>();
  for (const { message, pid } of handled) handlers.set(message, [...(handlers.get(message) ?? []), pid]);
  const lost = confirmed.filter(({ message }) => !handlers.has(message));
  const duplicates = [...handlers].filter(([, pids]) => pids.length > 1);

  const latest = new Map<number, Set<string>>();
  for (const pid of killed) {
    latest.set(
      pid,
      new Set(
        handled
          .filter((line) => line.pid === pid)
          .slice(-PREFETCH)
          .map(({ message }) => message),
      ),
    );
  }
  const unexplained = duplicates.filter(([message, pids]) =>
    pids.slice(0, -1).some((pid) => !latest.get(pid)?.has(message)),
  );
  process.stderr.write(
    `${title}: ${killed.size} kills, ${of('sent').length} sent, ${confirmed.length} confirmed, ${lost.length} confirmed lost, ` +
      `${handled.length - handlers.size} duplicates, ${unexplained.length} of them unexplained\n`,
  );
  return { kills: killed.size, lost, unexplained };
}

const CLEAN = { kills: KILLS, lost: [], unexplained: [] };

/** The messages of a key of one producer that were first handled after a later one of that key. */
function overtaken(lines: readonly LedgerLine[]): string[] {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  return lines
    .filter(({ event }) => event === 'handled')
    .map(({ message }) => message)
    .filter((message) => {
      if (seen.has(message)) return false;
      seen.add(message);
      const [producer, key, text] = message.split(':');
      const lane = `${producer}:${key}`;
      const number = Number(text);
      const late = number < (last.get(lane) ?? 0);
      if (!late) last.set(lane, number);
      return late;
    });
}

test('an unpartitioned group: nothing confirmed is lost, and only what was in flight comes twice', async () => {
  const { lines, killed } = await killLoop([]);
  expect(judge('a group', lines, killed)).toEqual(CLEAN);
});

test('a partitioned group: neither, and each key keeps its order', async () => {
  const { lines, killed } = await killLoop(PARTITIONED);
  expect(judge('a partitioned group', lines, killed)).toEqual(CLEAN);
  expect(overtaken(lines)).toEqual([]);
});

/** One fault from an empty stage to the verdict. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Step } from './faults.js';
import { judge } from './judge/judge.js';
import { RECOVERIES, steady } from './judge/recovery.js';
import type { Expectations, Verdict } from './judge/verdict.js';
import { random } from './random.js';
import { isEvent, readLedgers } from './records.js';
import { GROUPS, Stage, type Load } from './stage.js';
import type { Subject } from './subject.js';
import { holdsWithin, until } from './wait.js';

const STEADY_MS = 30_000;
const SENDS_MS = 15_000;
const SETTLE_MS = 2000;
/** Readiness has to be told so soon where a fault shows at once. */
const AT_ONCE_MS = 2000;
const MAX_ATTEMPTS = 3;

export interface LaneSettings {
  readonly quick: boolean;
  readonly seed: number;
}

export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly status: 'held' | 'broken' | 'not run';
  /** Why it was not run, or not to its end. */
  readonly reason?: string;
  readonly verdict?: Verdict;
  /** Where the ledgers and logs are, when something broke. */
  readonly directory?: string;
  readonly ms: number;
}

export interface Listener {
  /** What the nemesis is going to do. */
  schedule(steps: readonly Step[]): void;
  progress(text: string): void;
}

export const loadOf = (fault: Fault, quick: boolean): Load => ({
  workers: 3,
  senders: 2,
  rate: quick ? 150 : 250,
  inFlight: 100,
  keys: 128,
  // long enough that a worker always has some messages begun
  slowestMs: 100,
  prefetch: 80,
  poison: fault.poison ?? 0,
  shutdownMs: 5000,
  ...fault.load,
});

export async function play(
  fault: Fault,
  subject: Subject,
  { quick, seed }: LaneSettings,
  listener: Listener,
): Promise<Outcome> {
  const started = performance.now();
  const { id, title } = fault;
  const load = loadOf(fault, quick);
  const steps = fault.script(random(seed, id), { ...load, quick });
  const ms = (): number => Math.round(performance.now() - started);
  const reason = steps.map(({ verb }) => subject.cannot[verb]).find((each) => each !== undefined);
  if (reason !== undefined) return { id, title, status: 'not run', reason, ms: ms() };
  listener.schedule(steps);

  const expected = expectationsOf(fault, subject, load);
  const directory = mkdtempSync(join(tmpdir(), `faults-${id.toLowerCase()}-`));
  const broker = await subject.open(
    directory,
    steps.map(({ verb }) => verb),
  );
  let failure: Error | undefined;
  const destination = `faults-${id.toLowerCase()}-${randomUUID().slice(0, 8)}`;
  const stage = new Stage(directory, broker, subject.name, load, subject, destination);
  try {
    await perform(stage, { steps, load, expected, quick, listener });
    for (const group of GROUPS) {
      const [backlog, consumers, deadLetters] = await Promise.all([
        broker.backlog(destination, group),
        broker.consumers(destination, group),
        broker.deadLetters(destination, group),
      ]);
      stage.note({ event: 'remains', group, backlog, consumers, deadLetters });
    }
    await stage.close();
  } catch (error) {
    failure = error as Error;
  }
  await stage.abandon();
  await broker.close();
  if (failure) {
    // nobody knows in what state the broker was left: the next fault gets a new one
    await subject.close();
    return { id, title, status: 'broken', reason: failure.message, directory, ms: ms() };
  }

  listener.progress('the judge reads');
  const verdict = judge(readLedgers(stage.ledgers), expected);
  if (verdict.violations.length > 0) return { id, title, status: 'broken', verdict, directory, ms: ms() };
  rmSync(directory, { recursive: true, force: true });
  return { id, title, status: 'held', verdict, ms: ms() };
}

interface Play {
  readonly steps: readonly Step[];
  readonly load: Load;
  readonly expected: Expectations;
  readonly quick: boolean;
  readonly listener: Listener;
}

/** From the first process until all that was confirmed is handled, or dead. */
async function perform(stage: Stage, { steps, load, expected, quick, listener }: Play): Promise<void> {
  listener.progress('processes start');
  await stage.open();
  const works = (): number =>
    new Set(
      stage
        .look()
        .filter(isEvent('confirmed', 'delivered'))
        .map(({ by }) => by),
    ).size;
  await until('everybody works', STEADY_MS, () => works() === load.workers + 1 + load.senders);
  stage.note({ event: 'steady' });

  // a step that takes its time moves those after it: what is between them is what the fault is
  let before = 0;
  for (const { at, verb, which, over, whole } of steps) {
    await sleep((at - before) * 1000);
    before = at;
    listener.progress(verb);
    await stage.act(verb, which);
    if (over) stage.note({ event: 'over', what: verb });
    if (whole) stage.note({ event: 'whole' });
  }
  listener.progress('until everybody works again');
  await holdsWithin(expected.recoveryMs + SETTLE_MS, () => {
    const entries = stage.look();
    if (expected.recovery === 'none') return true;
    return RECOVERIES[expected.recovery](entries) !== undefined && steady(entries) !== undefined;
  });
  await sleep(quick ? SETTLE_MS : 5 * SETTLE_MS);

  listener.progress('senders stop');
  await stage.hush(SENDS_MS);
  listener.progress('until all is handled');
  await holdsWithin(quick ? 30_000 : 120_000, async () => left(stage) === 0 && (await stage.backlog()) === 0);
  await sleep(SETTLE_MS);
}

/** Confirmed, and neither handled by each group nor poison. */
function left(stage: Stage): number {
  const entries = stage.look();
  const poison = new Set(entries.filter(isEvent('attempt')).flatMap((each) => (each.poison ? [each.id] : [])));
  const confirmed = entries
    .filter(isEvent('confirmed'))
    .map(({ id }) => id)
    .filter((each) => !poison.has(each));
  return GROUPS.reduce((sum, group) => {
    const handled = new Set(
      entries
        .filter(isEvent('handled'))
        .filter((each) => each.group === group)
        .map(({ id }) => id),
    );
    return sum + confirmed.filter((id) => !handled.has(id)).length;
  }, 0);
}

function expectationsOf(fault: Fault, subject: Subject, { shutdownMs }: Load): Expectations {
  const noticedMs = { 'at once': AT_ONCE_MS, 'by silence': subject.silenceMs };
  return {
    groups: GROUPS,
    ordered: subject.ordered,
    maxAttempts: MAX_ATTEMPTS,
    recovery: fault.recovery,
    recoveryMs: subject.recoveryMs[fault.id] ?? subject.recoveryMs[fault.id.slice(0, 3)] ?? subject.recoveryMs.others,
    ...(fault.noticed === undefined ? {} : { noticedMs: noticedMs[fault.noticed] }),
    ...(fault.noticedBy === undefined ? {} : { noticedBy: fault.noticedBy }),
    lateSockets: (subject.spareSockets ?? 0) + (fault.poison === undefined ? 0 : 1),
    forgets: fault.forgets === true,
    shutdownMs,
  };
}

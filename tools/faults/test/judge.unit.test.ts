/** A judge is worth what he finds: each kind of mistake is put into a good run, and has to be named. */
import { describe, expect, test } from '@jest/globals';
import { judge } from '../src/judge/judge.js';
import type { Expectations, Invariant } from '../src/judge/verdict.js';
import { EXPECTED, HandMade, OVER, STRUCK, goodRun } from './hand-made.js';

const found = (run: HandMade, expected: Partial<Expectations> = {}): string[] =>
  judge(run.sorted, { ...EXPECTED, ...expected }).violations.map(({ invariant, what }) => `${invariant} ${what}`);

const isOf = (id: string, event: string) => (entry: object) =>
  'id' in entry && entry.id === id && 'event' in entry && entry.event === event;

test('a good run is good, and is counted', () => {
  const verdict = judge(goodRun().sorted, EXPECTED);
  expect(verdict.violations).toEqual([]);
  expect(verdict).toMatchObject({
    sent: 160,
    confirmed: 160,
    unknown: 0,
    refused: 0,
    lost: 0,
    duplicated: 0,
    bound: 2,
    recoveredMs: 520,
  });
  expect(verdict.steadyMs).toBeGreaterThanOrEqual(1000);
  expect(verdict.steadyMs).toBeLessThan(2000);
});

const spoiled: readonly [name: string, Invariant, says: string, spoil: (run: HandMade) => HandMade][] = [
  [
    'confirmed and handled by nobody',
    'V1',
    'confirmed and not handled by workers: m7',
    (run) => run.without(isOf('m7', 'handled')),
  ],
  [
    'handled, and never settled',
    'V1',
    '3 messages still wait for workers',
    (run) =>
      run
        .without(({ event }) => event === 'remains')
        .add(21_000, 'nemesis', { event: 'remains', group: 'workers', backlog: 3, consumers: 1, deadLetters: [] }),
  ],
  [
    'delivered and never sent',
    'V2',
    'delivered and never sent: m999',
    (run) => run.delivered(3000, 999).handled(3010, 999),
  ],
  [
    'other bytes',
    'V2',
    'other bytes than were sent: m5',
    (run) =>
      run
        .without(isOf('m5', 'delivered'))
        .add(1520, 'worker-0', { event: 'delivered', id: 'm5', group: 'workers', attempt: 1, sum: 'another' }),
  ],
  ['twice without a fault', 'V3', 'before anything happened: m3', (run) => run.delivered(4000, 3, 1).handled(4001, 3)],
  [
    'twice, and more often than the fault explains',
    'V3',
    'workers got 3 messages twice after "cut", at most 2 are explained: m80, m81, m82',
    (run) => run.delivered(12_600, 80).delivered(12_601, 81).delivered(12_602, 82),
  ],
  [
    'out of order',
    'V4',
    'out of order in workers: m20',
    (run) => run.without(isOf('m20', 'handled')).handled(3135, 20),
  ],
  [
    'a send that never ends',
    'V5',
    'sends without an end: m6',
    (run) =>
      run
        .without(isOf('m6', 'confirmed'))
        .without(({ event, ...entry }) => event === 'exited' && 'process' in entry && entry.process === 'sender-0'),
  ],
  [
    'a send that ends twice',
    'V5',
    'sends that ended twice: m6',
    (run) => run.add(5000, 'sender-0', { event: 'unknown', id: 'm6', code: 'PUBLISH_UNKNOWN' }),
  ],
  [
    'refused and delivered',
    'V5',
    'refused, and delivered nevertheless: m6',
    (run) =>
      run
        .without(isOf('m6', 'confirmed'))
        .add(1610, 'sender-0', { event: 'refused', id: 'm6', code: 'PUBLISH_REFUSED' }),
  ],
  [
    'an error of no kind',
    'V5',
    'm6 (TypeError: x is not a function)',
    (run) =>
      run
        .without(isOf('m6', 'confirmed'))
        .add(1610, 'sender-0', { event: 'refused', id: 'm6', code: 'TypeError: x is not a function' }),
  ],
  [
    'a consumer that never comes back',
    'V6',
    'not everybody came back to work',
    (run) => run.add(0, 'nemesis', { event: 'started', process: 'worker-1', role: 'worker', group: 'workers' }),
  ],
  [
    'a rate that never comes back',
    'V6',
    'never came near the rate before the fault',
    (run) => run.without((entry) => entry.at > OVER && 'id' in entry && Number(entry.id.slice(1)) % 3 !== 0),
  ],
  [
    'liveness that goes down',
    'V7',
    'liveness went down: worker-0',
    (run) => run.add(STRUCK + 300, 'worker-0', { event: 'health', liveness: 'down', readiness: 'down' }),
  ],
  [
    'readiness that does not notice',
    'V7',
    'sender-0 told never that it is not ready ("cut")',
    (run) => run.without((entry) => entry.by === 'sender-0' && entry.event === 'health' && entry.at > STRUCK),
  ],
  [
    'readiness that notices late',
    'V7',
    'worker-0 told after 1500 ms that it is not ready',
    (run) =>
      run
        .without((entry) => entry.by === 'worker-0' && entry.event === 'health' && entry.at === STRUCK + 200)
        .add(STRUCK + 1500, 'worker-0', { event: 'health', liveness: 'up', readiness: 'down' }),
  ],
  [
    'readiness that stays down',
    'V7',
    'worker-0 did not tell within 2000 ms that it is ready again',
    (run) => run.without((entry) => entry.by === 'worker-0' && entry.event === 'health' && entry.at > OVER),
  ],
  [
    'a socket that stays open',
    'V8',
    'sender-0 has 3 sockets, before the fault 2',
    (run) => run.add(20_100, 'sender-0', { event: 'resources', rssMB: 110, sockets: 3 }),
  ],
  [
    'memory that is not given back',
    'V8',
    'sender-0 has 300 MB, before the fault 100',
    (run) => run.add(20_100, 'sender-0', { event: 'resources', rssMB: 300, sockets: 2 }),
  ],
  [
    'two consumers where one was',
    'V8',
    'the broker has 2 consumers of workers, there are 1',
    (run) =>
      run
        .without(({ event }) => event === 'remains')
        .add(21_000, 'nemesis', { event: 'remains', group: 'workers', backlog: 0, consumers: 2, deadLetters: [] }),
  ],
  [
    'a process that ends by itself',
    'V9',
    'worker-2 ended by itself with code 1',
    (run) => run.add(13_000, 'nemesis', { event: 'exited', process: 'worker-2', code: 1, signal: null }),
  ],
  [
    'a stop that takes too long',
    'V9',
    'the orderly stop of worker-2 took 6500 ms',
    (run) =>
      run.add(13_000, 'nemesis', {
        event: 'exited',
        process: 'worker-2',
        code: 0,
        signal: null,
        ordered: 'SIGTERM',
        afterMs: 6500,
      }),
  ],
  [
    'a stop that fails',
    'V9',
    'the orderly stop of worker-2 ended with code 1',
    (run) =>
      run.add(13_000, 'nemesis', {
        event: 'exited',
        process: 'worker-2',
        code: 1,
        signal: null,
        ordered: 'SIGTERM',
        afterMs: 65,
      }),
  ],
  [
    'a stop that says all is well when it is not',
    'V9',
    'sender-1 ended with code 0, and 1 of its sends are unknown',
    (run) =>
      run
        .add(12_900, 'sender-1', { event: 'attempt', id: 'n1', key: 'n', sequence: 0, sum: 's' })
        .add(12_950, 'sender-1', { event: 'unknown', id: 'n1', code: 'PUBLISH_UNKNOWN' })
        .add(13_000, 'nemesis', {
          event: 'exited',
          process: 'sender-1',
          code: 0,
          signal: null,
          ordered: 'SIGTERM',
          afterMs: 80,
        }),
  ],
  [
    'a flooded log',
    'V9',
    'worker-0 logged 5000 warnings and errors, allowed are 28',
    (run) => run.add(21_700, 'nemesis', { event: 'warnings', process: 'worker-0', count: 5000 }),
  ],
  [
    'a healthy dead letter',
    'V10',
    'dead letters of workers that are no poison: m9',
    (run) =>
      run
        .without(({ event }) => event === 'remains')
        .add(21_000, 'nemesis', { event: 'remains', group: 'workers', backlog: 0, consumers: 1, deadLetters: ['m9'] }),
  ],
  [
    'a fourth attempt',
    'V10',
    'attempts of workers beyond 3: m9 by worker-0',
    (run) => [1, 2, 3, 4].reduce((each, n) => each.failed(2000 + n, 9).delivered(2000 + n, 9, n + 1), run),
  ],
];

describe('what is wrong is found', () => {
  test.each(spoiled)('%s: %s', (_name, invariant, says, spoil) => {
    const violations = found(spoil(goodRun()));
    expect(violations).toContainEqual(expect.stringContaining(says));
    expect(violations).toContainEqual(expect.stringMatching(new RegExp(`^${invariant} `)));
  });
});

describe('what is right is not complained about', () => {
  test('duplicates within the bound', () => {
    const verdict = judge(goodRun().delivered(12_600, 80).delivered(12_601, 81).sorted, EXPECTED);
    expect(verdict.violations).toEqual([]);
    expect(verdict.doublings).toEqual([{ what: 'cut', group: 'workers', measured: 2, bound: 2 }]);
  });

  test('duplicates of one fault that come after the next', () => {
    const run = goodRun().add(STRUCK + 500, 'nemesis', { event: 'struck', what: 'reset', duplicates: { workers: 1 } });
    for (const n of [80, 81, 82]) run.delivered(12_600 + n, n);
    const { noticedMs: _, ...expected } = EXPECTED;
    expect(judge(run.sorted, expected).violations).toEqual([]);
  });

  test('a retry after a failure on purpose', () => {
    const run = goodRun().without(isOf('m30', 'handled')).failed(4030, 30).delivered(4080, 30, 2).handled(4090, 30);
    expect(found(run)).toEqual([]);
  });

  test('poison that is dead-lettered', () => {
    const run = goodRun()
      .without((entry) => entry.event === 'remains')
      .add(9950, 'sender-0', { event: 'attempt', id: 'p1', key: 'b', sequence: 161, sum: 's', poison: true })
      .add(9960, 'sender-0', { event: 'confirmed', id: 'p1' })
      .add(21_000, 'nemesis', { event: 'remains', group: 'workers', backlog: 0, consumers: 1, deadLetters: ['p1'] });
    expect(found(run)).toEqual([]);
  });

  test('unknown sends, whether they arrived or not', () => {
    const run = goodRun()
      .without(isOf('m50', 'confirmed'))
      .add(6010, 'sender-0', { event: 'unknown', id: 'm50', code: 'PUBLISH_UNKNOWN' })
      .add(9950, 'sender-0', { event: 'attempt', id: 'm500', key: 'b', sequence: 500, sum: 's' })
      .add(9960, 'sender-0', { event: 'unknown', id: 'm500', code: 'PUBLISH_UNKNOWN' });
    expect(found(run)).toEqual([]);
    expect(judge(run.sorted, EXPECTED)).toMatchObject({ unknown: 2, confirmed: 159, lost: 0 });
  });

  test('readiness that notices soon after a strike that took long', () => {
    const run = goodRun()
      .without(({ by, event, at }) => by === 'worker-0' && event === 'health' && at === STRUCK + 200)
      .add(STRUCK + 1500, 'worker-0', { event: 'health', liveness: 'up', readiness: 'down' })
      .add(STRUCK + 1000, 'nemesis', { event: 'landed' });
    expect(found(run)).toEqual([]);
  });

  test('a socket that may be opened late', () => {
    const run = goodRun().add(20_100, 'sender-0', { event: 'resources', rssMB: 110, sockets: 3 });
    expect(found(run, { lateSockets: 1 })).toEqual([]);
  });

  test('no order where none is declared', () => {
    const run = goodRun().without(isOf('m20', 'handled')).handled(3135, 20);
    expect(found(run, { ordered: false })).toEqual([]);
  });

  test('what a broker forgot, and only that', () => {
    const run = goodRun().without(isOf('m80', 'handled'));
    expect(found(run, { forgets: true })).toEqual([]);
    expect(judge(run.sorted, { ...EXPECTED, forgets: true })).toMatchObject({ forgotten: 1, lost: 0 });
    expect(found(run.without(isOf('m100', 'handled')), { forgets: true })).toContainEqual(
      'V1 confirmed and not handled by workers: m100',
    );
  });
});

describe('trouble in which everybody goes on', () => {
  const told = { recovery: 'ready' } as const;

  test('is over when the last one says so', () => {
    expect(judge(goodRun().sorted, { ...EXPECTED, ...told })).toMatchObject({ recoveredMs: 400, violations: [] });
  });

  test('lasts too long, or for ever', () => {
    expect(found(goodRun(), { ...told, recoveryMs: 300 })).toContainEqual('V6 recovered after 400 ms, allowed are 300');
    const run = goodRun().without(({ at, event }) => event === 'health' && at > OVER);
    expect(found(run, told)).toContainEqual('V6 not everybody came back to work');
  });

  test('is not told by anybody', () => {
    const { noticedMs: _, ...expected } = EXPECTED;
    const run = goodRun().without(({ at, event }) => event === 'health' && at > STRUCK);
    expect(judge(run.sorted, { ...expected, ...told }).violations).toEqual([
      { invariant: 'V7', what: 'nobody told that something is wrong' },
    ]);
  });
});

describe('what a dead process had begun', () => {
  const killed = (redelivered: boolean): HandMade => {
    const run = goodRun().without((entry) => entry.event === 'struck' || entry.event === 'over');
    run
      .add(0, 'nemesis', { event: 'started', process: 'worker-1', role: 'worker', group: 'workers' })
      .message(9900, 200, { worker: 'worker-1', key: 'k' })
      .without((entry) => entry.by === 'worker-1' && entry.event === 'handled')
      .add(STRUCK, 'nemesis', { event: 'struck', what: 'kill', process: 'worker-1', duplicates: { workers: 5 } })
      .add(STRUCK, 'nemesis', {
        event: 'exited',
        process: 'worker-1',
        code: null,
        signal: 'SIGKILL',
        ordered: 'SIGKILL',
      });
    return redelivered ? run.delivered(STRUCK + 700, 200).handled(STRUCK + 710, 200) : run;
  };
  const EXPECTED_HERE = { recovery: 'hand-over' } as const;

  test('comes to others in time', () => {
    const { noticedMs: _, ...expected } = { ...EXPECTED, ...EXPECTED_HERE };
    const verdict = judge(killed(true).sorted, expected);
    expect(verdict.violations).toEqual([]);
    expect(verdict).toMatchObject({ recoveredMs: 700, duplicated: 1 });
  });

  test('may be ended by itself at the last moment', () => {
    const { noticedMs: _, ...expected } = { ...EXPECTED, ...EXPECTED_HERE };
    const verdict = judge(killed(false).handled(STRUCK + 2, 200, 'worker-1').sorted, expected);
    expect(verdict).toMatchObject({ recoveredMs: 2, violations: [] });
  });

  test('comes too late', () => {
    expect(found(killed(true), { ...EXPECTED_HERE, recoveryMs: 600 })).toContainEqual(
      'V6 recovered after 700 ms, allowed are 600',
    );
  });

  test('comes to nobody', () => {
    const violations = found(killed(false), EXPECTED_HERE);
    expect(violations).toContainEqual('V6 not everybody came back to work');
    expect(violations).toContainEqual('V1 confirmed and not handled by workers: m200');
  });
});

/** Ledgers made by hand: a good run that a test then spoils. */
import type { Entry, Happening } from '../src/records.js';
import type { Expectations } from '../src/judge/verdict.js';

export const EXPECTED: Expectations = {
  groups: ['workers'],
  ordered: true,
  maxAttempts: 3,
  recovery: 'resume',
  recoveryMs: 5000,
  noticedMs: 1000,
  lateSockets: 0,
  forgets: false,
  shutdownMs: 5000,
};

export const STRUCK = 10_000;
export const OVER = 12_000;
const QUIET = 20_000;

export class HandMade {
  readonly entries: Entry[] = [];

  add(at: number, by: string, happening: Happening): this {
    this.entries.push({ ...happening, at, by });
    return this;
  }

  /** Sent, confirmed, delivered and handled, each 10 ms after the other. */
  message(at: number, n: number, { worker = 'worker-0', key = 'a' } = {}): this {
    const id = `m${n}`;
    return this.add(at, 'sender-0', { event: 'attempt', id, key, sequence: n, sum: `sum of ${id}` })
      .add(at + 10, 'sender-0', { event: 'confirmed', id })
      .add(at + 20, worker, { event: 'delivered', id, group: 'workers', attempt: 1, sum: `sum of ${id}` })
      .add(at + 30, worker, { event: 'handled', id, group: 'workers' });
  }

  delivered(at: number, n: number, attempt = 1, worker = 'worker-0'): this {
    return this.add(at, worker, { event: 'delivered', id: `m${n}`, group: 'workers', attempt, sum: `sum of m${n}` });
  }

  handled(at: number, n: number, worker = 'worker-0'): this {
    return this.add(at, worker, { event: 'handled', id: `m${n}`, group: 'workers' });
  }

  failed(at: number, n: number, worker = 'worker-0'): this {
    return this.add(at, worker, { event: 'failed', id: `m${n}`, group: 'workers' });
  }

  without(spoiled: (entry: Entry) => boolean): this {
    this.entries.splice(0, this.entries.length, ...this.entries.filter((entry) => !spoiled(entry)));
    return this;
  }

  get sorted(): Entry[] {
    return this.entries.toSorted((a, b) => a.at - b.at);
  }
}

/** A broker that was away from 10 s to 12 s: a message every 100 ms before and after, all as it has to be. */
export function goodRun(): HandMade {
  const run = new HandMade();
  for (const process of ['worker-0', 'sender-0']) {
    const role = process === 'worker-0' ? 'worker' : 'sender';
    run
      .add(0, 'nemesis', { event: 'started', process, role, ...(role === 'worker' ? { group: 'workers' } : {}) })
      .add(100, process, { event: 'health', liveness: 'up', readiness: 'up' })
      .add(5000, process, { event: 'resources', rssMB: 100, sockets: 2 })
      .add(STRUCK + 200, process, { event: 'health', liveness: 'up', readiness: 'down' })
      .add(OVER + 400, process, { event: 'health', liveness: 'up', readiness: 'up' })
      .add(QUIET, process, { event: 'resources', rssMB: 110, sockets: 2 })
      .add(QUIET + 1500, 'nemesis', {
        event: 'exited',
        process,
        code: 0,
        signal: null,
        ordered: 'SIGTERM',
        afterMs: 90,
      })
      .add(QUIET + 1600, 'nemesis', { event: 'warnings', process, count: 3 });
  }
  run
    .add(1000, 'nemesis', { event: 'steady' })
    .add(STRUCK, 'nemesis', { event: 'struck', what: 'cut', duplicates: { workers: 2 } })
    .add(OVER, 'nemesis', { event: 'over', what: 'restore' })
    .add(QUIET, 'nemesis', { event: 'quiet' })
    .add(QUIET + 1000, 'nemesis', { event: 'remains', group: 'workers', backlog: 0, consumers: 1, deadLetters: [] });
  for (let n = 0; n < 90; n++) run.message(1000 + 100 * n, n);
  for (let n = 90; n < 160; n++) run.message(OVER + 500 + 100 * (n - 90), n);
  return run;
}

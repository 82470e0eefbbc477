import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Scheduler, type Task } from '../../src/application/scheduler.js';
import { Logging } from '../../src/logging/index.js';

const HOUR = 3_600_000;
const NOON = new Date(2026, 10, 21, 12).getTime();

beforeEach(() => {
  jest.useFakeTimers({ now: NOON });
});
afterEach(() => {
  jest.useRealTimers();
});

function hourly(run: () => unknown = () => {}): { readonly runs: number[]; readonly task: Task } {
  const runs: number[] = [];
  const task: Task = {
    at: 'Job.run',
    trigger: { next: (now, last) => (last?.due ?? now) + HOUR },
    run: () => {
      runs.push(Date.now() - NOON);
      return run();
    },
  };
  return { runs, task };
}

const silent = new Logging();
silent.configure({ levels: { root: 'OFF' } });
const scheduler = (...tasks: Task[]): Scheduler => new Scheduler(tasks, silent.logger('test'));

test('runs when it is due, again after that, and after an error', async () => {
  const { runs, task } = hourly(() => Promise.reject(new Error('no')));
  const running = scheduler(task);
  running.start();
  await jest.advanceTimersByTimeAsync(2.5 * HOUR);
  expect(runs).toEqual([HOUR, 2 * HOUR]);
  await running.stop(0);
});

test('follows a clock that is set', async () => {
  const { runs, task } = hourly();
  const running = scheduler(task);
  running.start();
  await jest.advanceTimersByTimeAsync(60_000);
  jest.setSystemTime(NOON + HOUR);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(runs).toEqual([HOUR + 60_000]);
  await running.stop(0);
});

test('leaves no timer behind', async () => {
  const running = scheduler(hourly().task, hourly().task);
  running.start();
  expect(jest.getTimerCount()).toBe(2);
  expect(await running.stop(0)).toEqual({ finished: 0, returned: 0, abandoned: 0 });
  expect(jest.getTimerCount()).toBe(0);
});

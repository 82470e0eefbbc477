import { describe, expect, test } from '@jest/globals';
import { Component, Scheduled } from '@streambind/core';
import { loadEnvironment } from '../../src/config/index.js';
import { triggerOf } from '../../src/application/trigger.js';
import { failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const environment = loadEnvironment({ directories: [], args: ['--gap=2s'], env: {} });
const trigger = (options: Parameters<typeof triggerOf>[0]) => triggerOf(options, 'Here.run', environment);

describe('a trigger', () => {
  test('with a fixed delay counts from the end, with a fixed rate from when the run was due', () => {
    const delay = trigger({ fixedDelay: '${gap}', initialDelay: 5 });
    expect(delay.next(1000, undefined)).toBe(1005);
    expect(delay.next(1100, { due: 1005, ended: 1100 })).toBe(3100);
    const rate = trigger({ fixedRate: 50 });
    expect(rate.next(1000, undefined)).toBe(1000);
    expect(rate.next(1010, { due: 1000, ended: 1010 })).toBe(1050);
    expect(rate.next(1400, { due: 1000, ended: 1400 })).toBe(1400);
  });

  // local time, as in Spring
  const at = (...parts: [number, number, number, number?, number?, number?]): number => new Date(...parts).getTime();
  test.each<[string, number, number | undefined]>([
    ['*/5 * * * * *', at(2026, 10, 21, 13, 0, 1), at(2026, 10, 21, 13, 0, 5)],
    ['0 0/15 8-18 * * MON-FRI', at(2026, 10, 21, 13), at(2026, 10, 23, 8)],
    ['0 0 0 1 * MON', at(2026, 10, 21), at(2027, 1, 1)],
    ['0 0 0 ? * 5L', at(2026, 10, 21), at(2026, 10, 27)],
    ['0 0 0 ? * MON#1', at(2026, 10, 21), at(2026, 11, 7)],
    ['0 0 0 L * *', at(2026, 10, 21), at(2026, 10, 30)],
    ['@daily', at(2026, 10, 21, 1), at(2026, 10, 22)],
    ['@hourly', at(2026, 10, 21, 1, 1), at(2026, 10, 21, 2)],
    ['0 0 0 31 2 *', at(2026, 10, 21), undefined],
    ['-', at(2026, 10, 21), undefined],
  ])('of cron %s', (cron, now, due) => {
    expect(trigger({ cron }).next(now, undefined)).toBe(due);
  });

  test('of cron never gives one moment twice, though a timer fires early', () => {
    const due = at(2026, 10, 21, 13, 0, 5);
    expect(trigger({ cron: '*/5 * * * * *' }).next(due - 1, { due, ended: due - 1 })).toBe(due + 5000);
  });

  test.each([
    [{}, 'DECORATOR_MISUSE'],
    [{ fixedDelay: 1, cron: '-' }, 'DECORATOR_MISUSE'],
    [{ fixedRate: 0 }, 'CONFIG_VALUE'],
    [{ fixedDelay: '${nowhere}' }, 'CONFIG_PLACEHOLDER'],
    [{ cron: '* * * * *' }, 'CONFIG_VALUE'],
    [{ cron: '0 0 25 * * *' }, 'CONFIG_VALUE'],
    [{ cron: '@daily', initialDelay: 1 }, 'CONFIG_VALUE'],
  ])('refuses %j', (options, code) => {
    expect(() => trigger(options)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a scheduled method', () => {
  test('runs again and again, after an error too, and never twice at once', async () => {
    let runs = 0;
    let atOnce = 0;
    let most = 0;
    @Component()
    class Job {
      @Scheduled({ fixedRate: 1 })
      async work(): Promise<void> {
        most = Math.max(most, ++atOnce);
        runs++;
        await new Promise((resolve) => setTimeout(resolve, 3));
        atOnce--;
        if (runs === 1) throw new Error('the first fails');
      }
    }
    await run(new MemoryBroker(), [Job]);
    await until(() => runs >= 4);
    expect(most).toBe(1);
  });

  test('does not start any more once the application stops; one that runs is awaited', async () => {
    let runs = 0;
    let release!: () => void;
    let ended = false;
    @Component()
    class Job {
      @Scheduled({ fixedDelay: 1 })
      async work(): Promise<void> {
        runs++;
        await new Promise<void>((resolve) => (release = resolve));
        ended = true;
      }
    }
    const application = await run(new MemoryBroker(), [Job]);
    await until(() => runs === 1);
    const stopping = application.stop();
    setTimeout(release, 10);
    expect(await stopping).toMatchObject({ finished: 1, abandoned: 0 });
    expect(ended).toBe(true);
    expect(runs).toBe(1);
  });

  test('that does not end is abandoned at the deadline', async () => {
    let started = false;
    @Component()
    class Job {
      @Scheduled({ fixedDelay: 1 })
      work(): Promise<void> {
        started = true;
        return new Promise(() => {});
      }
    }
    const application = await run(new MemoryBroker(), [Job], { 'spring.lifecycle.timeout-per-shutdown-phase': '20ms' });
    await until(() => started);
    expect(await application.stop()).toMatchObject({ finished: 0, abandoned: 1 });
  });

  test('takes no parameters, and one kind of trigger', async () => {
    @Component()
    class Job {
      @Scheduled({ fixedDelay: 1 }) needs(what: string): void {
        void what;
      }
      @Scheduled({ fixedDelay: 1, cron: '@daily' }) both(): void {}
    }
    expect((await failures(new MemoryBroker(), [Job])).map(({ code }) => code)).toEqual([
      'DECORATOR_MISUSE',
      'DECORATOR_MISUSE',
    ]);
  });
});

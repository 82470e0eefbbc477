import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { until } from '../support/until.js';
import { AppProcess, LIMIT_MS, Ledger, cleanUp, compiled, temporaryFolder } from './harness.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

const BINDINGS = [
  '--spring.cloud.stream.bindings.output.destination=traffic',
  '--spring.cloud.stream.bindings.input.destination=traffic',
  '--spring.cloud.stream.bindings.input.group=workers',
  '--spring.cloud.stream.bindings.output.producer.required-groups=workers',
];

/** Processes that share a store and a ledger. */
function traffic() {
  const folder = temporaryFolder();
  const ledger = new Ledger(join(folder, 'ledger'));
  const start = (profiles: string, ...args: string[]): AppProcess =>
    new AppProcess(compiled('traffic'), join(folder, 'store'), {
      args: [...BINDINGS, `--spring.profiles.active=${profiles}`, `--ledger=${ledger.file}`, ...args],
    });
  return { ledger, start };
}

const receipt = (app: AppProcess): string | undefined => app.log.find((line) => / Stopped in \d+ ms: /.test(line));

describe('a signal under load', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s: nothing is lost, nothing is handled twice',
    async (signal) => {
      const { ledger, start } = traffic();
      const app = start(
        'producer,consumer',
        '--handler-ms=20',
        '--spring.cloud.stream.bindings.input.consumer.concurrency=4',
      );
      await app.started();
      await until(() => ledger.messages('handled').length >= 20, LIMIT_MS);

      expect(await app.kill(signal)).toEqual({ code: 0, signal: null });
      expect(receipt(app)).toMatch(/: \d+ finished, \d+ returned, \d+ confirmed, 0 unconfirmed$/);
      expect(app.transcript).not.toMatch(/ (?:WARN|ERROR) /);
      // what began was also finished: the next process starts with what was never touched
      expect(ledger.messages('handled').toSorted()).toEqual(ledger.messages('begun').toSorted());

      const confirmed = new Set(ledger.messages('confirmed'));
      expect(confirmed.size).toBeGreaterThan(ledger.messages('handled').length);
      const next = start('consumer', '--spring.cloud.stream.bindings.input.consumer.concurrency=4');
      await until(() => new Set(ledger.messages('handled')).size >= confirmed.size, LIMIT_MS);
      expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });

      const handled = ledger.messages('handled');
      expect(new Set(handled).size).toBe(handled.length);
      expect([...confirmed].filter((message) => !handled.includes(message))).toEqual([]);
    },
  );
});

test('a terminal that is closed: nobody reads its lines any more, and it stops as by any signal', async () => {
  const child = spawn(
    process.execPath,
    [compiled('plain'), `--spring.cloud.stream.embedded.binder.directory=${join(temporaryFolder(), 'store')}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = once(child, 'exit');
  try {
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text: Buffer) => {
        if (text.includes('Started ')) resolve();
      });
    });
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGHUP');
    expect(await Promise.race([exited, delay(LIMIT_MS, undefined, { ref: false })])).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

describe('a second signal', () => {
  test('within 500 ms is the same wish', async () => {
    const { ledger, start } = traffic();
    const app = start('producer,consumer', '--total=1', '--handler-ms=1200');
    await until(() => ledger.messages('begun').length === 1, LIMIT_MS);
    app.signal('SIGINT');
    await app.line(/ SIGINT: stopping/);
    app.signal('SIGTERM');
    expect(await app.ended()).toEqual({ code: 0, signal: null });
    expect(receipt(app)).toContain(': 1 finished, ');
    expect(ledger.messages('handled')).toHaveLength(1);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s after that ends the process at once with %i', async (signal, code) => {
    const { ledger, start } = traffic();
    const app = start('producer,consumer', '--total=1', '--handler-ms=60000');
    await until(() => ledger.messages('begun').length === 1, LIMIT_MS);
    app.signal('SIGTERM');
    await app.line(/ SIGTERM: stopping/);
    await delay(550);
    app.signal(signal);
    expect(await app.ended(2000)).toEqual({ code, signal: null });
  });
});

test('a process.exit in the middle of the work gives its own code, wherever the store is just then', async () => {
  const { start } = traffic();
  const apps = Array.from({ length: 10 }, (_, n) => start('producer,consumer,impatient', `--exit-after-ms=${n * 70}`));
  expect(await Promise.all(apps.map((app) => app.ended()))).toEqual(apps.map(() => ({ code: 7, signal: null })));
});

test('a handler that outlasts the deadline: exit 2, and the next process gets its message', async () => {
  const { ledger, start } = traffic();
  const app = start(
    'producer,consumer',
    '--total=1',
    '--handler-ms=60000',
    '--spring.lifecycle.timeout-per-shutdown-phase=300ms',
  );
  await until(() => ledger.messages('begun').length === 1, LIMIT_MS);
  expect(await app.kill('SIGTERM')).toEqual({ code: 2, signal: null });
  expect(receipt(app)).toMatch(/: 0 finished, .*, 1 abandoned at the deadline$/);

  const next = start('consumer');
  await until(() => ledger.messages('handled').length === 1, LIMIT_MS);
  expect(ledger.messages('handled')).toEqual(ledger.messages('confirmed'));
  expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

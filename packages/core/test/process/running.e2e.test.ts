/** What befalls an application that has started, or wants to. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { AppProcess, cleanUp, compiled, temporaryFolder } from './harness.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

const plain = (...args: string[]): AppProcess =>
  new AppProcess(compiled('plain'), temporaryFolder(), { args: ['--spring.main.banner-mode=off', ...args] });

describe('an error of the user that nobody handles', () => {
  test.each([
    ['unhandled-rejection', 'nobody waits for this', []],
    ['uncaught-exception', 'nobody catches this', ['released']],
  ])('%s: logged, stopped in order, exit 1', async (profile, message, out) => {
    const app = plain(`--spring.profiles.active=${profile}`);
    expect(await app.ended()).toEqual({ code: 1, signal: null });
    expect(app.transcript.match(new RegExp(message, 'g'))).toHaveLength(1);
    expect(app.transcript).toMatch(/ {4}at .*misbehaving\.js:\d+/);
    expect(app.log.at(-1)).toMatch(/ Stopped in \d+ ms: /);
    expect(app.out).toEqual(out);
  });
});

test('a send that nobody awaits and that fails is logged; the process goes on', async () => {
  const app = plain(
    '--spring.profiles.active=unawaited-send',
    '--spring.cloud.stream.bindings.input.destination=loop',
    '--spring.cloud.stream.bindings.input.group=one',
    '--spring.cloud.stream.bindings.output.destination=loop',
    '--spring.cloud.stream.bindings.output.producer.required-groups=one',
  );
  const [, id] = (await app.line(/^broken /)).split(' ');
  await app.line(new RegExp(`^ {2}binding: output, message: ${id}$`));
  await app.started();
  await app.line(/^received sound$/);
  expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  // the second one came when the output was closed
  expect(app.log.filter((line) => line.includes('A send that nobody awaited failed'))).toHaveLength(2);
  expect(app.transcript).not.toContain('Nobody handled this error');
});

describe('a store that cannot be opened', () => {
  /** A file where the directory should be: in the way of root, too. */
  const blocked = (): { app: AppProcess; place: string } => {
    const place = join(temporaryFolder(), 'store');
    writeFileSync(place, '');
    return { place, app: new AppProcess(compiled('plain'), place) };
  };

  test('is tried again, said so, and used once it can', async () => {
    const { app, place } = blocked();
    await app.line(/ WARN .*binder\.embedded.*try 3 in \d+ ms/);
    expect(app.transcript).toContain(place);
    expect(app.transcript).not.toContain(' Started Plain in ');
    rmSync(place);
    await app.started();
    expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('does not hold up SIGTERM', async () => {
    const { app } = blocked();
    await app.line(/ WARN .*binder\.embedded.*try 2 in \d+ ms/);
    app.signal('SIGTERM');
    expect(await app.ended(2000)).toEqual({ code: 0, signal: null });
    expect(app.log.at(-1)).toMatch(/ Stopped in \d+ ms: /);
  });

  test('is waited for as long as start-timeout says', async () => {
    const place = join(temporaryFolder(), 'store');
    writeFileSync(place, '');
    const app = new AppProcess(compiled('plain'), place, { args: ['--spring.cloud.stream.start-timeout=500ms'] });
    expect(await app.ended()).toEqual({ code: 1, signal: null });
    expect(app.transcript).toMatch(/APPLICATION FAILED TO START\n\nThe application was not ready within 500 ms: input/);
  });
});

test('a signal while components are still being made stops the start', async () => {
  const app = plain('--spring.profiles.active=slow-start');
  await app.line(/^preparing$/);
  expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(app.transcript).not.toContain(' Started Plain in ');
  expect(app.transcript).not.toContain(' ERROR ');
});

test('an application that has nothing more to do ends in order', async () => {
  const app = new AppProcess(compiled('ends'), temporaryFolder(), { args: ['--spring.main.banner-mode=off'] });
  expect(await app.ended()).toEqual({ code: 0, signal: null });
  expect(app.out).toEqual(['sent', 'released']);
  expect(app.log.at(-1)).toMatch(/ Stopped in \d+ ms: /);
});

test('an application that stopped itself keeps no process alive', async () => {
  const app = new AppProcess(compiled('stopped'), temporaryFolder(), {
    args: [
      '--spring.cloud.stream.bindings.input.destination=loop',
      '--spring.cloud.stream.bindings.output.destination=loop',
    ],
  });
  await app.line(/^stopped$/);
  expect(await app.ended(1000)).toEqual({ code: 0, signal: null });
});

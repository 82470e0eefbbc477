import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { AppProcess, cleanUp, compiled, deployed, temporaryFolder } from './harness.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

const plain = (...args: string[]): AppProcess =>
  new AppProcess(compiled('plain'), temporaryFolder(), { args: ['--spring.main.banner-mode=off', ...args] });

const STACK = /^ {4}at /m;

/** Waits for the end; everything from the heading on. */
async function failure(app: AppProcess): Promise<string> {
  expect(await app.ended()).toEqual({ code: 1, signal: null });
  expect(app.out).toEqual([]);
  const [, text, ...more] = app.transcript.split('APPLICATION FAILED TO START\n');
  expect(more).toEqual([]);
  return text!;
}

describe('a start that fails ends with 1 and one message', () => {
  test('a type of binder that nobody serves', async () => {
    const text = await failure(
      plain(
        '--spring.cloud.stream.bindings.input.binder=defaultRocketmq',
        '--spring.cloud.stream.binders.defaultRocketmq.type=rocketmq',
      ),
    );
    expect(text).toContain('npm install @streambind/binder-rocketmq');
    expect(text).toContain('--spring.cloud.stream.binders.defaultRocketmq.type');
    expect(text).not.toMatch(STACK);
  });

  test('a value of the wrong type', async () => {
    const text = await failure(plain('--spring.cloud.stream.bindings.input.consumer.max-attempts=many'));
    expect(text).toContain('spring.cloud.stream.bindings.input.consumer.max-attempts');
    expect(text).toMatch(/given: +many/);
    expect(text).not.toMatch(STACK);
  });

  test('a component that is missing', async () => {
    const text = await failure(plain('--spring.profiles.active=missing-component'));
    expect(text).toContain('NeedsWhatIsAbsent.absent');
    expect(text).toContain('COMPONENT_MISSING');
    expect(text).not.toMatch(STACK);
  });

  test('a @PostConstruct that throws', async () => {
    const text = await failure(plain('--spring.profiles.active=throwing-component'));
    expect(text).toContain('the moon is in the wrong phase');
    expect(text).toContain('ThrowsAtStart.prepare');
    expect(text).not.toMatch(STACK);
  });

  test('with --debug, where it was thrown too', async () => {
    const text = await failure(plain('--spring.profiles.active=throwing-component', '--debug'));
    expect(text).toContain('the moon is in the wrong phase');
    expect(text).toMatch(/Caused by: RangeError.*\n {4}at .*misbehaving\.js:\d+/);
  });

  test('several mistakes are told together', async () => {
    const text = await failure(
      plain(
        '--spring.profiles.active=missing-component',
        '--spring.cloud.stream.bindings.input.consumer.max-attempts=many',
        '--spring.cloud.stream.bindings.input.consumer.concurrency=few',
      ),
    );
    expect(text).toMatch(/^1\) /m);
    expect(text).toMatch(/^3\) /m);
    for (const part of ['max-attempts', 'concurrency', 'NeedsWhatIsAbsent.absent']) expect(text).toContain(part);
    expect(text).not.toMatch(STACK);
  });

  test('a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      const folder = deployed('plain', {
        'package.json': JSON.stringify({ name: 'with-web', type: 'module', dependencies: { '@streambind/web': '*' } }),
      });
      const app = new AppProcess(join(folder, 'dist/main.js'), join(folder, 'store'), {
        args: [`--server.port=${port}`, '--server.address=127.0.0.1', '--spring.main.banner-mode=off'],
      });
      const text = await failure(app);
      expect(text).toContain(String(port));
      expect(text).toContain('PORT_IN_USE');
      expect(text).not.toMatch(STACK);
    } finally {
      taken.close();
    }
  });

  test('a caller that catches it goes on', async () => {
    const folder = deployed('plain', {
      'dist/main.js': `
        import { BootApplication, runApplication } from '@streambind/core';
        class Main {}
        BootApplication()(Main);
        try { await runApplication(Main, import.meta); }
        catch (error) { console.log('caught ' + error.code); }
        setTimeout(() => console.log('still here'), 50);`,
    });
    const app = new AppProcess(join(folder, 'dist/main.js'), join(folder, 'store'), {
      args: ['--spring.profiles.active=missing-component'],
    });
    expect(await app.ended()).toEqual({ code: 0, signal: null });
    expect(app.out).toEqual(['caught COMPONENT_MISSING', 'still here']);
  });
});

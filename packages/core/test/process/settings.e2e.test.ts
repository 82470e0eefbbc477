import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { AppProcess, cleanUp, deployed, temporaryFolder, type StartOptions } from './harness.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

const PASSWORD = 'correct-horse-battery';

/** A package with its own configuration, started from a working directory that has one too. */
function installed() {
  const folder = deployed('plain', {
    'application.yml': `
greeting: { text: from the package root, from-root: present }
spring:
  cloud:
    stream:
      bindings: { input: { destination: orders, group: billing } }
some.service.password: ${PASSWORD}
`,
    'application-spanish.yml': 'greeting: { from-profile: hola }\n',
  });
  const cwd = temporaryFolder();
  const start = ({ args = [], env = {} }: StartOptions = {}): AppProcess =>
    new AppProcess(join(folder, 'dist/main.js'), join(folder, 'store'), {
      cwd,
      env,
      args: ['--spring.profiles.include=greeter', ...args],
    });
  return { folder, cwd, start };
}

/** The one line that the greeter prints; the process is stopped. */
async function greeting(app: AppProcess): Promise<string> {
  await app.started();
  expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(app.out).toHaveLength(1);
  return app.out[0]!;
}

describe('where settings come from', () => {
  test('the package root of the main module, and the working directory over it', async () => {
    const { start, cwd } = installed();
    expect(await greeting(start())).toBe('text=from the package root root=present profile=nothing');
    writeFileSync(join(cwd, 'application.yml'), 'greeting.text: from the working directory\n');
    expect(await greeting(start())).toBe('text=from the working directory root=present profile=nothing');
    mkdirSync(join(cwd, 'config'));
    writeFileSync(join(cwd, 'config/application.yml'), 'greeting.text: from its config folder\n');
    expect(await greeting(start())).toBe('text=from its config folder root=present profile=nothing');
  });

  test('SPRING_APPLICATION_JSON over variables over files, arguments over all', async () => {
    const { start } = installed();
    const env = { GREETING_TEXT: 'from a variable' };
    expect(await greeting(start({ env }))).toContain('text=from a variable ');
    const json = { ...env, SPRING_APPLICATION_JSON: '{"greeting":{"text":"from JSON"}}' };
    expect(await greeting(start({ env: json }))).toContain('text=from JSON ');
    expect(await greeting(start({ env: json, args: ['--greeting.text=from an argument'] }))).toContain(
      'text=from an argument ',
    );
  });

  test('profiles, by variable or by argument', async () => {
    const { start } = installed();
    for (const how of [
      { env: { SPRING_PROFILES_ACTIVE: 'spanish' } },
      { args: ['--spring.profiles.active=spanish'] },
    ]) {
      const app = start(how);
      expect(await greeting(app)).toContain('profile=hola');
      expect(app.transcript).toMatch(/The following 2 profiles are active: .*"spanish"/);
    }
  });
});

describe('what is printed', () => {
  test('a start says version, profiles and each binding; standard output is the application', async () => {
    const { start } = installed();
    const app = start();
    await greeting(app);
    expect(app.transcript).toMatch(/:: streambind :: +\(v\d+\.\d+\.\d+\)/);
    expect(app.transcript).toContain('The following 1 profile is active: "greeter"');
    expect(app.transcript).toMatch(/ input ← orders \(group billing, binder embedded\)$/m);
    expect(app.transcript).toMatch(/ Started Plain in \d+\.\d{3} seconds \(process running for \d+\.\d{3}\)$/m);
    expect(app.out).toEqual(['text=from the package root root=present profile=nothing']);
  });

  test('--debug prints the origin of each value, and no secret', async () => {
    const { start, folder } = installed();
    const app = start({ args: ['--debug'], env: { GREETING_TEXT: 'hello' } });
    await greeting(app);
    expect(app.transcript).toMatch(/ DEBUG .* greeting\.from-root = present \[.*application\.yml.*\]$/m);
    expect(app.transcript).toContain(join(folder, 'application.yml'));
    expect(app.transcript).toMatch(/ DEBUG .*hello \[.*GREETING_TEXT.*\]$/m);
    expect(app.transcript).toMatch(/ DEBUG .* some\.service\.password = /);
    expect(app.transcript).not.toContain(PASSWORD);
  });

  test('logging.level silences a room; banner-mode=off the banner', async () => {
    const { start } = installed();
    const app = start({ args: ['--logging.level.binder.embedded=off', '--spring.main.banner-mode=off'] });
    await greeting(app);
    expect(app.transcript).not.toContain('the embedded store is in');
    expect(app.transcript).not.toContain(':: streambind ::');
    expect(app.log[0]).toMatch(/ INFO \d+ --- \[main\] application +: Starting Plain /);

    const quiet = start({ args: ['--logging.level.root=off', '--spring.main.banner-mode=off'] });
    await quiet.line(/^text=/);
    await quiet.kill('SIGKILL');
    expect(quiet.log).toEqual([]);
  });

  test('ecs: every line is JSON', async () => {
    const { start } = installed();
    const app = start({
      args: ['--logging.structured.format.console=ecs', '--spring.application.name=greetings', '--debug'],
    });
    await app.line(/Started Plain in /);
    expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    const lines = app.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(line).toMatchObject({
        'process.pid': app.pid,
        'service.name': 'greetings',
        'ecs.version': expect.any(String) as unknown,
        message: expect.any(String) as unknown,
      });
    }
  });
});

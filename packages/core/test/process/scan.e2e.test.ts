import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { AppProcess, cleanUp, deployed, temporaryFolder } from './harness.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

/** Leaves a line when it is imported; the comment names a streambind package. */
const tattletale = (name: string): string => `console.log('imported ${name}'); // @streambind/core\n`;

/** The application `scan` and further files. */
const scanned = (files: Record<string, string>): { folder: string; app: AppProcess } => {
  const folder = deployed('scan', files);
  return { folder, app: new AppProcess(join(folder, 'dist/main.js'), temporaryFolder()) };
};

describe('the component scan', () => {
  test('finds components beside the main class and below it, exported or not, and imports nothing else', async () => {
    const { app } = scanned({
      'dist/node_modules/a-package/index.js': tattletale('node_modules'),
      'dist/deep/exported.test.js': tattletale('a test'),
      'dist/deep/exported.spec.js': tattletale('a specification'),
      'dist/.cache/copy.js': tattletale('a dot folder'),
      'dist/types.d.ts': tattletale('declarations'),
      'dist/deep/source.ts': tattletale('TypeScript beside a compiled main module'),
      'dist/script.js': `console.log('imported a file that names no package');\n`,
      'dist/deep/used.js': tattletale('a file that does'),
    });
    await app.started();
    // without a binding nothing keeps it alive
    expect(await app.ended()).toEqual({ code: 0, signal: null });
    expect(app.out.toSorted()).toEqual(['BesideTheMainClass', 'Exported', 'NotExported', 'imported a file that does']);
  });

  test('refuses a file that imports the main module, by its name', async () => {
    const { app, folder } = scanned({
      'dist/deep/back.js': `import '@streambind/core';\nimport * as main from '../main.js';\nconsole.log(main);\n`,
    });
    expect(await app.ended(2000)).toEqual({ code: 1, signal: null });
    expect(app.transcript).toContain(join(folder, 'dist/deep/back.js'));
    expect(app.transcript).toContain('COMPONENT_SCAN');
  });

  test('refuses a file whose imports lead to the main module', async () => {
    const { app, folder } = scanned({
      'dist/deep/back.js': `import '@streambind/core';\nimport './between.js';\n`,
      'dist/deep/between.js': `import '../main.js';\n`,
    });
    expect(await app.ended(2000)).toEqual({ code: 1, signal: null });
    expect(app.transcript).toContain(join(folder, 'dist/deep/back.js'));
    expect(app.transcript).toContain('COMPONENT_SCAN');
  });

  test('names such a file within 2 s where something else keeps the process alive', async () => {
    const { app, folder } = scanned({
      'dist/deep/back.js': `import '@streambind/core';\nimport './between.js';\n`,
      'dist/deep/between.js': `import './timer.js';\nimport '../main.js';\n`,
      'dist/deep/timer.js': `setInterval(() => {}, 1000);\n`,
    });
    await app.line(/ Starting Scanned /);
    const warning = await app.line(/ WARN .* still waits for /, 2500);
    expect(warning).toContain(join(folder, 'dist/deep/back.js'));
    expect(warning).toContain(join(folder, 'dist/main.js'));
  });

  test('names a file that throws when it is imported', async () => {
    const { app, folder } = scanned({
      'dist/deep/broken.js': `import '@streambind/core';\nthrow new TypeError('no such planet');\n`,
    });
    expect(await app.ended()).toEqual({ code: 1, signal: null });
    expect(app.transcript).toContain(`${join(folder, 'dist/deep/broken.js')}: no such planet`);
    expect(app.transcript).not.toMatch(/^ {4}at /m);
  });

  test('finds components through a link to the folder of the application', async () => {
    const { folder } = scanned({});
    const link = join(temporaryFolder(), 'current');
    symlinkSync(folder, link);
    const app = new AppProcess(join(link, 'dist/main.js'), temporaryFolder());
    expect(await app.ended()).toEqual({ code: 0, signal: null });
    expect(app.out.toSorted()).toEqual(['BesideTheMainClass', 'Exported', 'NotExported']);
  });
});

test('a CommonJS application gives __filename', async () => {
  const folder = deployed('commonjs', {
    'package.json': JSON.stringify({ name: 'deployed-commonjs', type: 'commonjs' }),
  });
  const app = new AppProcess(join(folder, 'dist/main.js'), temporaryFolder(), {
    args: [
      '--spring.cloud.stream.bindings.input.destination=loop',
      '--spring.cloud.stream.bindings.input.group=one',
      '--spring.cloud.stream.bindings.output.destination=loop',
      '--spring.cloud.stream.bindings.output.producer.required-groups=one',
    ],
  });
  await app.line(/^received hello from require$/);
  await app.started();
  expect(await app.kill('SIGINT')).toEqual({ code: 0, signal: null });
});

test('a CommonJS application that cannot start says so once', async () => {
  const folder = deployed('commonjs', {
    'package.json': JSON.stringify({ name: 'deployed-commonjs', type: 'commonjs' }),
  });
  const app = new AppProcess(join(folder, 'dist/main.js'), temporaryFolder(), {
    args: ['--spring.cloud.stream.bindings.input.consumer.concurrency=few'],
  });
  expect(await app.ended()).toEqual({ code: 1, signal: null });
  expect(app.transcript.match(/APPLICATION FAILED TO START/g)).toHaveLength(1);
  expect(app.transcript).not.toMatch(/^ {4}at /m);
});

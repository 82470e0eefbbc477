/** The packages as users install them: packed, installed outside the repository, compiled strictly, run. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describeWithBroker } from '../../../../tools/brokers/jest.mjs';
import { AppProcess, ROOT, cleanUp } from '../process/harness.js';

jest.setTimeout(120_000);

const execute = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly publishConfig?: object;
  readonly [field: string]: unknown;
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

const folders = readdirSync(join(ROOT, 'packages'))
  .map((name) => join(ROOT, 'packages', name))
  .filter((folder) => readManifest(folder).publishConfig !== undefined);

interface Packed {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly tarball: string;
  readonly files: readonly string[];
}

const temporary = mkdtempSync(join(tmpdir(), 'streambind-pack-'));
let packages: readonly Packed[];

beforeAll(async () => {
  const where = folders.flatMap((folder) => ['-w', folder]);
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', temporary, ...where], { cwd: ROOT });
  const packed = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[];
  packages = folders.map((folder) => {
    const manifest = readManifest(folder);
    const { filename, files } = packed.find(({ name }) => name === manifest.name)!;
    return { folder, manifest, tarball: join(temporary, filename), files: files.map(({ path }) => path) };
  });
});

afterAll(async () => {
  await cleanUp();
  rmSync(temporary, { recursive: true, force: true });
});

describe.each(folders.map((folder) => [basename(folder)]))('the package in %s', (name) => {
  const packed = (): Packed => packages.find(({ folder }) => basename(folder) === name)!;

  test('carries its licence and its readme, and no tests', () => {
    const { files } = packed();
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js']));
    expect(files.filter((path) => /tsbuildinfo|\.test\.|^test\/|^dist\/\.|node_modules/.test(path))).toEqual([]);
  });

  test('is clean for publint --strict', async () => {
    const { manifest, tarball } = packed();
    const bytes = readFileSync(tarball);
    const { messages } = await publint({
      strict: true,
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  test('describes itself as the others do', () => {
    const { manifest } = packed();
    const core = readManifest(join(ROOT, 'packages/core'));
    for (const field of ['version', 'license', 'type', 'engines', 'publishConfig']) {
      expect({ [field]: manifest[field] }).toEqual({ [field]: core[field] });
    }
    expect(manifest).toMatchObject({
      description: expect.any(String) as unknown,
      keywords: expect.arrayContaining(['streambind', 'spring-cloud-stream']) as unknown,
      repository: { directory: `packages/${name}` },
    });
  });
});

const OTHER = `
import { Component, Message, Processor, StreamListener } from '@streambind/core';

@Component()
export class InAnotherFile {
  @StreamListener(Processor.INPUT)
  on(message: Message<string>): void {
    console.log('in another file: ' + message.payload);
  }
}
`;

const DECLARATIONS = `
import { Application, BootApplication, EnableBinding, MessageBuilder, MessageChannel } from '@streambind/core';
import { Processor, Resource, StreamListener, runApplication } from '@streambind/core';

@BootApplication()
@EnableBinding(Processor)
class Main {
  @Resource() readonly output!: MessageChannel;

  @StreamListener(Processor.INPUT)
  on(text: string): void {
    console.log('in the main file: ' + text);
  }
}

const send = (application: Application): Promise<void> =>
  application.get(Main).output.send(MessageBuilder.withPayload('a message').build());
`;

const MAIN = {
  module: `${DECLARATIONS}\nawait send(await runApplication(Main, import.meta));\n`,
  commonjs: `${DECLARATIONS}\nvoid runApplication(Main, __filename).then(send);\n`,
};

type ModuleType = 'module' | 'commonjs';

/** A project of its own with the packed packages, installed and compiled once. */
const projects: Partial<Record<ModuleType, Promise<string>>> = {};
const compiledProject = (type: ModuleType): Promise<string> => (projects[type] ??= compileProject(type));

async function compileProject(type: ModuleType): Promise<string> {
  const project = join(temporary, type);
  mkdirSync(join(project, 'src'), { recursive: true });
  const write = (file: string, content: string | object): void =>
    writeFileSync(join(project, file), typeof content === 'string' ? content : JSON.stringify(content));
  const { devDependencies } = readManifest(ROOT) as unknown as { devDependencies: Record<string, string> };
  write('package.json', {
    name: 'fresh',
    private: true,
    type,
    dependencies: Object.fromEntries(packages.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
    devDependencies: { '@types/node': devDependencies['@types/node'] },
  });
  write('tsconfig.json', {
    compilerOptions: {
      target: 'ES2022',
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      skipLibCheck: false,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      rootDir: 'src',
      outDir: 'dist',
    },
    include: ['src'],
  });
  write(
    'application.yml',
    `
server: { port: 0 }
spring.cloud.stream:
  binders.main.type: embedded
  bindings:
    input: { destination: loop, group: one }
    output: { destination: loop, producer: { required-groups: one } }
`,
  );
  write('src/main.ts', MAIN[type]);
  write('src/other.ts', OTHER);
  // every declaration file that a user can reach is compiled
  write('src/types.ts', packages.map(({ manifest: { name } }) => `export type {} from '${name}';\n`).join(''));

  await execute('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: project });
  const { stdout } = await execute(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    project,
  ]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
  return project;
}

/**
 * Runs the project until both handlers have had the message that it sends, and stops it.
 * @param place variables that lead to the broker; undefined: a store in the project
 */
async function run(type: ModuleType, binder: string, place?: Readonly<Record<string, string>>): Promise<object> {
  const project = await compiledProject(type);
  const destination = `loop-${randomUUID()}`;
  const app = new AppProcess(join(project, 'dist/main.js'), place ? undefined : join(project, 'store'), {
    env: place ?? {},
    args: [
      `--spring.cloud.stream.binders.main.type=${binder}`,
      ...['input', 'output'].map((name) => `--spring.cloud.stream.bindings.${name}.destination=${destination}`),
    ],
  });
  for (const handler of [/^in the main file: /, /^in another file: /]) await app.line(handler);
  const exit = await app.kill('SIGTERM');
  const complaints = app.log.filter((line) => / (?:WARN|ERROR) |ExperimentalWarning/.test(line));
  return { exit, complaints, handled: app.out.toSorted() };
}

const RAN = {
  exit: { code: 0, signal: null },
  complaints: [],
  handled: ['in another file: a message', 'in the main file: a message'],
};

test.each(['module', 'commonjs'] as const)('a fresh TypeScript project of type %s compiles and runs', async (type) => {
  expect(await run(type, 'embedded')).toEqual(RAN);
});

for (const name of ['rabbit', 'kafka', 'redis'] as const) {
  await describeWithBroker(name, `the fresh projects on ${name}`, (broker) => {
    jest.setTimeout(120_000);

    test.each(['module', 'commonjs'] as const)('type %s', async (type) => {
      expect(await run(type, name, broker.environment)).toEqual(RAN);
    });
  });
}

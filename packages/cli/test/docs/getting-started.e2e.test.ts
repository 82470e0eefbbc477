/** The pages' own files in an empty folder: compiled, checked, started, stopped. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { folderWith } from '../files.js';
import { readPage } from './page.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const LIMIT_MS = 30_000;

/** What follows `**`a/file`**` and a sentence is the file. */
function filesOf(markdown: string): Map<string, string> {
  const blocks = markdown.matchAll(/\*\*`([^`]+)`\*\*[^`]*(?:`[^`\n]*`[^`]*)*?```\w+\n([^]*?)```/g);
  return new Map(Array.from(blocks, ([, path, text]) => [path!, text!]));
}

let running: ChildProcess | undefined;
afterEach(() => {
  running?.kill('SIGKILL');
});

test(
  'the files of docs/getting-started.md compile, are healthy, and do what the page says',
  async () => {
    const page = readPage('getting-started.md');
    const files = filesOf(page);
    expect([...files.keys()]).toEqual([
      'package.json',
      'tsconfig.json',
      'src/greeter.ts',
      'src/listener.ts',
      'src/main.ts',
      'application.yml',
    ]);
    const folder = folderWith({});
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const node = (...args: string[]): string =>
      execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
    node('node_modules/typescript/bin/tsc');
    const checked = node('node_modules/.bin/streambind', 'check');
    expect(checked).toMatch(/output → │ greetings/);
    expect(checked).toMatch(/input ← {2}│ greetings[^]*No problems\.\n$/);

    const directory = `--spring.cloud.stream.embedded.binder.directory=${folderWith({})}`;
    running = spawn(process.execPath, ['dist/main.js', directory], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(running, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface({ input: running.stdout! })) {
      lines.push(line);
      if (lines.length === 2) running.kill('SIGINT');
    }
    expect(lines.slice(0, 2).join('\n')).toBe(/```text\n([^]*?)\n```/.exec(page)![1]);
    expect(await ended).toEqual([0, null]);
  },
  LIMIT_MS,
);

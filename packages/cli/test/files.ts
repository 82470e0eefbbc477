/** Folders with configuration files, and what the command says of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Problem } from '@streambind/core/internal';
import { run } from '../src/index.js';

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'streambind-cli-'));
  made.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Given {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
}

export async function streambind(
  args: readonly string[],
  { files = {}, env = {}, terminal }: Given = {},
): Promise<Said> {
  let out = '';
  let err = '';
  const folder = folderWith(files);
  const code = await run(args, {
    cwd: () => folder,
    env,
    stdout: { write: (text) => (out += text), ...(terminal !== undefined && { isTTY: terminal }) },
    stderr: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

export interface Checked {
  readonly code: number;
  readonly bindings: readonly Readonly<Record<string, unknown>>[];
  readonly problems: readonly Problem[];
}

/** `check --json` of one application.yml. */
export async function checkYml(text: string): Promise<Checked> {
  const { code, out } = await streambind(['check', '--json'], { files: { 'application.yml': text } });
  return { code, ...(JSON.parse(out) as Omit<Checked, 'code'>) };
}

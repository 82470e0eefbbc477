/** Real directories with real files, and environments loaded from them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import { loadEnvironment, type Environment } from '../../src/config/index.js';

const made: string[] = [];

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true });
});

/** A new directory that holds these files, by relative path. */
export function directoryWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'streambind-config-'));
  made.push(directory);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

export interface Given {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const load = ({ files = {}, args = [], env = {} }: Given): Environment =>
  loadEnvironment({ directories: [directoryWith(files)], args, env });

/** An environment from one application.yml. */
export const yml = (text: string): Environment => load({ files: { 'application.yml': text } });

/** `severity code line:column path` of each problem. */
export const told = (environment: Environment): string[] =>
  environment.problems.map(({ severity, code, line, column, path }) => `${severity} ${code} ${line}:${column} ${path}`);

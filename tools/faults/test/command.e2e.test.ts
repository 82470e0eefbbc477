/** What the command refuses, before anything is started. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('../../faults.mjs', import.meta.url));

test.each([
  [[], 'A binder is needed, one of: embedded, rabbit, kafka, redis.'],
  [['kafak'], 'A binder is needed, one of: embedded, rabbit, kafka, redis.'],
  [['embedded', '--only', 'X01,X99'], 'There is no fault X99. There are: X01, X02'],
  [['embedded', '--seed', 'soon'], '--seed takes a whole number, not soon.'],
  [['embedded', '--fast'], "Unknown option '--fast'"],
])('%j', (args, says) => {
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  expect(stdout).toContain(says);
  expect(stdout).toContain('Usage: npm run faults -- <binder>');
  expect(status).toBe(2);
});

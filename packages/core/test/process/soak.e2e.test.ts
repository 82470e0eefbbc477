/** Two million messages through core, in and out, in one process: nothing of a message may stay behind. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { ROOT } from './harness.js';

jest.setTimeout(120_000);

const MESSAGES = 2_000_000;
/** What caches and optimised code may still come to after the first tenth. */
const SLACK_MB = 2;

test('the heap is as large after two million messages as after the first ones', async () => {
  const main = join(ROOT, 'benchmarks/apps/dist/core/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', main, 'soak', String(MESSAGES)]);
  const { heapMB, handled, sent } = JSON.parse(stdout) as { heapMB: number[]; handled: number; sent: number };
  expect(handled + sent).toBe(MESSAGES);
  console.log(`heap after each tenth, MB: ${heapMB.map((mb) => mb.toFixed(1)).join(' ')}`);
  expect(Math.max(...heapMB.slice(1))).toBeLessThan(heapMB[0]! + SLACK_MB);
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { ROOT } from '../../../packages/core/test/process/harness.js';

jest.setTimeout(60_000);

const command = join(ROOT, 'samples/retry-dead-letter/dist/side-by-side/main.js');
const sideBySide = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, [command, ...args]);

test('the command prints what came of the binders that it is asked for', async () => {
  const { stdout } = await sideBySide('embedded');
  expect(stdout).toMatch(
    /^│ embedded │ SQLite │ 0\.00 {2}1\.\d\d {2}3\.\d\d +│ 0\.\d\d +│ invoices-\w+\.billing\.dlq │ +0 │$/m,
  );
  expect(stdout).toMatch(/^│ x-exception-message +│ a negative amount: -5 +│$/m);
});

test('a binder that there is not', async () => {
  await expect(sideBySide('rocket')).rejects.toMatchObject({
    code: 2,
    stdout: 'There is no binder "rocket"; there are: embedded, rabbit, kafka, redis\n',
  });
});

/** `npm run docs`: prints docs/configuration.md, docs/capabilities.md and docs/errors.md anew. The tests that compare them do the printing. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

build();
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    'packages/cli/test/docs',
  ],
  { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit', env: { ...process.env, WRITE_DOCS: '1' } },
);
child.on('exit', (code, signal) => (process.exitCode = signal ? 1 : code));

/** `npm test`: compiles what is stale (tests start real processes from dist), then runs jest; arguments are jest's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { down, names } from './brokers/index.mjs';
import { build } from './build.mjs';

build();
// the first test that needs a broker starts it; what this run started is recorded here, and ends with it
const brokers = mkdtempSync(join(tmpdir(), 'streambind-brokers-'));
process.env.STREAMBIND_BROKERS = brokers;
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...process.argv.slice(2),
  ],
  { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const [code, signal] = await once(child, 'exit');
process.exitCode = signal ? 1 : code;
await down(names, { owned: true });
rmSync(brokers, { recursive: true, force: true });

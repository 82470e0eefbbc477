/** Compiles what is stale: all of it, or some projects with what they need. Quiet when it succeeds. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string[]} projects folders with a tsconfig.json; none: everything */
export function build(projects = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-b', ...projects],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status === 0) return;
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exit(status ?? 1);
}

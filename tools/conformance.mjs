/** `npm run conformance -- <binder> [options of the kit]`: compiles what is stale, then runs the kit on that binder. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Unavailable } from './brokers/index.mjs';
import { build } from './build.mjs';

const [binder = '', ...args] = process.argv.slice(2);
const project = new URL(`../packages/binder-${binder}/conformance/`, import.meta.url);
if (binder === '' || !existsSync(project)) {
  console.log(
    `There is no subject for the binder "${binder}". Usage: npm run conformance -- embedded|rabbit|kafka|redis [--quick] …`,
  );
  process.exit(2);
}
build([fileURLToPath(project)]);
const { command } = await import('@streambind/binder-tck');
try {
  process.exitCode = await command(new URL('dist/subject.js', project), args);
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}

/** `npm run conformance -- <binder> [options of the kit]`: compiles what is stale, then runs the kit on that binder. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const [binder = '', ...args] = process.argv.slice(2);
const project = new URL(`../packages/binder-${binder}/conformance/`, import.meta.url);
if (binder === '' || !existsSync(project)) {
  console.log(`There is no subject for the binder "${binder}". Usage: npm run conformance -- embedded [--quick] …`);
  process.exit(2);
}
build([fileURLToPath(project)]);
const { command } = await import('@streambind/binder-tck');
process.exit(await command(new URL('dist/subject.js', project), args));

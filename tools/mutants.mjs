/** `npm run mutants`: each broken variant of the embedded binder against the cases that have to find it. */
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ok, paint, say, table } from './terminal.mjs';

const project = new URL('../packages/binder-embedded/conformance/', import.meta.url);
build([fileURLToPath(project)]);
const { certify } = await import('@streambind/binder-tck');
const module = new URL('dist/mutants.js', project);
const { mutants } = await import(module.href);

const seed = Math.floor(Math.random() * 1e9);
const started = performance.now();
say(`seed ${seed}`);
const rows = [];
for (const [index, { name, killedBy }] of mutants.entries()) {
  const results = await certify({ subject: `${module}?mutant=${index}`, only: killedBy, seed });
  const killers = results.filter(({ status }) => status === 'failed').map(({ id }) => id);
  rows.push([name, killedBy.join(' '), killers.join(' ') || 'nobody', ok(killers.length > 0)]);
  say(`${ok(killers.length > 0)} ${name}: killed by ${killers.join(', ') || 'nobody'}`);
}
const killed = rows.filter(([, , killers]) => killers !== 'nobody').length;
say(table(['mutant', 'has to be found by', 'killed by', ''], rows));
const summary = `${killed} of ${mutants.length} killed in ${Math.round((performance.now() - started) / 1000)} s`;
say(paint(killed === mutants.length ? 'green' : 'red', summary));
process.exit(killed === mutants.length ? 0 : 1);

/** `npm run bench -- [name …] [--quick] [--json file]`: what the framework costs, each figure beside its bare program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../tools/build.mjs';
import { paint, progress, say } from '../tools/terminal.mjs';
import * as core from './core.mjs';
import * as embedded from './embedded.mjs';
import * as kafka from './kafka.mjs';
import * as kafkaSoak from './kafka-soak.mjs';
import { machine, sayMachine } from './machine.mjs';
import * as rabbit from './rabbit.mjs';
import * as rabbitSoak from './rabbit-soak.mjs';
import * as redis from './redis.mjs';
import * as redisSoak from './redis-soak.mjs';
import * as start from './start.mjs';

/**
 * A benchmark is a module with a `summary` and `measure({ quick, scratch })`, which prints and returns its results; one of
 * them that is `missed` makes the command end with 1.
 */
const benchmarks = {
  start,
  embedded,
  core,
  rabbit,
  'rabbit-soak': rabbitSoak,
  kafka,
  'kafka-soak': kafkaSoak,
  redis,
  'redis-soak': redisSoak,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  say(`There is no benchmark "${unknown.join('", "')}". There are:`);
  for (const [name, { summary }] of Object.entries(benchmarks)) say(`  ${name}  ${summary}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'streambind-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const started = performance.now();
const report = { machine: machine(), quick: values.quick, results: {} };
sayMachine(report.machine);
progress('building …');
build();
for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
  say(`\n${paint('bold', name)}: ${benchmarks[name].summary}`);
  const results = await benchmarks[name].measure({ quick: values.quick, scratch });
  report.results[name] = results;
  if (results.some(({ missed }) => missed)) process.exitCode = 1;
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
say(paint('dim', `\n${((performance.now() - started) / 1000).toFixed(0)} s`));

/** `npm run brokers -- up|down|status [rabbit redis …]`: real brokers for development, left running until `down`. */
import { parseArgs } from 'node:util';
import { broker, down, names, running, started, Unavailable } from './brokers/index.mjs';
import { ok, paint, progress, say, table } from './terminal.mjs';

const USAGE = `Usage: npm run brokers -- up|down|status [${names.join(' ')}], and for a Kafka that is started --version 4.1`;
const verbs = { up, down: end, status };
const { values, positionals } = parseArgs({ allowPositionals: true, options: { version: { type: 'string' } } });
const [verb = 'status', ...given] = positionals;
const unknown = given.filter((name) => !names.includes(name));
if (!Object.hasOwn(verbs, verb) || unknown.length > 0) {
  say(
    unknown.length > 0
      ? `There is no broker "${unknown[0]}"; there are: ${names.join(', ')}`
      : `There is no "${verb}".`,
  );
  say(USAGE);
  process.exit(2);
}
await verbs[verb](given.length > 0 ? given : names);

async function up(wanted) {
  const results = await Promise.allSettled(wanted.map(start));
  const brokers = results.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  if (brokers.length > 0) say(table(['broker', 'address', 'is', ''], await Promise.all(brokers.map(row))));
  for (const one of brokers) describe(one);
  for (const { reason } of results.filter(({ status }) => status === 'rejected')) {
    say(paint('red', reason instanceof Unavailable ? reason.message : (reason.stack ?? String(reason))));
    process.exitCode = 1;
  }
}

/** Tells what takes long, with the seconds it takes. */
async function start(name) {
  const began = performance.now();
  let line = `looking for ${name} …`;
  const show = () => progress(`${line} ${Math.round((performance.now() - began) / 1000)} s`);
  const timer = setInterval(show, 200);
  try {
    return await broker(name, {
      ...(name === 'kafka' && values.version !== undefined ? { version: values.version } : {}),
      tell: (text) => {
        line = text;
        say(paint('dim', text));
      },
    });
  } finally {
    clearInterval(timer);
  }
}

function address({ host, port }) {
  return `${host}:${port}`;
}

async function row(one) {
  const version = await one.probe().catch((error) => paint('red', error.message));
  const pid = one.pids.main === undefined ? '' : `, process ${one.pids.main}`;
  const owner = one.owner === undefined ? '' : `, private to process ${one.owner}`;
  const origin = { found: 'was running already', process: `started by the rig${pid}`, compose: 'in a container' };
  return [one.name, address(one.address), `${version}, ${origin[one.origin]}${owner}`, ok(await one.running())];
}

function describe(one) {
  say(`\n${paint('bold', one.title)} as yml, and as environment:\n`);
  say(one.yml);
  say();
  for (const [name, value] of Object.entries(one.environment)) say(`export ${name}=${value}`);
}

async function end(wanted) {
  const gone = await down(wanted);
  for (const one of gone) say(`${ok(true)} ${one.title} at ${address(one.address)} ended, its data removed`);
  if (gone.length === 0) say('The rig has nothing running.');
}

async function status(wanted) {
  const shared = await Promise.all(wanted.map(running));
  const others = started().filter((one) => wanted.includes(one.name));
  const known = new Map(others.map((one) => [address(one.address), one]));
  for (const one of shared.filter(Boolean)) known.set(address(one.address), one);
  const missing = wanted.filter((name, index) => !shared[index] && !others.some((one) => one.name === name));
  const rows = await Promise.all([...known.values()].map(row));
  say(table(['broker', 'address', 'is', ''], [...rows, ...missing.map((name) => [name, '', 'not running', ''])]));
  for (const one of shared.filter(Boolean)) describe(one);
}

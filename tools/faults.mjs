/**
 * `npm run faults -- <binder> [--only X03,X06] [--quick] [--seed n] [--json file]`: what the judge found, a row a fault.
 * Ends with 1 when something did not hold, or when nothing was played at all.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ok, paint, progress, say, table } from './terminal.mjs';

const USAGE = 'npm run faults -- <binder> [--only X03,X06] [--quick] [--seed n] [--json file]';

build([fileURLToPath(new URL('faults', import.meta.url))]);
const { faults, play, subjects } = await import('./faults/dist/index.js');

const { binder, only, quick, seed, json } = read(process.argv.slice(2));
const subject = subjects[binder];
const chosen = faults.filter(
  (fault) => only.some((id) => fault.id.startsWith(id)) || (only.length === 0 && (!quick || fault.quick)),
);

say(paint('bold', `faults on ${binder}`) + paint('dim', `  seed ${seed}${quick ? ', quick' : ''}`));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void subject.close().finally(() => process.exit(130)));
}
const outcomes = [];
try {
  for (const fault of chosen) outcomes.push(tell(await play(fault, subject, { quick, seed }, listenerOf(fault))));
} finally {
  await subject.close();
}

say();
say(table(['fault', '', 'sent', 'lost', 'twice (bound)', 'recovered after', ''], outcomes.map(rowOf)));
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ binder, seed, quick, outcomes }, null, 2)}\n`);
const count = (status) => outcomes.filter((outcome) => outcome.status === status).length;
const held = count('held') > 0 && count('broken') === 0;
const seconds = Math.round(outcomes.reduce((sum, { ms }) => sum + ms, 0) / 1000);
say(
  paint(
    held ? 'green' : 'red',
    `${count('held')} held, ${count('broken')} broken, ${count('not run')} not run, in ${seconds} s`,
  ),
);
process.exit(held ? 0 : 1);

function read(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        only: { type: 'string', default: '' },
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
        json: { type: 'string' },
      },
    });
  } catch (error) {
    refuse(error.message);
  }
  const { values, positionals } = parsed;
  const [name] = positionals;
  if (positionals.length !== 1 || !Object.hasOwn(subjects, name)) {
    refuse(`A binder is needed, one of: ${Object.keys(subjects).join(', ')}.`);
  }
  const ids = values.only
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  const unknown = ids.filter((id) => !faults.some((fault) => fault.id.startsWith(id)));
  if (unknown.length > 0) {
    refuse(`There is no fault ${unknown.join(', ')}. There are: ${faults.map(({ id }) => id).join(', ')}.`);
  }
  if (!/^\d{1,15}$/.test(values.seed)) refuse(`--seed takes a whole number, not ${values.seed}.`);
  return { binder: name, only: ids, quick: values.quick, seed: Number(values.seed), json: values.json };
}

function refuse(text) {
  say(`${text}\nUsage: ${USAGE}`);
  process.exit(2);
}

function listenerOf({ id, title }) {
  let last = '';
  const started = performance.now();
  const show = () => progress(`  ${paint('cyan', id)} ${Math.round((performance.now() - started) / 1000)} s  ${last}`);
  return {
    schedule: (steps) => {
      say(`${paint(['bold', 'cyan'], id)} ${title}`);
      const one = ({ at, verb, which }) => `${at.toFixed(1)} s ${verb}${which === undefined ? '' : ` ${which}`}`;
      for (let from = 0; from < steps.length; from += 4) {
        say(
          paint(
            'dim',
            `  ${steps
              .slice(from, from + 4)
              .map(one)
              .join(' · ')}`,
          ),
        );
      }
    },
    progress: (text) => {
      last = text;
      show();
    },
  };
}

function tell(outcome) {
  const { id, title, status, reason, verdict, directory } = outcome;
  if (status === 'not run') {
    say(`${paint('cyan', id)} ${title}`);
    say(paint('dim', `  not run: ${reason}`));
    return outcome;
  }
  if (verdict === undefined) {
    say(`  ${ok(false)} not played to its end: ${reason}`);
    say(paint('dim', `    ledgers and logs: ${directory}`));
    return outcome;
  }
  const { sent, confirmed, unknown, refused, deadLetters, forgotten, doublings, steadyMs } = verdict;
  const facts = [
    `${sent} sent: ${confirmed} confirmed, ${unknown} unknown, ${refused} refused`,
    ...(deadLetters > 0 ? [`${deadLetters} dead letters`] : []),
    ...(forgotten > 0 ? [`${forgotten} forgotten by the broker`] : []),
    ...(steadyMs === undefined ? [] : [`at the old rate after ${steadyMs} ms`]),
  ];
  say(`  ${ok(status === 'held')} ${facts.join(', ')}`);
  for (const { what, group, measured, bound } of doublings) {
    if (measured > 0) say(paint('dim', `    ${group} got ${measured} of at most ${bound} twice: ${what}`));
  }
  for (const { invariant, what } of verdict.violations) say(`    ${paint('red', invariant)} ${what}`);
  if (directory !== undefined) say(paint('dim', `    ledgers and logs: ${directory}`));
  return outcome;
}

function rowOf({ id, title, status, reason, verdict }) {
  if (status === 'not run') return [id, title, '', '', '', `not run: ${reason}`, '–'];
  if (verdict === undefined) return [id, title, '', '', '', 'not played to its end', ok(false)];
  const { sent, lost, duplicated, bound, recoveredMs } = verdict;
  const recovered = recoveredMs === undefined ? '' : `${(recoveredMs / 1000).toFixed(1)} s`;
  return [id, title, sent, lost, `${duplicated} (${bound})`, recovered, ok(status === 'held')];
}

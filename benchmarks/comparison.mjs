/**
 * Sides of a comparison in turns, each as processes that live for several rounds: what they reach a second, as ratios of
 * the bare client's.
 */
import { ok, paint, progress, say, table } from '../tools/terminal.mjs';
import { interleaved, median, pairedRatio } from './statistics.mjs';

/**
 * @typedef {object} Case a line of a comparison
 * @property {string} name
 * @property {string} side of `programs`
 * @property {object} [details] for this case alone
 *
 * @typedef {object} Comparison
 * @property {string} title
 * @property {string} order what the sides are told to do
 * @property {object} details
 * @property {readonly Case[]} cases
 * @property {readonly string[]} best the cases of which the fastest is the reference
 * @property {readonly [string, string]} alike two cases of the same program: what the figures are worth
 * @property {number} [target] of the framework's cases: the ratio that they have to reach
 * @property {(bench: any) => Promise<object | void>} before makes ready for one run; what it gives goes to the side, too
 * @property {(bench: any, name: string, details: any) => Promise<void>} after @throws where anything was lost
 *
 * @typedef {object} Sides
 * @property {string} broker
 * @property {Readonly<Record<string, readonly string[]>>} programs by the name of the side: the program and its arguments
 */

/** A process for each side. */
export async function start(bench, programs) {
  const processes = await Promise.all(
    Object.values(programs).map(([program, ...args]) => bench.side(program, { args })),
  );
  return new Map(Object.keys(programs).map((name, index) => [name, processes[index]]));
}

/**
 * New processes for each generation, whose first round is not counted: until then code is compiled.
 * @param {Sides} sides
 * @param {readonly Comparison[]} comparisons
 */
export async function throughput(bench, { broker, programs }, comparisons, [generations, rounds]) {
  const runs = new Map(comparisons.map(({ title, cases }) => [title, new Map(cases.map(({ name }) => [name, []]))]));
  for (let generation = 0; generation < generations; generation++) {
    const processes = await start(bench, programs);
    for (let round = 0; round <= rounds; round++) {
      for (const { title, order, details, cases, before, after } of comparisons) {
        for (const { name, side, details: more } of interleaved(cases, generation + round)) {
          progress(
            `${broker}: ${title}, ${name}, round ${round} of ${rounds}, processes ${generation + 1} of ${generations}`,
          );
          const all = { ...details, ...more, ...(await before(bench)) };
          const figures = await processes.get(side).ask(order, all);
          await after(bench, `${title}, ${name}`, all);
          if (round > 0) runs.get(title).get(name).push(figures);
        }
      }
    }
    await bench.endSides();
  }
  return comparisons.flatMap((comparison) => judged(comparison, runs.get(comparison.title)));
}

function judged({ title, cases, best, alike, target }, runs) {
  const figures = (name, key = 'perSecond') => runs.get(name).map((run) => run[key]);
  const reference = best.toSorted((a, b) => median(figures(b)) - median(figures(a)))[0];
  // how much slower the bare client can look than itself
  const noise = Math.min(1, pairedRatio(...alike.map((name) => figures(name))).low);
  return cases.map(({ name }) => {
    const limit = name.startsWith('framework') ? target : undefined;
    const { ratio, low, high } = pairedRatio(figures(name), figures(reference));
    return {
      title,
      name,
      reference,
      rate: median(figures(name)),
      cpuUs: median(figures(name, 'cpuUs')),
      ratio,
      low,
      high,
      target: limit,
      held: limit === undefined ? undefined : ratio >= limit,
      // no run of bad luck: all that the ratio may be lies below, and farther than noise explains
      missed: limit !== undefined && high < limit * noise,
      runs: figures(name),
    };
  });
}

/** @param {string} what of the first column @param {string} reference */
export function showRates(rates, what, reference) {
  say(
    table(
      [what, '', 'messages/s', 'CPU each', `× best ${reference} (95 %)`, 'limit', ''],
      rates.map((row, index) => [
        titled(rates, index),
        row.name,
        Math.round(row.rate),
        `${row.cpuUs.toFixed(0)} µs`,
        compared(row),
        row.target === undefined ? '' : `≥ ${row.target}`,
        row.held === undefined ? '' : `${ok(row.held)} ${verdict(row)}`,
      ]),
    ),
  );
  say(paint('dim', `${rates[0].runs.length} rounds, taken in turns.`));
}

export const titled = (rows, index) => (rows[index].title === rows[index - 1]?.title ? '' : rows[index].title);

export const compared = ({ name, reference, ratio, low, high }) =>
  name === reference ? '1' : `${ratio.toFixed(2)}  (${low.toFixed(2)} to ${high.toFixed(2)})`;

const verdict = ({ held, missed }) => (held ? 'held' : missed ? 'missed' : 'not held, within the noise');

/** Of a core. */
const MOST_IDLE = 0.01;

/** An application that has bound an input and an output and gets nothing to do. */
export async function idle(bench, { seconds, details = {} }) {
  const side = await bench.side('framework');
  const { ofACore } = await side.ask('idle', { prefetch: 100, seconds, ...details });
  await bench.endSides();
  const held = ofACore <= MOST_IDLE;
  say(
    `idle for ${seconds} s: ${(ofACore * 100).toFixed(2)} % of a core, at most ${MOST_IDLE * 100} %  ${ok(held)} ${held ? 'held' : 'missed'}`,
  );
  return { name: 'idle', ofACore, held, missed: !held };
}

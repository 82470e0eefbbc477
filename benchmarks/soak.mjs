/** A million messages out and a million in: what the process holds on the way, and that a long queue changes nothing. */
import { ok, paint, progress, say, table } from '../tools/terminal.mjs';

export const summary = 'a million messages out, then in with all of them waiting: memory, which must stay flat';

// divides the messages
const SAMPLES = 25;
/** Samples that do not count: code is compiled, buffers find their size. */
const WARM_UP = 5;
/** 10^6 bytes that the last third may hold more than the first. */
const MOST_HELD = 2;
const MOST_RSS = 10;
const LIMIT_MS = 900_000;

/** A step of a soak: what it is called, the order of the side, its details, and what has to be true afterwards. */
/** @typedef {{ name: string, order: string, details: object, after: (messages: number) => Promise<void> }} Step */

/**
 * @param {(work: (bench: any) => Promise<T>) => Promise<T>} withBroker
 * @param {string} broker
 * @param {(bench: any) => Promise<readonly Step[]>} stepsOf
 * @param {{ quick: boolean }} options
 * @template T
 */
export const soak = (withBroker, broker, stepsOf, { quick }) =>
  withBroker(async (bench) => {
    const messages = quick ? 300_000 : 1_000_000;
    const results = [];
    for (const { name, order, details, after } of await stepsOf(bench)) {
      progress(`${broker}-soak: ${name}, ${messages} messages`);
      const side = await bench.side('framework', { flags: ['--expose-gc'] });
      const figures = await side.ask(order, { messages, samples: SAMPLES, ...details }, LIMIT_MS);
      await bench.endSides();
      await after(messages);
      results.push(judged(name, figures));
    }
    show(results, messages);
    return results;
  });

function judged(name, { heldMB, rssMB, perSecond }) {
  // what is fetched ahead comes and goes, megabytes of it; what leaks never goes
  const held = growth(heldMB, (samples) => Math.min(...samples));
  const rss = growth(rssMB, mean);
  const flat = held.more <= MOST_HELD && rss.more <= MOST_RSS;
  return { name, perSecond, held, rss, flat, missed: !flat, heldMB, rssMB };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** From the first to the last third after the warm-up. */
function growth(samples, of) {
  const counted = samples.slice(WARM_UP);
  const third = Math.floor(counted.length / 3);
  const [first, last] = [of(counted.slice(0, third)), of(counted.slice(-third))];
  return { first, last, more: last - first };
}

function show(results, messages) {
  const change = ({ first, last, more }) => `${first.toFixed(1)} → ${last.toFixed(1)}  (${more.toFixed(1)})`;
  say(
    table(
      [`${messages} messages of 1 KiB`, 'messages/s', 'held, MB', 'RSS, MB', 'may grow by', ''],
      results.map(({ name, perSecond, held, rss, flat }) => [
        name,
        Math.round(perSecond),
        change(held),
        change(rss),
        `${MOST_HELD} MB, ${MOST_RSS} MB`,
        `${ok(flat)} ${flat ? 'flat' : 'grows'}`,
      ]),
    ),
  );
  say(
    paint(
      'dim',
      `least held and mean RSS of the first and the last third of ${SAMPLES - WARM_UP} samples, garbage collected before each.`,
    ),
  );
}

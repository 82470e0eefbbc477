/** Publishing and consuming through the RabbitMQ binder, beside amqplib alone with the same broker, queue and window. */
import { paint, progress, say, table } from '../tools/terminal.mjs';
import { compared, showRates, start, throughput, titled } from './comparison.mjs';
import { calibration } from './machine.mjs';
import { withBroker } from './rabbit-broker.mjs';
import { interleaved, median, pairedRatio } from './statistics.mjs';

export const summary = 'messages of 1 KiB JSON through RabbitMQ, persistent, durable queue, confirmed, acknowledged';

const RAW = 'amqplib';
/** The same once more: what the figures are worth. */
const AGAIN = 'amqplib again';
/** With the properties that each message of Spring's has, and `mandatory`. */
const SAME = 'amqplib, same message';
/** One acknowledgement for each message, where the others tell several together. */
const EACH = 'amqplib, ack each';
const sides = [RAW, 'framework, minimal', 'framework, default', AGAIN];

/** In `apps/src/rabbit`, with their arguments; a process each. */
const programs = {
  [RAW]: ['raw'],
  'framework, minimal': ['minimal'],
  'framework, default': ['framework'],
  [SAME]: ['raw', 'same'],
  [AGAIN]: ['raw'],
};

const sending = (inFlight, messages, warmUp, target) => ({
  title: `publish, ${inFlight} in flight`,
  order: 'send',
  details: { inFlight, messages, warmUp },
  cases: Object.keys(programs).map((side) => ({ name: side, side })),
  best: [RAW],
  alike: [AGAIN, RAW],
  target,
  before: () => Promise.resolve(),
  after: (bench, name) => bench.expect(messages + warmUp, name),
});
const receiving = (prefetch, messages, warmUp, target) => ({
  title: `consume, prefetch ${prefetch}`,
  order: 'receive',
  details: { prefetch, messages, warmUp, ack: 'multiple' },
  cases: [{ name: EACH, side: RAW, details: { ack: 'each' } }, ...sides.map((side) => ({ name: side, side }))],
  best: [RAW, EACH],
  alike: [AGAIN, RAW],
  target,
  before: (bench) => bench.fill(messages + warmUp),
  after: (bench, name) => bench.expect(0, name),
});
const comparisons = [
  sending(256, 10_000, 4000, 1),
  sending(1, 1000, 200, 0.95),
  receiving(100, 10_000, 3000, 0.95),
  receiving(250, 10_000, 3000),
  receiving(1, 2000, 500),
];

const both = { prefetch: 100, ack: 'multiple' };
const through = { ...both, inFlight: 256, messages: 8000, warmUp: 3000 };
const LATENCY_SHARE = 0.6;

/** @param {{ quick: boolean }} options */
export const measure = ({ quick }) =>
  withBroker(async (bench) => {
    const calibrated = await calibration();
    say(paint('dim', `${bench.version}; ${calibrated.text}`));
    const rates = await throughput(bench, { broker: 'rabbit', programs }, comparisons, quick ? [1, 2] : [2, 4]);
    const latencies = await latency(bench, quick ? [1, 1, 1] : [3, 4, 3]);
    showRates(rates, 'rabbit, 1 KiB', 'amqplib');
    showLatencies(latencies);
    return [...rates, ...latencies, { name: 'calibration', ...calibrated }];
  });

/** Sending and receiving in one process, at one rate for all: a share of what amqplib can do there. */
async function latency(bench, [trials, rounds, seconds]) {
  const rates = [];
  const runs = new Map(sides.map((side) => [side, []]));
  const processes = await start(bench, programs);
  for (let round = 0; round < trials; round++) {
    for (const side of interleaved(sides, round)) {
      progress(`rabbit: ${side} there and back, round ${round + 1} of ${trials}`);
      const { perSecond } = await processes.get(side).ask('through', through);
      await bench.expect(0, `there and back, ${side}`);
      if (side === RAW) rates.push(perSecond);
    }
  }
  const rate = Math.round(median(rates) * LATENCY_SHARE);
  for (let round = 0; round < rounds; round++) {
    for (const side of interleaved(sides, round)) {
      progress(`rabbit: latency of ${side}, round ${round + 1} of ${rounds}`);
      runs.get(side).push(await processes.get(side).ask('latency', { ...both, rate, seconds }));
      await bench.expect(0, `latency, ${side}`);
    }
  }
  await bench.endSides();
  return sides.map((name) => {
    const figures = (key, side = name) => runs.get(side).map((run) => run[key]);
    const { ratio, low, high } = pairedRatio(figures('p50'), figures('p50', RAW));
    return {
      title: `there and back at ${rate}/s`,
      name,
      reference: RAW,
      p50: median(figures('p50')),
      p99: median(figures('p99')),
      ratio,
      low,
      high,
      runs: runs.get(name),
    };
  });
}

function showLatencies(latencies) {
  say(
    table(
      ['latency', '', 'p50', 'p99', 'p50 × amqplib (95 %)'],
      latencies.map((row, index) => [
        titled(latencies, index),
        row.name,
        `${row.p50.toFixed(2)} ms`,
        `${row.p99.toFixed(2)} ms`,
        compared(row),
      ]),
    ),
  );
  say(paint('dim', `${latencies[0].runs.length} rounds of latency.`));
}

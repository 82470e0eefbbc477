/** Publishing and consuming through the Redis binder, beside ioredis alone with the same server and the same window. */
import { paint, say } from '../tools/terminal.mjs';
import { idle, showRates, throughput } from './comparison.mjs';
import { calibration } from './machine.mjs';
import { withBroker } from './redis-broker.mjs';

export const summary = 'messages of 1 KiB JSON through Redis Streams, appendfsync everysec, acknowledged';

const RAW = 'ioredis';
/** The same once more: what the figures are worth. */
const AGAIN = 'ioredis again';
/** With the headers that each message of the framework has. */
const SAME = 'ioredis, same message';
/** An XACK for each message, where the others tell several together. */
const EACH = 'ioredis, ack each';
const MINIMAL = 'framework, minimal';
const DEFAULT = 'framework, default';

const programs = {
  [RAW]: ['raw'],
  [MINIMAL]: ['minimal'],
  [DEFAULT]: ['framework'],
  [SAME]: ['raw', 'same'],
  [AGAIN]: ['raw'],
};
const sides = { broker: 'redis', programs };

const sending = (inFlight, messages, warmUp, target) => ({
  title: `publish, ${inFlight} in flight`,
  order: 'send',
  details: { inFlight, messages, warmUp },
  cases: Object.keys(programs).map((side) => ({ name: side, side })),
  best: [RAW],
  alike: [AGAIN, RAW],
  target,
  before: (bench) => bench.empty(),
  after: (bench, name) => bench.expectSent(messages + warmUp, name),
});

const receiving = (prefetch, messages, warmUp, target) => ({
  title: `consume, ${prefetch} at a time`,
  order: 'receive',
  details: { prefetch, messages, warmUp, ack: 'multiple' },
  cases: [
    { name: EACH, side: RAW, details: { ack: 'each' } },
    ...[RAW, MINIMAL, DEFAULT, AGAIN].map((side) => ({ name: side, side })),
  ],
  best: [RAW, EACH],
  alike: [AGAIN, RAW],
  target,
  before: (bench) => bench.backlog(messages + warmUp),
  after: (bench, name) => bench.expectRead(messages + warmUp, name),
});

const comparisons = [
  sending(256, 30_000, 8000, 0.95),
  sending(1, 3000, 600),
  receiving(100, 30_000, 8000, 0.9),
  receiving(250, 30_000, 8000, 0.9),
];

/** @param {{ quick: boolean }} options */
export const measure = ({ quick }) =>
  withBroker(async (bench) => {
    const calibrated = await calibration();
    say(paint('dim', `${bench.version}; ${calibrated.text}`));
    const rates = await throughput(bench, sides, comparisons, quick ? [1, 2] : [2, 4]);
    showRates(rates, 'redis, 1 KiB', 'ioredis');
    await bench.empty();
    const unused = await idle(bench, { seconds: quick ? 5 : 20 });
    return [...rates, unused, { name: 'calibration', ...calibrated }];
  });

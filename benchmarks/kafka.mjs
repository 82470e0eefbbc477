/** Publishing and consuming through the Kafka binder, beside kafkajs alone with the same broker, topics and acks. */
import { paint, say } from '../tools/terminal.mjs';
import { idle, showRates, throughput } from './comparison.mjs';
import { withBroker } from './kafka-broker.mjs';
import { calibration } from './machine.mjs';

export const summary = 'messages of 1 KiB JSON through Kafka, acks=all, idempotent, committed';

const RAW = 'kafkajs';
/** The same once more: what the figures are worth. */
const AGAIN = 'kafkajs again';
/** As safe as the framework. */
const SAFE = 'kafkajs, idempotent';
/** The best that can be had of it. */
const GATHERED = 'kafkajs, idempotent, gathered';
const EACH = 'kafkajs, eachMessage';
const BATCH = 'kafkajs, eachBatch';
const MINIMAL = 'framework, minimal';
const DEFAULT = 'framework, default';

const programs = {
  [RAW]: ['raw'],
  [SAFE]: ['raw', 'idempotent'],
  [GATHERED]: ['raw', 'idempotent', 'gather'],
  [MINIMAL]: ['minimal'],
  [DEFAULT]: ['framework'],
  [AGAIN]: ['raw'],
};
const sides = { broker: 'kafka', programs };

const partitioned = (partitions) => (partitions === 1 ? '1 partition' : `${partitions} partitions`);

const sending = (partitions, inFlight, messages, warmUp, target) => ({
  title: `publish, ${inFlight} in flight, ${partitioned(partitions)}`,
  order: 'send',
  details: { inFlight, messages, warmUp },
  // with more in flight, the sequence numbers of such a kafkajs come out of order and the broker refuses them
  cases: Object.keys(programs)
    .filter((side) => side !== SAFE || inFlight === 1)
    .map((side) => ({ name: side, side })),
  best: [RAW],
  alike: [AGAIN, RAW],
  target,
  before: (bench) => bench.empty(partitions),
  after: (bench, name, details) => bench.expectSent(messages + warmUp, name, details),
});

const receiving = (partitions, messages, warmUp, target) => ({
  title: `consume, ${partitioned(partitions)}`,
  order: 'receive',
  details: { prefetch: 100, messages, warmUp, concurrency: partitions },
  cases: [
    { name: EACH, side: RAW, details: { ack: 'each' } },
    { name: BATCH, side: RAW, details: { ack: 'multiple' } },
    { name: MINIMAL, side: MINIMAL },
    { name: DEFAULT, side: DEFAULT },
    { name: AGAIN, side: AGAIN, details: { ack: 'multiple' } },
  ],
  best: [EACH, BATCH],
  alike: [AGAIN, BATCH],
  target,
  before: (bench) => bench.backlog(partitions, messages + warmUp),
  after: (bench, name, details) => bench.expectRead(messages + warmUp, name, details),
});

const comparisons = [
  sending(1, 256, 12_000, 3000, 4),
  sending(8, 256, 12_000, 3000, 4),
  sending(1, 1, 4000, 1000, 0.95),
  receiving(1, 120_000, 30_000, 0.95),
  receiving(8, 120_000, 30_000, 0.95),
];

/** @param {{ quick: boolean }} options */
export const measure = ({ quick }) =>
  withBroker(async (bench) => {
    const calibrated = await calibration();
    say(paint('dim', `${bench.version}; ${calibrated.text}`));
    const rates = await throughput(bench, sides, comparisons, quick ? [1, 2] : [2, 4]);
    showRates(rates, 'kafka, 1 KiB', 'kafkajs');
    const unused = await idle(bench, { seconds: quick ? 5 : 20, details: await bench.empty(8) });
    return [...rates, unused, { name: 'calibration', ...calibrated }];
  });

import { withBroker } from './kafka-broker.mjs';
import { soak } from './soak.mjs';

export { summary } from './soak.mjs';

const PARTITIONS = 8;

const steps = async (bench) => {
  const { destination } = await bench.empty(PARTITIONS);
  const place = { destination, group: 'soak' };
  return [
    {
      name: 'out, 256 in flight',
      order: 'soakSending',
      details: { ...place, inFlight: 256 },
      after: (messages) => bench.expectSent(messages, 'out', place, { keep: true }),
    },
    {
      name: `in, ${PARTITIONS} partitions`,
      order: 'soakReceiving',
      details: { ...place, prefetch: 100, concurrency: PARTITIONS },
      after: (messages) => bench.expectRead(messages, 'in', place),
    },
  ];
};

/** @param {{ quick: boolean }} options */
export const measure = (options) => soak(withBroker, 'kafka', steps, options);

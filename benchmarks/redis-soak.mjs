import { withBroker } from './redis-broker.mjs';
import { soak } from './soak.mjs';

export { summary } from './soak.mjs';

const steps = async (bench) => {
  await bench.backlog(0);
  return [
    {
      name: 'out, 256 in flight',
      order: 'soakSending',
      details: { inFlight: 256 },
      after: (messages) => bench.expectSent(messages, 'out'),
    },
    {
      name: 'in, 100 at a time',
      order: 'soakReceiving',
      details: { prefetch: 100, ack: 'multiple' },
      after: (messages) => bench.expectRead(messages, 'in'),
    },
  ];
};

/** @param {{ quick: boolean }} options */
export const measure = (options) => soak(withBroker, 'redis', steps, options);

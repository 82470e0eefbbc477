import { withBroker } from './rabbit-broker.mjs';
import { soak } from './soak.mjs';

export { summary } from './soak.mjs';

const steps = (bench) =>
  Promise.resolve([
    {
      name: 'out, 256 in flight',
      order: 'soakSending',
      details: { inFlight: 256 },
      after: (messages) => bench.expect(messages, 'out', { purge: false }),
    },
    {
      name: 'in, prefetch 100',
      order: 'soakReceiving',
      details: { prefetch: 100, ack: 'multiple' },
      after: () => bench.expect(0, 'in'),
    },
  ]);

/** @param {{ quick: boolean }} options */
export const measure = (options) => soak(withBroker, 'rabbit', steps, options);

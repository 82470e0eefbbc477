import { asError } from '../../errors/index.js';
import type { ConsumerSink, Delivery } from '../spi.js';
import type { Entry } from './entry.js';
import type { Settler } from './settler.js';

/** One timer for all deliveries of an intake, and one renewal at a time. It keeps no process alive: what holds a lease does. */
export function keepLeases<D extends Delivery>(
  settler: Settler<D>,
  sink: Pick<ConsumerSink, 'fault'>,
  open: Iterable<Entry<D>>,
  everyMs: number,
): NodeJS.Timeout {
  let renewing = false;
  const renew = async (): Promise<void> => {
    const ours = [...open].filter(({ state }) => state !== 'settling' && state !== 'lost');
    if (renewing || ours.length === 0) return;
    renewing = true;
    try {
      await settler.renew?.(ours.map((entry) => entry.delivery));
    } catch (error) {
      sink.fault(asError(error));
    }
    renewing = false;
  };
  return setInterval(() => void renew(), everyMs).unref();
}

import { asError } from '../../errors/index.js';
import { pause } from '../../retry/index.js';
import type { Delivery } from '../spi.js';
import type { Intake } from './intake.js';

export interface PollLoopOptions<D extends Delivery> {
  readonly intake: Pick<Intake<D>, 'room' | 'whenRoom' | 'closed' | 'closing' | 'offerAll'>;
  /** Up to `max` deliveries; nothing after the broker's own wait is fine. The signal fires when the intake closes. */
  read(max: number, signal: AbortSignal): Promise<readonly D[]>;
  /** Told of each read that failed: `ConsumerSink.fault`. */
  fault(error: Error): void;
  /** Milliseconds between a failed read and the next. Default: 500. */
  readonly retryMs?: number;
}

/**
 * Reads only what there is room for, until the intake closes; then it resolves, after the read that runs. For brokers
 * that are asked: `intake.binding(() => loop)`.
 */
export async function pollLoop<D extends Delivery>(options: PollLoopOptions<D>): Promise<void> {
  const { intake, retryMs = 500 } = options;
  for (;;) {
    await intake.whenRoom();
    if (intake.closed) return;
    try {
      const deliveries = await options.read(intake.room, intake.closing);
      intake.offerAll(deliveries);
      // a broker that answers "nothing" without waiting must not take the event loop
      if (deliveries.length === 0) await new Promise((resolve) => setImmediate(resolve));
    } catch (error) {
      if (intake.closed) return;
      options.fault(asError(error));
      await pause(retryMs, intake.closing).catch(() => undefined);
    }
  }
}

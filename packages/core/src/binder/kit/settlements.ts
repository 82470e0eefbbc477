/** What happens to a delivery once its handler has spoken: the broker is told, or the kit holds it. */
import { asError } from '../../errors/index.js';
import { retryUntil } from '../../retry/index.js';
import type { Capabilities, ConsumerSink, Delivery, Settlement } from '../spi.js';
import type { Entry } from './entry.js';
import type { Settler } from './settler.js';
import type { Turn } from './turn.js';

const DEAD_LETTER_BACK_OFF = { initialMs: 1000, maxMs: 30_000 };
/** `setTimeout` fires at once above this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What the intake does for the settlements. */
export interface Desk<D extends Delivery> {
  readonly ordered: boolean;
  /** Once it fired nothing is held any more. */
  readonly closing: AbortSignal;
  /** Its handler slot comes later; its attempt was raised if need be. */
  redeliver(entry: Entry<D>): void;
  /** The next one of its lane may go. */
  leaveLane(entry: Entry<D>): void;
  /** It is settled, or no longer ours. Idempotent. */
  finish(entry: Entry<D>): void;
}

export class Settlements<D extends Delivery> {
  readonly #settler: Settler<D>;
  readonly #sink: Pick<ConsumerSink, 'fault'>;
  readonly #capabilities: Pick<Capabilities, 'delayedRequeue' | 'minRequeueMs'>;
  readonly #turn: Turn;
  readonly #desk: Desk<D>;
  readonly #refused = new Map<Entry<D>, Error>();

  constructor(
    settler: Settler<D>,
    sink: Pick<ConsumerSink, 'fault'>,
    capabilities: Pick<Capabilities, 'delayedRequeue' | 'minRequeueMs'>,
    turn: Turn,
    desk: Desk<D>,
  ) {
    this.#settler = settler;
    this.#sink = sink;
    this.#capabilities = capabilities;
    this.#turn = turn;
    this.#desk = desk;
  }

  /** Why the consumer is not well, while dead letters are refused. */
  get degraded(): string | undefined {
    for (const error of this.#refused.values()) {
      return `${this.#refused.size} dead ${this.#refused.size === 1 ? 'letter is' : 'letters are'} refused: ${error.message}`;
    }
    return undefined;
  }

  apply(entry: Entry<D>, settlement: Settlement): void {
    switch (settlement.kind) {
      case 'ack':
        this.#ack(entry);
        break;
      case 'requeue':
        this.#requeue(entry, settlement.delayMs, settlement.failure);
        break;
      case 'deadLetter':
        void this.#bury(entry, settlement.reason);
        break;
    }
  }

  giveBack(entry: Entry<D>): void {
    this.#hand(entry, 0);
  }

  #ack(entry: Entry<D>): void {
    entry.state = 'settling';
    // the next one of the lane need not wait for the broker's answer: acks keep their order anyway
    this.#desk.leaveLane(entry);
    try {
      this.#finishAfter(entry, this.#settler.ack(entry.delivery));
    } catch (error) {
      this.#failedToSettle(entry, error);
    }
  }

  #requeue(entry: Entry<D>, delayMs: number, failure: Error | undefined): void {
    entry.untold = failure ?? entry.untold;
    if (this.#desk.closing.aborted) {
      this.giveBack(entry);
    } else if (this.#brokerTakes(delayMs, failure)) {
      if (delayMs > 0) this.#hand(entry, delayMs);
      else this.#hold(entry, 0, () => this.giveBack(entry));
    } else {
      if (failure) {
        this.#tell(entry);
        entry.raiseAttempt();
      }
      this.#hold(entry, delayMs, () => this.#desk.redeliver(entry));
    }
  }

  /** Never in an ordered source: what was prefetched behind it would overtake it. */
  #brokerTakes(delayMs: number, failure: Error | undefined): boolean {
    if (this.#desk.ordered || !this.#settler.requeue) return false;
    if (delayMs === 0 && !failure) return true;
    return this.#capabilities.delayedRequeue === 'broker' && delayMs >= this.#capabilities.minRequeueMs;
  }

  /** At least one turn of the event loop, so that a handler that always gives back does not spin. */
  #hold(entry: Entry<D>, delayMs: number, then: () => void): void {
    entry.state = 'held';
    const due = (): void => {
      if (entry.state === 'held' && !this.#desk.closing.aborted) then();
    };
    if (delayMs > 0) entry.timer = setTimeout(due, Math.min(delayMs, LONGEST_TIMER_MS));
    else this.#turn.after(due);
  }

  /** Gives it to the broker, and with it a failure that the broker has not heard of. */
  #hand(entry: Entry<D>, delayMs: number): void {
    clearTimeout(entry.timer);
    entry.state = 'settling';
    if (!this.#settler.requeue) {
      this.#tell(entry);
      this.#desk.finish(entry);
      return;
    }
    try {
      this.#finishAfter(entry, this.#settler.requeue(entry.delivery, delayMs, entry.untold));
    } catch (error) {
      this.#failedToSettle(entry, error);
    }
  }

  #tell(entry: Entry<D>): void {
    if (!entry.untold || !this.#settler.failed) return;
    try {
      this.#settler.failed(entry.delivery, entry.untold);
    } catch (error) {
      this.#sink.fault(asError(error));
    }
    entry.untold = undefined;
  }

  /** Tries until it is confirmed. Lost: ends without a word. Closing: what is refused now is given back. */
  async #bury(entry: Entry<D>, reason: Error): Promise<void> {
    entry.state = 'burying';
    const stop = (entry.stop = new AbortController());
    const attempt = async (): Promise<boolean> => {
      try {
        await this.#settler.deadLetter(entry.delivery, reason);
        return true;
      } catch (error) {
        if (entry.state === 'burying') {
          this.#refused.set(entry, asError(error));
          this.#sink.fault(asError(error));
        }
        if (this.#desk.closing.aborted) return false;
        throw error;
      }
    };
    const confirmed = await retryUntil({ ...DEAD_LETTER_BACK_OFF, attempt, signal: stop.signal }).catch(() => false);
    this.#refused.delete(entry);
    if (entry.state !== 'burying') return;
    if (confirmed) {
      this.#desk.finish(entry);
    } else {
      entry.tally = 'returned';
      this.giveBack(entry);
    }
  }

  #finishAfter(entry: Entry<D>, told: void | Promise<void>): void {
    // an arrow function for `ack` may return anything
    if (typeof told === 'object' && 'then' in told) {
      told.then(
        () => this.#desk.finish(entry),
        (error: unknown) => this.#failedToSettle(entry, error),
      );
    } else {
      this.#desk.finish(entry);
    }
  }

  #failedToSettle(entry: Entry<D>, error: unknown): void {
    this.#sink.fault(asError(error));
    if (entry.tally === 'finished') entry.tally = 'abandoned';
    this.#desk.finish(entry);
  }
}

import type { Delivery, DrainReport } from '../spi.js';
import type { Links } from './linked-list.js';

/**
 * - `queued`: behind another one of its lane; `ready`: waits for a handler slot; `running`: in a handler
 * - `later`: its handler returned, the settlement follows
 * - `held`: waits for its next attempt, or for the turn in which it is given back
 * - `burying`: being dead-lettered; `settling`: the broker is being told
 * - `lost`: no longer ours while its handler still runs; `done`: whatever comes now is ignored
 */
export type State = 'queued' | 'ready' | 'running' | 'later' | 'held' | 'burying' | 'settling' | 'lost' | 'done';

/** One delivery between offer and settlement. */
export class Entry<D extends Delivery> implements Links<Entry<D>> {
  before: Entry<D> | undefined;
  after: Entry<D> | undefined;
  state: State = 'queued';
  /** What the sink is given: the delivery itself, or a copy with a higher attempt. */
  current: Delivery;
  /** The next one of its lane. */
  next: Entry<D> | undefined;
  /** While held with a delay. */
  timer: NodeJS.Timeout | undefined;
  /** While being dead-lettered: ends the back-off. */
  stop: AbortController | undefined;
  /** A failure that neither `requeue` nor `failed` was told of. */
  untold: Error | undefined;
  /** Where the drain report counts it. */
  tally: keyof DrainReport | undefined;

  constructor(readonly delivery: D) {
    this.current = delivery;
  }

  /** A copy, because handlers and tests keep what they were given; with its prototype, because records may be lazy. */
  raiseAttempt(): void {
    const copy = Object.create(Object.getPrototypeOf(this.delivery) as object) as D;
    this.current = Object.assign(copy, this.delivery, { attempt: this.current.attempt + 1 });
  }
}

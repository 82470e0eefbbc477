import type { Delivery } from '../spi.js';
import type { Entry } from './entry.js';

/** The order of an ordered source: of each lane the last one, and from each one the next. Only the first is in work. */
export class Lanes<D extends Delivery> {
  readonly #last = new Map<string, Entry<D>>();

  /** True when nothing of its lane is before it. */
  join(entry: Entry<D>): boolean {
    const { lane } = entry.delivery;
    const last = this.#last.get(lane);
    this.#last.set(lane, entry);
    if (last) last.next = entry;
    return last === undefined;
  }

  /** The first one of a lane leaves it: the one that is first now, if any. Those dropped meanwhile are passed over. */
  leave(entry: Entry<D>): Entry<D> | undefined {
    let next = entry.next;
    while (next?.state === 'done') next = next.next;
    if (!next) this.#last.delete(entry.delivery.lane);
    return next;
  }
}

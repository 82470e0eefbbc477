import { StreambindError, asError } from '../../errors/index.js';
import type { FlushReport } from '../spi.js';
import { Deadline } from './deadline.js';
import { Fifo } from './fifo.js';

/** For each entry of a flush, in its order: undefined when it was accepted, else why not. Nothing: all were. */
export type Outcomes = void | readonly (Error | undefined)[];

export interface GatherOptions<Entry> {
  /** Sends many in one request. A rejection is the outcome of every entry. Never called while another flush runs. */
  flush(entries: readonly Entry[]): Promise<Outcomes>;
  /** Entries of one flush, at most. */
  readonly maxCount: number;
  /** Bytes of one flush, at most; an entry that is larger goes alone. */
  readonly maxBytes: number;
  /** Bytes of an entry. */
  size(entry: Entry): number;
}

export interface Gathering<Entry> {
  /** Sends that are not settled. */
  readonly pending: number;
  /** Settles with this entry's own outcome. The order of calls is the order in and of flushes. @throws CLOSED */
  send(entry: Entry): Promise<void>;
  /**
   * Takes nothing more and waits for what is pending, at most `deadlineMs` (default: no limit). What is pending then is
   * rejected: with CLOSED when it was never flushed, else with PUBLISH_UNKNOWN. Idempotent: the first call decides.
   */
  close(deadlineMs?: number): Promise<FlushReport>;
}

/**
 * Collects what is sent in one turn of the event loop, and while a flush runs, into one request: at the end of the turn
 * when idle, in the turn after the flush when busy, so that senders who awaited it are in the next one together.
 */
export function gather<Entry>(options: GatherOptions<Entry>): Gathering<Entry> {
  return new Gatherer(options);
}

interface Item<Entry> {
  readonly entry: Entry;
  readonly bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

class Gatherer<Entry> implements Gathering<Entry> {
  readonly #options: GatherOptions<Entry>;
  #waiting = new Fifo<Item<Entry>>();
  #flushing: readonly Item<Entry>[] = [];
  #scheduled = false;
  #confirmed = 0;
  #closed: Promise<FlushReport> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: GatherOptions<Entry>) {
    this.#options = options;
  }

  get pending(): number {
    return this.#waiting.size + this.#flushing.length;
  }

  send(entry: Entry): Promise<void> {
    if (this.#closed) return Promise.reject(new StreambindError('CLOSED', 'the producer is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, bytes: this.#options.size(entry), resolve, reject });
      this.#schedule();
    });
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    return (this.#closed ??= this.#close(deadlineMs));
  }

  #schedule(): void {
    if (this.#scheduled || this.#flushing.length > 0 || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const items = this.#next();
    if (items.length === 0) return;
    this.#flushing = items;
    let outcomes: Outcomes;
    try {
      outcomes = await this.#options.flush(items.map(({ entry }) => entry));
    } catch (error) {
      outcomes = items.map(() => asError(error));
    }
    this.#flushing = [];
    for (const [index, item] of items.entries()) {
      const refused = outcomes?.[index];
      if (refused) {
        item.reject(refused);
      } else {
        this.#confirmed++;
        item.resolve();
      }
    }
    if (this.pending === 0) this.#emptied?.();
    this.#schedule();
  }

  #next(): Item<Entry>[] {
    const { maxCount, maxBytes } = this.#options;
    const items: Item<Entry>[] = [];
    let bytes = 0;
    for (let item = this.#waiting.peek(); item && items.length < maxCount; item = this.#waiting.peek()) {
      bytes += item.bytes;
      if (items.length > 0 && bytes > maxBytes) break;
      items.push(item);
      this.#waiting.shift();
    }
    return items;
  }

  async #close(deadlineMs: number | undefined): Promise<FlushReport> {
    const pending = this.pending;
    const confirmedBefore = this.#confirmed;
    const deadline = new Deadline(deadlineMs);
    if (pending > 0) await deadline.limit(new Promise((resolve) => (this.#emptied = resolve)));
    deadline.clear();
    const confirmed = this.#confirmed - confirmedBefore;
    for (const item of this.#flushing) {
      item.reject(new StreambindError('PUBLISH_UNKNOWN', 'the producer was closed before the broker confirmed'));
    }
    for (let item = this.#waiting.shift(); item; item = this.#waiting.shift()) {
      item.reject(new StreambindError('CLOSED', 'the producer was closed before this was sent'));
    }
    return { confirmed, unconfirmed: pending - confirmed };
  }
}

/**
 * Many deadlines, one timer. What gets the usual time ends in the order in which it began, so only the first of those
 * needs to be watched; what gets a time of its own has a timer of its own.
 */
import { LinkedList, type Links } from '../binder/index.js';

export interface Timed<T> extends Links<T> {
  /** By the clock of `performance.now()`; only where the time is the usual one. */
  deadline: number;
  timer: NodeJS.Timeout | undefined;
}

export class Deadlines<T extends Timed<T>> {
  readonly #open = new LinkedList<T>();
  #watch: NodeJS.Timeout | undefined;

  /** @param expire called with what is over its time, which is forgotten by then */
  constructor(
    private readonly usualMs: number,
    private readonly expire: (one: T) => void,
  ) {}

  add(one: T, ms: number): void {
    // what is open keeps the process alive, a watch over nothing does not
    if (this.#open.size === 0) this.#watch?.ref();
    this.#open.add(one);
    if (ms === this.usualMs) {
      one.deadline = performance.now() + ms;
      this.#watch ??= setTimeout(() => this.#look(), ms);
    } else {
      one.timer = setTimeout(() => this.#end(one), ms);
    }
  }

  delete(one: T): void {
    if (one.timer) clearTimeout(one.timer);
    this.#open.delete(one);
    if (this.#open.size === 0) this.#watch?.unref();
  }

  /** Ends all that is open, now. */
  expireAll(): void {
    for (const one of this.#open) this.#end(one);
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  #end(one: T): void {
    this.delete(one);
    this.expire(one);
  }

  #look(): void {
    this.#watch = undefined;
    const now = performance.now();
    for (const one of this.#open) {
      if (one.timer) continue;
      if (one.deadline > now) {
        this.#watch = setTimeout(() => this.#look(), Math.ceil(one.deadline - now));
        return;
      }
      this.#end(one);
    }
  }
}

export interface Links<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * Members in the order they came, linked by themselves, in one list at a time. For what comes and goes with every
 * message: a Set that once became old leaves a trail of old tables behind, and what those name survives until the next
 * full collection. Iteration is over those that were members when it began.
 */
export class LinkedList<T extends Links<T>> implements Iterable<T> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    item.before = this.#last;
    if (this.#last) this.#last.after = item;
    else this.#first = item;
    this.#last = item;
    this.#size++;
  }

  /** @returns whether it was a member */
  delete(item: T): boolean {
    const { before, after } = item;
    if (before === undefined && item !== this.#first) return false;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    // a dead one that is old would keep its younger neighbours alive
    item.before = undefined;
    item.after = undefined;
    this.#size--;
    return true;
  }

  [Symbol.iterator](): IterableIterator<T> {
    const members: T[] = [];
    for (let item = this.#first; item; item = item.after) members.push(item);
    return members.values();
  }
}

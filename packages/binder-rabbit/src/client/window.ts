/** What was published on one channel and is not confirmed, by its tag: tags are consecutive and begin at 1. */
export class Window<T> {
  #items: (T | undefined)[] = [];
  /** The tag of the first item. */
  #base = 1;
  /** Items before it are settled. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#size++;
  }

  /** Calls back with what one confirm settles, in the order in which it was published. */
  settle(tag: number, multiple: boolean, settled: (item: T) => void): void {
    const last = tag - this.#base;
    for (let at = multiple ? this.#head : last; at <= last; at++) {
      const item = this.#items[at];
      if (item === undefined) continue;
      this.#items[at] = undefined;
      this.#size--;
      settled(item);
    }
    while (this.#head < this.#items.length && this.#items[this.#head] === undefined) this.#head++;
    if (this.#head === this.#items.length || (this.#head >= 1024 && this.#head * 2 >= this.#items.length)) {
      this.#items.splice(0, this.#head);
      this.#base += this.#head;
      this.#head = 0;
    }
  }

  find(matches: (item: T) => boolean): T | undefined {
    for (let at = this.#head; at < this.#items.length; at++) {
      const item = this.#items[at];
      if (item !== undefined && matches(item)) return item;
    }
    return undefined;
  }

  /** Empties it, for another channel. @returns what was in it, in the order in which it was published */
  takeAll(): T[] {
    const items = this.#items.filter((item) => item !== undefined) as T[];
    this.#base = 1;
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
    return items;
  }
}

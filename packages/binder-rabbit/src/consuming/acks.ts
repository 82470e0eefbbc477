/**
 * Acknowledgements of one channel, told together: everything up to the first delivery that is still open in one frame,
 * and what lies beyond it one by one. Tags are consecutive and begin at 1.
 */
export interface AckWriter {
  ack(tag: number, multiple: boolean): void;
}

export class Acks {
  readonly #writer: AckWriter;
  /** Every tag below is settled. */
  #low = 1;
  /** The last tag below `#low` that was acknowledged and not told; 0: none. */
  #upTo = 0;
  /** Settled from `#low` on; true: acknowledged and not told. */
  readonly #beyond = new Map<number, boolean>();
  /** Those of them that were not told when they came. */
  #untold: number[] = [];
  #scheduled = false;

  constructor(writer: AckWriter) {
    this.#writer = writer;
  }

  ack(tag: number): void {
    this.#settle(tag, true);
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  /** The broker was told by other means. */
  settled(tag: number): void {
    this.#settle(tag, false);
  }

  /** Tells what is not told; runs by itself at the end of the current step of the event loop. */
  flush(): void {
    if (this.#upTo > 0) {
      // what lies between is settled, and told or acknowledged
      this.#writer.ack(this.#upTo, true);
      this.#upTo = 0;
    }
    if (this.#untold.length === 0) return;
    for (const tag of this.#untold) {
      if (!this.#beyond.has(tag)) continue;
      this.#writer.ack(tag, false);
      this.#beyond.set(tag, false);
    }
    this.#untold = [];
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  #settle(tag: number, untold: boolean): void {
    if (tag !== this.#low) {
      this.#beyond.set(tag, untold);
      if (untold) this.#untold.push(tag);
      return;
    }
    if (untold) this.#upTo = tag;
    this.#low++;
    while (this.#beyond.size > 0) {
      const next = this.#beyond.get(this.#low);
      if (next === undefined) break;
      this.#beyond.delete(this.#low);
      if (next) this.#upTo = this.#low;
      this.#low++;
    }
  }
}

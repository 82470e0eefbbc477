/**
 * How much may start in one turn of the event loop. Handlers that settle synchronously, or in microtasks, would
 * otherwise keep timers and sockets waiting for as long as the broker has messages.
 */
const MAX_STARTS = 1000;
const SLICE_MS = 10;

export class Turn {
  readonly #begins: () => void;
  #afterwards: (() => void)[] = [];
  #scheduled = false;
  #starts = 0;
  #since = 0;

  /** `begins` is called at the start of each turn that follows one in which something was started. */
  constructor(begins: () => void) {
    this.#begins = begins;
  }

  /** Whether one more may start in this turn; counts it. */
  start(): boolean {
    if (this.#starts === 0) this.#since = performance.now();
    else if (this.#starts >= MAX_STARTS || performance.now() - this.#since >= SLICE_MS) return false;
    this.#starts++;
    this.#schedule();
    return true;
  }

  /** Calls back in a later turn. */
  after(callback: () => void): void {
    this.#afterwards.push(callback);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    const afterwards = this.#afterwards;
    this.#afterwards = [];
    this.#scheduled = false;
    this.#starts = 0;
    for (const callback of afterwards) callback();
    this.#begins();
  };
}

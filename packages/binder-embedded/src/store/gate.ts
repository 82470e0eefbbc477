/**
 * Keeps the worker out of SQLite while it is being ended. A thread that is terminated inside an addon takes the whole
 * process along: an uncaught C++ exception, exit code 134 instead of the one that was asked for.
 */
const INSIDE = 0;
const SHUT = 1;
/** Longer than any statement should take; who waits has to end. */
const LEAVE_WITHIN_MS = 2000;

export class Gate {
  readonly #state: Int32Array;

  /** @param memory shared by both threads; the main thread makes it */
  constructor(readonly memory = new SharedArrayBuffer(8)) {
    this.#state = new Int32Array(memory);
  }

  /** Worker: before SQLite is called. Does not return once the gate is shut: the thread waits for its end. */
  enter(): void {
    Atomics.store(this.#state, INSIDE, 1);
    if (Atomics.load(this.#state, SHUT) === 0) return;
    this.leave();
    Atomics.wait(this.#state, SHUT, 1);
  }

  /** Worker: after it. */
  leave(): void {
    Atomics.store(this.#state, INSIDE, 0);
    if (Atomics.load(this.#state, SHUT) === 1) Atomics.notify(this.#state, INSIDE);
  }

  /** Main thread: lets nobody in any more and blocks until the worker is outside. Then it may be terminated. */
  shut(): void {
    Atomics.store(this.#state, SHUT, 1);
    Atomics.wait(this.#state, INSIDE, 1, LEAVE_WITHIN_MS);
  }
}

export declare class Gate {
  #private;
  readonly memory: SharedArrayBuffer;
  /** @param memory shared by both threads; the main thread makes it */
  constructor(memory?: SharedArrayBuffer);
  /** Worker: before SQLite is called. Does not return once the gate is shut: the thread waits for its end. */
  enter(): void;
  /** Worker: after it. */
  leave(): void;
  /** Main thread: lets nobody in any more and blocks until the worker is outside. Then it may be terminated. */
  shut(): void;
}

/** What the worker does when the store cannot be written: says so, tries again, or gives up. */
import { failureOf, isBusy, plain } from './failure.js';
import type { Outbox } from './outbox.js';
import { FileGone, type Upkeep } from './upkeep.js';

const RETRY_MS = 250;
const RETRY_LOCKED_MS = 10;
/** A lock that is held for a moment is no trouble. */
const REPORT_LOCKED_AFTER_MS = 5000;

export class Trouble {
  #active = false;
  #lockedSince = 0;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param again called a little later, whenever something failed. */
  constructor(
    private readonly directory: string,
    private readonly outbox: Outbox,
    private readonly upkeep: Upkeep,
    private readonly again: () => void,
  ) {}

  get active(): boolean {
    return this.#active;
  }

  /** Something failed. Does not return when nothing can be saved in this worker. */
  met(error: unknown): void {
    if (this.#stopped) return;
    const failure = failureOf(error, this.directory);
    if (failure.code === 'STORE_DAMAGED' || failure.code === 'INTERNAL' || failure instanceof FileGone)
      this.giveUp(error);
    const busy = isBusy(error);
    this.#lockedSince ||= Date.now();
    if (!this.#active && (!busy || Date.now() - this.#lockedSince > REPORT_LOCKED_AFTER_MS)) {
      this.#active = true;
      this.outbox.event({ event: 'trouble', failure: plain(failure), nextTryMs: RETRY_MS });
    }
    if (failure.code === 'BROKER_FULL') this.upkeep.shrink();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(this.again, busy ? RETRY_LOCKED_MS : RETRY_MS);
  }

  /** The main thread opens the store anew, or says why not. */
  giveUp(error: unknown): never {
    this.outbox.ended(failureOf(error, this.directory));
    this.outbox.post();
    process.exit(1);
  }

  /** Something was written. */
  over(): void {
    this.#lockedSince = 0;
    if (!this.#active) return;
    this.#active = false;
    this.outbox.event({ event: 'trouble', failure: undefined, nextTryMs: 0 });
  }

  /** From now on failures only concern the others. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }
}

import type { DrainReport } from '../spi.js';
import { Deadline } from './deadline.js';

/** The last phase of an intake: what became of each open delivery, and when none is left. */
export class Drain {
  readonly #report = { finished: 0, returned: 0, abandoned: 0 };
  #deadline = new Deadline(undefined);
  #emptied: (() => void) | undefined;

  begin(deadlineMs: number | undefined): void {
    this.#deadline = new Deadline(deadlineMs);
  }

  /** One delivery is done, `open` remain. */
  count(tally: keyof DrainReport | undefined, open: number): void {
    if (tally) this.#report[tally]++;
    if (open === 0) this.#emptied?.();
  }

  /** Resolves with the work, which never rejects, or at the deadline. */
  orDeadline(work: Promise<void>): Promise<void> {
    return this.#deadline.limit(work);
  }

  /** Resolves when none is open, or at the deadline. */
  async done(open: number): Promise<void> {
    if (open > 0) await this.#deadline.limit(new Promise((resolve) => (this.#emptied = resolve)));
  }

  end(): DrainReport {
    this.#deadline.clear();
    return { ...this.#report };
  }
}

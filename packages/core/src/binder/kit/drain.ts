import type { DrainReport } from '../spi.js';

/** The last phase of an intake: one deadline for all of it, and what became of each open delivery. */
export class Drain {
  readonly #report = { finished: 0, returned: 0, abandoned: 0 };
  #deadline: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #emptied: (() => void) | undefined;

  begin(deadlineMs: number | undefined): void {
    if (deadlineMs === undefined) return;
    this.#deadline = new Promise((resolve) => {
      this.#timer = setTimeout(resolve, deadlineMs);
    });
  }

  /** One delivery is done, `open` remain. */
  count(tally: keyof DrainReport | undefined, open: number): void {
    if (tally) this.#report[tally]++;
    if (open === 0) this.#emptied?.();
  }

  /** Resolves with the work, which never rejects, or at the deadline. */
  async orDeadline(work: Promise<void>): Promise<void> {
    await (this.#deadline ? Promise.race([work, this.#deadline]) : work);
  }

  /** Resolves when none is open, or at the deadline. */
  async done(open: number): Promise<void> {
    if (open > 0) await this.orDeadline(new Promise((resolve) => (this.#emptied = resolve)));
  }

  end(): DrainReport {
    clearTimeout(this.#timer);
    return { ...this.#report };
  }
}

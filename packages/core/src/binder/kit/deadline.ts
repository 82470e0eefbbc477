/** One deadline for everything that a close waits for. Without milliseconds there is none. */
export class Deadline {
  readonly #passed: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number | undefined) {
    if (ms === undefined) return;
    this.#passed = new Promise((resolve) => {
      this.#timer = setTimeout(resolve, ms);
    });
  }

  /** Resolves with the work, which never rejects, or when the deadline has passed. */
  async limit(work: Promise<void>): Promise<void> {
    await (this.#passed ? Promise.race([work, this.#passed]) : work);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

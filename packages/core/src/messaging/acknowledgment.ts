import { StreambindError } from '../errors/index.js';

/**
 * Manual acknowledgement: an argument of a listener whose binding says `acknowledge-mode: manual`. The message stays in
 * flight until one of the two is called; after that both throw ALREADY_SETTLED.
 */
export class Acknowledgment {
  #decide: ((nackDelayMs: number | undefined) => void) | undefined;

  /** @internal Made by the pipeline. */
  constructor(decide: (nackDelayMs: number | undefined) => void) {
    this.#decide = decide;
  }

  /** The message is done with. */
  acknowledge(): void {
    this.#settle(undefined);
  }

  /** Gives the message back, to be delivered again after `delayMs` (default 0). Counts as a failed attempt. */
  nack(delayMs = 0): void {
    this.#settle(delayMs);
  }

  #settle(nackDelayMs: number | undefined): void {
    const decide = this.#decide;
    if (!decide) {
      throw new StreambindError('ALREADY_SETTLED', 'This message was acknowledged or given back before.', {
        fix: 'Call acknowledge() or nack() once for each message.',
      });
    }
    this.#decide = undefined;
    decide(nackDelayMs);
  }
}

import { setMaxListeners } from 'node:events';

/** The `lost` signals of an intake's deliveries, each listened to once however many deliveries share it. */
export class Ownership {
  readonly #signals = new Set<AbortSignal>();
  readonly #lost: (event: Event) => void;

  constructor(lost: (signal: AbortSignal) => void) {
    this.#lost = (event) => {
      const signal = event.target as AbortSignal;
      this.#signals.delete(signal);
      lost(signal);
    };
  }

  watch(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    // shared by every intake of a connection and by each of their handlers: not a leak
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this.#lost, { once: true });
  }

  /** Leaves nothing on signals that outlive the intake. */
  end(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#lost);
  }
}

/** What one reader has handed out, and whether there is room for more. */
import type { Intake } from '@streambind/core/binder';
import type { RedisDelivery } from './delivery.js';

export interface HoldingOptions {
  readonly intake: Intake<RedisDelivery>;
  /** Entries that this reader may hold. */
  readonly share: () => number;
  /** Entries of one read at most. */
  readonly batchSize: number;
}

export class Holding {
  readonly #options: HoldingOptions;
  /** In the order in which they came. */
  readonly #ids = new Set<string>();
  #wake: (() => void) | undefined;

  constructor(options: HoldingOptions) {
    this.#options = options;
    options.intake.closing.addEventListener('abort', () => this.#awake(), { once: true });
  }

  get ids(): Iterable<string> {
    return this.#ids;
  }

  /** The one that came first. */
  get oldest(): string | undefined {
    return this.#ids.values().next().value;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  delete(id: string): void {
    this.#ids.delete(id);
    this.#awake();
  }

  clear(): void {
    this.#ids.clear();
    this.#awake();
  }

  /** How many entries may be read now. */
  get room(): number {
    const { intake, share, batchSize } = this.#options;
    return Math.max(0, Math.min(intake.room, share() - this.#ids.size, batchSize));
  }

  /** Resolves with how many entries may be read, or with 0 when the intake closes. */
  async whenRoom(): Promise<number> {
    const { intake, share } = this.#options;
    for (;;) {
      await intake.whenRoom();
      // a read for one place costs as much as one for many: those that are settled in this turn count together
      if (this.room * 2 < share()) await new Promise((resolve) => setImmediate(resolve));
      if (intake.closed || this.room > 0) return this.room;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #awake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

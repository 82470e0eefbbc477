/**
 * What is wrong with a broker as several connections and channels see it: told once where they all see the same, and over
 * only when all of them are well again.
 */
import type { BinderContext } from '../spi.js';

export interface Reporter {
  /** @param nextTryMs 0: there is none, and who asked for the binding is told */
  report(error: Error, nextTryMs: number): void;
  recovered(): void;
  /** The one who reports is gone, and so is its trouble. */
  end(): void;
}

export class Trouble {
  readonly #context: Pick<BinderContext, 'report' | 'recovered'>;
  /** What each has said; undefined where another one had said it. */
  readonly #open = new Map<Reporter, string | undefined>();
  #closed = false;

  constructor(context: Pick<BinderContext, 'report' | 'recovered'>) {
    this.#context = context;
  }

  /** From now on nothing is told: what ends with the binder is not over. */
  close(): void {
    this.#closed = true;
  }

  reporter(): Reporter {
    const over = (): void => {
      if (this.#open.delete(reporter) && this.#open.size === 0 && !this.#closed) this.#context.recovered();
    };
    const reporter: Reporter = {
      report: (error, nextTryMs) => {
        if (nextTryMs === 0 || this.#closed) return;
        this.#open.delete(reporter);
        const said = [...this.#open.values()].includes(error.message);
        this.#open.set(reporter, said ? undefined : error.message);
        if (!said) this.#context.report(error, nextTryMs);
      },
      recovered: over,
      end: over,
    };
    return reporter;
  }
}

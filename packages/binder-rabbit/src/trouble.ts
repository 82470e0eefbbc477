/** What is wrong with a broker as several connections and channels see it: over only when all of them are well again. */
import type { BinderContext } from '@streambind/core/binder';

export interface Reporter {
  report(error: Error, nextTryMs: number): void;
  recovered(): void;
  /** The one who reports is gone, and so is its trouble. */
  end(): void;
}

export class Trouble {
  readonly #context: Pick<BinderContext, 'report' | 'recovered'>;
  readonly #open = new Set<Reporter>();

  constructor(context: Pick<BinderContext, 'report' | 'recovered'>) {
    this.#context = context;
  }

  reporter(): Reporter {
    const over = (): void => {
      if (this.#open.delete(reporter) && this.#open.size === 0) this.#context.recovered();
    };
    const reporter: Reporter = {
      report: (error, nextTryMs) => {
        this.#open.add(reporter);
        this.#context.report(error, nextTryMs);
      },
      recovered: over,
      end: over,
    };
    return reporter;
  }
}

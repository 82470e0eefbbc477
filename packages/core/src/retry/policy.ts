/** How often and after which pauses a handler is tried, as data; the names and defaults are Spring Cloud Stream's. */
export interface RetryPolicy {
  /** Attempts in all, the first included; 1 is no retry. */
  readonly maxAttempts: number;
  /** Milliseconds after the first failure. */
  readonly backOffInitialInterval: number;
  /** Below 1 counts as 1: pauses never shrink. */
  readonly backOffMultiplier: number;
  /** Milliseconds; no pause is longer. */
  readonly backOffMaxInterval: number;
  /** For errors that `retryable` does not name; of no effect while `retryable` is empty. */
  readonly defaultRetryable: boolean;
  /** Name of an error class (`java.lang.IllegalStateException`, `PaymentError`) → whether it is tried again. */
  readonly retryable: Readonly<Record<string, boolean>>;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 3,
  backOffInitialInterval: 1000,
  backOffMultiplier: 2.0,
  backOffMaxInterval: 10_000,
  defaultRetryable: true,
  retryable: {},
};

type Pauses = Pick<RetryPolicy, 'backOffInitialInterval' | 'backOffMultiplier' | 'backOffMaxInterval'>;

/** The pause in whole milliseconds after that many failures (1, 2, …): by default 1000, 2000, 4000, 8000, 10000, … */
export function backOff(policy: Pauses, failures: number): number {
  // a factor of Infinity would make NaN of an initial pause of 0
  const factor = Math.min(Math.max(1, policy.backOffMultiplier) ** (failures - 1), Number.MAX_VALUE);
  return Math.trunc(Math.min(policy.backOffMaxInterval, policy.backOffInitialInterval * factor));
}

/**
 * Whether the policy tries again after this error. The last segment of each configured name is compared with `error.name`
 * and the names of the error's classes; the most derived class that is named decides, else the error's `cause` is asked,
 * else `defaultRetryable`. Spring: a `default-retryable` of false without any entry changes nothing.
 */
export function isRetryable(policy: Pick<RetryPolicy, 'defaultRetryable' | 'retryable'>, error: unknown): boolean {
  const entries = new Map(
    Object.entries(policy.retryable).map(([name, retryable]) => [name.slice(name.lastIndexOf('.') + 1), retryable]),
  );
  if (entries.size === 0) return true;
  const seen = new Set<unknown>();
  for (let link = error; typeof link === 'object' && link !== null && !seen.has(link); link = causeOf(link)) {
    seen.add(link);
    for (const name of namesOf(link)) {
      const retryable = entries.get(name);
      if (retryable !== undefined) return retryable;
    }
  }
  return policy.defaultRetryable;
}

const causeOf = (error: object): unknown => ('cause' in error ? error.cause : undefined);

/** Names of the classes, most derived first; a `name` that none of them has was set on the error itself and comes before. */
function namesOf(error: object): string[] {
  const names: string[] = [];
  for (let link: unknown = Object.getPrototypeOf(error); link !== null; link = Object.getPrototypeOf(link)) {
    const { constructor } = link as { constructor?: unknown };
    if (typeof constructor === 'function') names.push(constructor.name);
  }
  if ('name' in error && typeof error.name === 'string' && !names.includes(error.name)) names.unshift(error.name);
  return names;
}

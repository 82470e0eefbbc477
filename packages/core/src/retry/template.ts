/**
 * Decides about the retries of the inputs whose `retry-template-name` names this component; `max-attempts` and what
 * belongs to it count for nothing there. Spring: a `RetryTemplate` bean.
 */
export abstract class RetryTemplate {
  /**
   * Asked after each failed attempt. A message that was rejected or cannot be read is never tried again and not asked for.
   * @param attempts made so far, 1 or more
   * @returns milliseconds until the next attempt; undefined: the message has failed for good
   */
  abstract backOff(attempts: number, error: Error): number | undefined;
}

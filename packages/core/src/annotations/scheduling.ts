import { methodDecorator } from './record.js';

/** When something runs. Numbers are milliseconds; a text may hold placeholders and be a duration such as `5s`. */
export interface TriggerOptions {
  /** Between the end of one run and the start of the next. */
  readonly fixedDelay?: number | string;
  /** Between the starts of runs. Runs never overlap: one that takes longer is followed at once by the next. */
  readonly fixedRate?: number | string;
  /** Spring's six fields, seconds first: `0 0/15 8-18 * * MON-FRI`; or `@daily` and its like. `-` turns it off. */
  readonly cron?: string;
  /** Before the first run. Default 0. Not with `cron`. */
  readonly initialDelay?: number | string;
}

/**
 * The method, which takes no arguments, is called again and again from when the application has started until it stops.
 * Exactly one of `fixedDelay`, `fixedRate` and `cron`. An error is logged, and the next run happens.
 */
export const Scheduled = (trigger: TriggerOptions): MethodDecorator => methodDecorator('Scheduled', trigger);

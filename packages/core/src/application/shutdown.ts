/** What a stop came to; its sums decide the exit code. */
export interface ShutdownReceipt {
  /** Handlers that were running and ended in time. */
  readonly finished: number;
  /** Deliveries given back untouched. */
  readonly returned: number;
  /** Handlers still running at the deadline; their messages are delivered again. */
  readonly abandoned: number;
  /** Sends under way that were confirmed. */
  readonly confirmed: number;
  /** Sends whose outcome is unknown. */
  readonly unconfirmed: number;
  /** How long the stop took. */
  readonly ms: number;
}

export const NOTHING_STARTED: ShutdownReceipt = {
  finished: 0,
  returned: 0,
  abandoned: 0,
  confirmed: 0,
  unconfirmed: 0,
  ms: 0,
};

export const describeReceipt = ({
  finished,
  returned,
  abandoned,
  confirmed,
  unconfirmed,
  ms,
}: ShutdownReceipt): string =>
  `Stopped in ${ms} ms: ${finished} finished, ${returned} returned, ${confirmed} confirmed, ${unconfirmed} unconfirmed` +
  (abandoned > 0 ? `, ${abandoned} abandoned at the deadline` : '');

/** The time that is left of the one deadline of a stop. */
export class Deadline {
  readonly #at: number;

  constructor(ms: number) {
    this.#at = performance.now() + ms;
  }

  get leftMs(): number {
    return Math.max(0, this.#at - performance.now());
  }
}

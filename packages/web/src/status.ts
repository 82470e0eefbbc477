import { recordOf, type Class } from '@streambind/core/internal';

/**
 * Thrown by a handler: answers with this status. Spring: `ResponseStatusException`.
 * @throws RangeError when the status is not an integer from 200 to 599
 */
export class ResponseStatusException extends Error {
  override readonly name: string = 'ResponseStatusException';
  readonly status: number;

  /** @param reason for the log at DEBUG; in the answer only with `server.error.include-message: always` */
  constructor(status: number, reason?: string, options?: ErrorOptions) {
    super(reason, options);
    if (!isStatus(status)) throw new RangeError(`${String(status)} is no status of an answer`);
    this.status = status;
  }
}

/** What an answer of ours can have: 1xx is the server's own business. */
export const isStatus = (status: unknown): status is number =>
  Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;

/** What an error comes to by its own status or its class's `@ResponseStatus`; 500 for all others. */
export function statusOf(error: Error): number {
  if (error instanceof ResponseStatusException) return error.status;
  for (let at: unknown = error.constructor; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const declared = recordOf(at as Class)?.annotations.find(
      ({ on, kind }) => on === 'class' && kind === 'ResponseStatus',
    );
    if (isStatus(declared?.value)) return declared.value;
  }
  return 500;
}

/** For bad requests of all kinds; the reason names what was wrong and repeats nothing that was sent. */
export const badRequest = (reason: string, cause?: unknown): ResponseStatusException =>
  new ResponseStatusException(400, reason, { cause });

/** A start that failed: told once, readably; what is thrown then ends the process without a second report. */
import { StreambindError, asError, isStreambindError } from '../errors/index.js';
import type { Logger } from '../logging/index.js';

const told = new WeakSet<Error>();

/** True for what a start was rejected with after the log had said why. */
export const isTold = (reason: unknown): boolean => reason instanceof Error && told.has(reason);

/** The log says already what there is to say; nobody needs to print this error again. */
export function markTold<E extends Error>(error: E): E {
  told.add(error);
  return error;
}

const stopped = new WeakSet<Error>();

/** What a start is rejected with that somebody stopped. */
export function stoppedWhileStarting(): StreambindError {
  const error = new StreambindError('CLOSED', 'The application was stopped while it started.');
  stopped.add(error);
  return error;
}

export const isStoppedWhileStarting = (error: unknown): error is StreambindError =>
  error instanceof Error && stopped.has(error);

/**
 * Prints why the application could not start and marks the error as told.
 * @returns the error to reject with: the only one, or all of them in an AggregateError
 */
export function tellStartFailure(error: unknown, log: Logger, debug: boolean): Error {
  const all = flatten(error).map(asError);
  const lines = all.map((one, index) => `${all.length > 1 ? `${index + 1}) ` : ''}${describe(one)}`);
  log.error(`APPLICATION FAILED TO START\n\n${lines.join('\n\n')}\n`, debug ? all[0] : undefined);
  return markTold(
    all.length === 1 ? all[0]! : new AggregateError(all, `The application could not start: ${all.length} errors`),
  );
}

const flatten = (error: unknown): unknown[] =>
  error instanceof AggregateError ? error.errors.flatMap((one: unknown) => flatten(one)) : [error];

const describe = (error: Error): string =>
  isStreambindError(error) ? `${error.message}\n  code:    ${error.code}` : `${error.name}: ${error.message}`;

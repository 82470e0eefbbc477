/** A start that failed: told once, readably; what is thrown then ends the process without a second report. */
import { asError, isStreambindError, type StreambindError } from '../errors/index.js';
import type { Logger } from '../logging/index.js';

const told = new WeakSet<Error>();

export const isStartFailure = (reason: unknown): boolean => reason instanceof Error && told.has(reason);

/**
 * Prints why the application could not start and marks the error as told.
 * @returns the error to reject with: the only one, or all of them in an AggregateError
 */
export function tellStartFailure(errors: readonly unknown[], log: Logger, debug: boolean): Error {
  const all = flatten(errors).map(asError);
  const lines = all.map((error, index) => `${all.length > 1 ? `${index + 1}) ` : ''}${describe(error)}`);
  log.error(`APPLICATION FAILED TO START\n\n${lines.join('\n\n')}\n`, debug ? all[0] : undefined);
  const failure =
    all.length === 1 ? all[0]! : new AggregateError(all, `The application could not start: ${all.length} errors`);
  told.add(failure);
  return failure;
}

const describe = (error: Error): string =>
  isStreambindError(error)
    ? `${error.message}\n  code:    ${(error as StreambindError).code}`
    : `${error.name}: ${error.message}`;

const flatten = (errors: readonly unknown[]): unknown[] =>
  errors.flatMap((error) => (error instanceof AggregateError ? flatten(error.errors) : [error]));

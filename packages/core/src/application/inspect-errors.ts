/** Errors that a start would end with, as problems at their place in the configuration. */
import { isStreambindError } from '../errors/index.js';
import type { Environment, Problem } from '../config/index.js';

/** @param key what the error is about */
export type ReportError = (error: unknown, key: string, more?: Partial<Problem>) => void;

/** Everything that is not an error of the framework is thrown. */
export const errorReporter =
  (environment: Environment): ReportError =>
  (error, key, more = {}) => {
    if (!isStreambindError(error)) throw error;
    const { given, allowed, nearest, fix } = error.details;
    const origin = environment.origin(key) ?? environment.keyOrigin(key);
    environment.report({
      severity: 'error',
      code: error.code,
      ...(origin?.file !== undefined && { file: origin.file }),
      ...(origin?.line !== undefined && { line: origin.line }),
      ...(origin?.column !== undefined && { column: origin.column }),
      path: key,
      message: error.message.split('\n', 1)[0]!,
      ...(given !== undefined && { given: typeof given === 'string' ? given : JSON.stringify(given) }),
      ...((allowed || fix) && { allowed: allowed || fix }),
      ...(nearest !== undefined && { suggestion: nearest }),
      ...more,
    });
  };

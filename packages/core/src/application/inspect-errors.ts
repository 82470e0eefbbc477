/** Errors that a start would end with, as problems at their place in the configuration. */
import { isStreambindError } from '../errors/index.js';
import type { Environment, Problem } from '../config/index.js';

/** @param key where nothing better is known than the error's own `where` */
export type ReportError = (error: unknown, key: string, more?: Partial<Problem>) => void;

/** Everything that is not an error of the framework is thrown. */
export const errorReporter =
  (environment: Environment): ReportError =>
  (error, key, more = {}) => {
    if (!isStreambindError(error)) throw error;
    const { where, given, allowed, nearest, fix } = error.details;
    // `application.yml:12:9 (spring.cloud.stream.bindings.input.binder)`
    const named = /\(([^()]+)\)$/.exec(where ?? '')?.[1];
    const path = named !== undefined && environment.origin(named) !== undefined ? named : key;
    const origin = environment.origin(path) ?? environment.keyOrigin(path);
    environment.report({
      severity: 'error',
      code: error.code,
      ...(origin?.file !== undefined && { file: origin.file }),
      ...(origin?.line !== undefined && { line: origin.line }),
      ...(origin?.column !== undefined && { column: origin.column }),
      path,
      message: error.message.split('\n', 1)[0]!,
      ...(given !== undefined && { given: String(given) }),
      ...((allowed ?? fix) !== undefined && { allowed: allowed ?? fix }),
      ...(nearest !== undefined && { suggestion: nearest }),
      ...more,
    });
  };

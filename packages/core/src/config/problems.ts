/** Everything that is wrong with a configuration, collected so that one start reports all of it. */
import type { ErrorCode } from '../errors/index.js';
import type { Origin } from './sources.js';

export interface Problem {
  /** With an error the application cannot run as it is written. */
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  /** Relative to the working directory when it is below it. */
  readonly file?: string;
  /** 1-based, as is `column`. */
  readonly line?: number;
  readonly column?: number;
  /** The key in the user's spelling; empty when the file as a whole is meant. */
  readonly path: string;
  readonly message: string;
  /** Masked when it is a secret. */
  readonly given?: string;
  readonly allowed?: string;
  /** The whole key, or the name, that was probably meant. */
  readonly suggestion?: string;
}

export type Report = (problem: Problem) => void;

/** The parts of a problem that say where, from an origin. */
export const at = ({ file, line, column }: Origin): Pick<Problem, 'file' | 'line' | 'column'> => ({
  ...(file !== undefined && { file }),
  ...(line !== undefined && { line }),
  ...(column !== undefined && { column }),
});

/** Problems without repetition: two bindings that read one shared default find the same mistake. */
export class Problems {
  readonly #all = new Map<string, Problem>();

  readonly report: Report = (problem) => {
    const { code, file, line, column, path, message } = problem;
    const id = JSON.stringify([code, file, line, column, path, message]);
    if (!this.#all.has(id)) this.#all.set(id, problem);
  };

  list(): readonly Problem[] {
    return [...this.#all.values()];
  }
}

/** `application.yml:12:9: warning: spring.cloud.stream…: message`, and one line each for given, allowed and nearest. */
export function describeProblem(problem: Problem): string {
  const { severity, code, file, line, column, path, message, given, allowed, suggestion } = problem;
  const where = file === undefined ? '' : [file, line, column].filter((part) => part !== undefined).join(':') + ': ';
  const lines = [`${where}${severity} ${code}: ${path === '' ? '' : `${path}: `}${message}`];
  if (given !== undefined) lines.push(`  given:   ${given}`);
  if (allowed !== undefined) lines.push(`  allowed: ${allowed}`);
  if (suggestion !== undefined) lines.push(`  nearest: ${suggestion}`);
  return lines.join('\n');
}

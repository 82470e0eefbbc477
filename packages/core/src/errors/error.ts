import type { ErrorCode } from './codes.js';

const MARK = Symbol.for('streambind.error');

/**
 * What every error of this framework says beside its sentence. All parts are optional; those present are printed in
 * this order below the sentence.
 */
export interface ErrorDetails extends Record<string, unknown> {
  /** `application.yml:12:9 (spring.cloud.stream.bindings.input.group)` or `Listener.on`. */
  readonly where?: string;
  readonly given?: unknown;
  readonly allowed?: string;
  /** The valid name that is closest to the one given. */
  readonly nearest?: string;
  /** What to do, as an instruction. */
  readonly fix?: string;
}

/** The one error class. `code` is stable and from a closed list; `message` is for people and may change. */
export class StreambindError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}, cause?: unknown) {
    super(describe(what, details), cause === undefined ? undefined : { cause });
    this.name = 'StreambindError';
    this.code = code;
    this.details = details;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** True for errors of any copy of this framework in the process, of that code when one is given. */
export function isStreambindError(error: unknown, code?: ErrorCode): error is StreambindError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[MARK] === true &&
    (code === undefined || (error as StreambindError).code === code)
  );
}

/** Whatever was thrown, as an Error: strings, undefined, frozen objects and all. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string') {
    return new Error(thrown.message, { cause: thrown });
  }
  let text: string;
  try {
    text = typeof thrown === 'object' && thrown !== null ? (JSON.stringify(thrown) ?? 'an object') : String(thrown);
  } catch {
    text = 'a value that cannot be printed';
  }
  return new Error(`a non-error was thrown: ${text}`, { cause: thrown });
}

function describe(what: string, { where, given, allowed, nearest, fix }: ErrorDetails): string {
  const lines = [what];
  if (where !== undefined) lines.push(`  where:   ${where}`);
  if (given !== undefined) lines.push(`  given:   ${typeof given === 'string' ? given : safeJson(given)}`);
  if (allowed !== undefined) lines.push(`  allowed: ${allowed}`);
  if (nearest !== undefined) lines.push(`  nearest: ${nearest}`);
  if (fix !== undefined) lines.push(`  fix:     ${fix}`);
  return lines.join('\n');
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** What an entry becomes when it is dead: itself, byte for byte, and fields that tell where it was and why. */
import { isStreambindError } from '@streambind/core/binder';
import type { Encoded } from './entry.js';

/** Every value is text. */
export const DeadLetterFields = {
  /** The key of the stream. */
  ORIGINAL_STREAM: 'x-original-stream',
  /** The id that the entry had there. */
  ORIGINAL_ID: 'x-original-id',
  ORIGINAL_GROUP: 'x-original-group',
  EXCEPTION_MESSAGE: 'x-exception-message',
  /** With the causes; 8,192 characters at most. */
  EXCEPTION_STACK_TRACE: 'x-exception-stacktrace',
  /** A code of this framework or of Node, else the name of the error. */
  ERROR_CODE: 'x-error-code',
  /** How often a handler was called; 0: the entry could not be read. */
  ATTEMPTS: 'x-attempts',
  /** ISO 8601. */
  LAST_FAILURE: 'x-last-failure',
} as const;

export interface Death {
  readonly stream: string;
  readonly id: string;
  readonly group: string;
  readonly reason: Error;
  readonly attempts: number;
}

const OWN: ReadonlySet<string> = new Set(Object.values(DeadLetterFields));

/** Characters; a stack may be of any length, and a dead letter is read by people. */
const LONGEST_STACK = 8 * 1024;

/** @param fields of the entry, as Redis returned them; what an earlier death left in them is replaced */
export function deadLetterFields(fields: readonly Buffer[], { stream, id, group, reason, attempts }: Death): Encoded {
  const kept: Encoded = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    if (!OWN.has(name.toString())) kept.push(name, fields[at + 1]!);
  }
  const facts: Readonly<Record<string, string>> = {
    [DeadLetterFields.ORIGINAL_STREAM]: stream,
    [DeadLetterFields.ORIGINAL_ID]: id,
    [DeadLetterFields.ORIGINAL_GROUP]: group,
    [DeadLetterFields.EXCEPTION_MESSAGE]: reason.message.slice(0, LONGEST_STACK),
    [DeadLetterFields.EXCEPTION_STACK_TRACE]: traceOf(reason).slice(0, LONGEST_STACK),
    [DeadLetterFields.ERROR_CODE]: codeOf(reason),
    [DeadLetterFields.ATTEMPTS]: String(attempts),
    [DeadLetterFields.LAST_FAILURE]: new Date().toISOString(),
  };
  kept.push(...Object.entries(facts).flat());
  return kept;
}

const codeOf = (error: Error): string =>
  isStreambindError(error) || ('code' in error && typeof error.code === 'string') ? (error.code as string) : error.name;

const MOST_CAUSES = 10;

/** The stack with those of its causes. */
function traceOf(error: Error): string {
  let text = stackOf(error);
  let { cause } = error;
  for (let depth = 0; cause instanceof Error && depth < MOST_CAUSES; depth++) {
    text += `\nCaused by: ${stackOf(cause)}`;
    ({ cause } = cause);
  }
  return text;
}

const stackOf = (error: Error): string => error.stack ?? `${error.name}: ${error.message}`;

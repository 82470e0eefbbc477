import { StreambindError, type ErrorCode } from '../errors/index.js';

/** What went wrong, and at which character; becomes a StreambindError where the whole text is known. */
export class Failure extends Error {
  constructor(
    readonly reason: string,
    readonly at: number,
    readonly hints: { readonly nearest?: string; readonly fix?: string } = {},
  ) {
    super(reason);
  }
}

const BEFORE = 60;
const AFTER = 40;
/** Width of `  given:   `, below which the caret line stands. */
const LABEL = 11;

/** Shows the text with a caret below the character `failure.at`. `column` counts from 1. */
export function toError(
  code: Extract<ErrorCode, `EXPRESSION_${string}`>,
  text: string,
  where: string | undefined,
  failure: Failure,
  cause?: unknown,
): StreambindError {
  const start = Math.max(0, failure.at - BEFORE);
  const shown = text.slice(start, failure.at + AFTER).replace(/\s/g, ' ');
  return new StreambindError(
    code,
    `${failure.reason} (column ${failure.at + 1})`,
    {
      ...(where === undefined ? {} : { where }),
      given: `${shown}\n${' '.repeat(LABEL + failure.at - start)}^`,
      ...failure.hints,
      column: failure.at + 1,
    },
    cause,
  );
}

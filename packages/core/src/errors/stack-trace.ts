const MOST_CAUSES = 10;

/** The stack of an error with those of its causes, as Java prints one; at most ten causes, which may form a circle. */
export function stackTraceOf(error: Error): string {
  let text = stackOf(error);
  let { cause } = error;
  for (let depth = 0; cause instanceof Error && depth < MOST_CAUSES; depth++) {
    text += `\nCaused by: ${stackOf(cause)}`;
    ({ cause } = cause);
  }
  return text;
}

const stackOf = (error: Error): string => error.stack ?? `${error.name}: ${error.message}`;

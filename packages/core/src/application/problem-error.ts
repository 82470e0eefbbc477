import { StreambindError } from '../errors/index.js';
import type { Problem } from '../config/index.js';

/** A problem of the configuration as an error. */
export const problemError = ({
  code,
  file,
  line,
  column,
  path,
  message,
  given,
  allowed,
  suggestion,
}: Problem): StreambindError =>
  new StreambindError(code, `${path}: ${message}`, {
    ...(file === undefined ? {} : { where: [file, line, column].filter((part) => part !== undefined).join(':') }),
    ...(given === undefined ? {} : { given }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(suggestion === undefined ? {} : { nearest: suggestion }),
  });

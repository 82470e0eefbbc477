/** What must never reach a log: values of secret names, and user names and passwords inside addresses. */
import type { Path } from './names.js';

const SECRET =
  /pass(word|wd|phrase|code)|pwd|secret|token|credential|jaas|connectionstring|(access|api|private|account|encryption|signing|shared|sas)\w*key$|^key$/;

const MASK = '******';

export const isSecret = (path: Path): boolean => path.some(({ uniform }) => SECRET.test(uniform));

/** The value as it may be printed. */
export function printable(path: Path, value: string, secret = false): string {
  if (value === '') return value;
  return secret || isSecret(path) ? MASK : withoutCredentials(value);
}

/** Without the user names and passwords of addresses. */
export const withoutCredentials = (value: string): string => value.replace(/(\/\/)[^/\s@]*@/g, `$1${MASK}@`);

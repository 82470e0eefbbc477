import { StreambindError } from '../errors/index.js';
import { convert } from './conversion.js';
import type { Environment } from './environment.js';

/**
 * A duration that a decorator was given: milliseconds, or a text such as `5s` that may hold placeholders.
 * @param what what it is, for messages: `fixedDelay`
 * @param at the method that the decorator stands on
 * @returns milliseconds
 * @throws CONFIG_VALUE, CONFIG_PLACEHOLDER
 */
export function milliseconds(
  given: number | string,
  least: number,
  what: string,
  at: string,
  environment: Environment,
): number {
  const text = environment.resolve(String(given), at);
  const converted = convert({ type: 'duration', min: least, doc: '' }, text);
  if ('value' in converted) return converted.value as number;
  throw new StreambindError('CONFIG_VALUE', `The ${what} of ${at} cannot be read.`, {
    where: at,
    given: text,
    allowed: converted.allowed,
  });
}

import { Failure } from './failure.js';

/** What the `u` flag lets a backslash stand before, beside letters and digits. */
const ESCAPABLE = '^$\\.*+?()[]{}|/-';

/**
 * A Java pattern as a RegExp; what only Java has (possessive quantifiers, `\Q`, atomic groups) fails.
 * @param whole the pattern has to match the whole text, as Java's `matches` has it
 */
export function regex(pattern: string, whole: boolean, at: number): RegExp {
  const [prefix, flags] = /^\(\?([ims]+)\)/.exec(pattern) ?? ['', ''];
  let inClass = false;
  const body = pattern.slice(prefix.length).replace(/\\[\s\S]|\[|\]/g, (part) => {
    if (part.length === 1) {
      inClass = part === '[';
      return part;
    }
    const character = part[1]!;
    const same = /[a-zA-Z0-9]/.test(character) || (ESCAPABLE.includes(character) && (character !== '-' || inClass));
    return same ? part : `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
  try {
    return new RegExp(whole ? `^(?:${body})$` : body, [...new Set(`u${whole ? '' : 'g'}${flags}`)].join(''));
  } catch (error) {
    throw new Failure(`The pattern cannot be read: ${(error as Error).message}`, at);
  }
}

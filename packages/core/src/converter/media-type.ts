import { StreambindError } from '../errors/index.js';

/** A content type, parsed. Names are in lower case. */
export interface MediaType {
  /** As it was given. */
  readonly text: string;
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** The `charset` parameter, in lower case. */
  readonly charset: string | undefined;
  /** `application/json`, any other `…/json` and every `+json`. */
  readonly json: boolean;
  /** `text/…` that is not JSON. */
  readonly plain: boolean;
}

const NAMES = /^\s*([\w!#$%&'*+.^`|~-]+)\/([\w!#$%&'*+.^`|~-]+)\s*(?:;|$)/;
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/g;

/**
 * Tolerant: blanks anywhere, quoted parameters, stray semicolons and parameters that make no sense are accepted.
 * @throws CONVERSION there is no `type/subtype`
 */
export function parseMediaType(text: string): MediaType {
  const names = NAMES.exec(text);
  if (!names) {
    throw new StreambindError('CONVERSION', 'A content type cannot be read', {
      given: text,
      allowed: 'type/subtype, such as application/json or text/plain;charset=utf-8',
    });
  }
  const parameters = new Map<string, string>();
  for (const [, name, quoted, bare] of text.matchAll(PARAMETER)) {
    parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare!.trim());
  }
  const type = names[1]!.toLowerCase();
  const subtype = names[2]!.toLowerCase();
  const json = subtype === 'json' || subtype.endsWith('+json');
  const charset = parameters.get('charset')?.toLowerCase() || undefined;
  return { text, type, subtype, parameters, charset, json, plain: type === 'text' && !json };
}

import { Failure } from './failure.js';

export type Token =
  | {
      readonly kind: 'literal';
      readonly at: number;
      readonly text: string;
      readonly value: unknown;
      readonly real: boolean;
    }
  | { readonly kind: 'name' | 'sign' | 'end'; readonly at: number; readonly text: string };

const INT_MAX = 2147483647;

const BLANK = /\s+/y;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([lLfFdD]?)(?![\p{L}\p{N}_$])/uy;
const STRING = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"/y;
const SIGN = /\?\.|\?:|&&|\|\||==|!=|<=|>=|\+\+|--|[()[\]{},:.+\-*/%!<>?#=@^]/y;

/** Splits the text. Words such as `and` come as names; the parser knows where they are operators. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    let match = take(BLANK);
    if (match) {
      at += match[0].length;
      continue;
    }
    if ((match = take(NAME))) tokens.push({ kind: 'name', at, text: match[0] });
    else if ((match = take(NUMBER))) tokens.push(number(match, at));
    else if ((match = take(STRING))) {
      const value = match[1]?.replaceAll("''", "'") ?? match[2]!.replaceAll('""', '"');
      tokens.push({ kind: 'literal', at, text: match[0], value, real: false });
    } else if ((match = take(SIGN))) tokens.push({ kind: 'sign', at, text: match[0] });
    else throw unreadable(text, at);
    at += match[0].length;
  }
  tokens.push({ kind: 'end', at, text: 'the end' });
  return tokens;
}

function number([text, digits, suffix]: RegExpExecArray, at: number): Token {
  const hex = /^0x/i.test(digits!);
  const real = !hex && (/[.e]/i.test(digits!) || /[fd]/i.test(suffix!));
  const long = /l/i.test(suffix!);
  if (real && long) throw new Failure(`${text} is neither an integer nor a real number`, at);
  const value = Number(digits);
  if (!real && !long && value > INT_MAX) {
    throw new Failure(`${text} is too large for an int`, at, { fix: `Write ${text}L.` });
  }
  return { kind: 'literal', at, text, real, value: long && !Number.isSafeInteger(value) ? BigInt(digits!) : value };
}

function unreadable(text: string, at: number): Failure {
  const character = text[at]!;
  if (character === "'" || character === '"') return new Failure(`The string is not closed by ${character}`, at);
  if (/\d/.test(character)) return new Failure('This number cannot be read', at);
  return new Failure(`The character ${character} means nothing in an expression`, at);
}

/**
 * Where a text stops being JSON. `JSON.parse` says so only for some mistakes and in words that change with every Node,
 * so the text is read once more, when it has failed already.
 */
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const BLANK = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'more';

/** The index of the first character that cannot stand there (the length, when the end comes too early), or -1. */
export function jsonErrorAt(text: string): number {
  const closing: string[] = [];
  let expected: Expected = 'value';
  let at = skip(BLANK, text, 0);
  for (; ; at = skip(BLANK, text, at)) {
    const character = text[at];
    const top = closing.at(-1);
    if (expected === 'more' && top === undefined) return at === text.length ? -1 : at;
    if (expected === 'more' && character === ',') {
      expected = top === '}' ? 'key' : 'value';
      at++;
    } else if (character === top && (expected === 'more' || expected === 'value or ]' || expected === 'key or }')) {
      closing.pop();
      expected = 'more';
      at++;
    } else if (expected === 'more') {
      return at;
    } else if (expected === 'key' || expected === 'key or }') {
      if (character !== '"') return at;
      const end = endOfString(text, at);
      if (text[end] !== '"') return end;
      at = skip(BLANK, text, end + 1);
      if (text[at] !== ':') return at;
      expected = 'value';
      at++;
    } else if (character === '{' || character === '[') {
      closing.push(character === '{' ? '}' : ']');
      expected = character === '{' ? 'key or }' : 'value or ]';
      at++;
    } else {
      const end = character === '"' ? endOfString(text, at) : skip(SCALAR, text, at);
      if (character === '"' ? text[end] !== '"' : end === at) return end;
      at = character === '"' ? end + 1 : end;
      expected = 'more';
    }
  }
}

/** The index of the closing quote, or of what cannot stand in a string. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"' && text.charCodeAt(at) >= 0x20) {
    const next = text[at] === '\\' ? skip(ESCAPE, text, at) : at + 1;
    if (next === at) break;
    at = next;
  }
  return at;
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

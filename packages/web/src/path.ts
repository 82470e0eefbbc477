/** Spring's path patterns, as the router wants them and in Spring's order of preference. */

export interface PathPattern {
  /** As it is served: one leading slash, none at the end. */
  readonly text: string;
  /** For the router. The variable with index n is its parameter `vn`. */
  readonly router: string;
  readonly variables: readonly string[];
  /** Equal for patterns that fit the same paths. */
  readonly shape: string;
}

/** What a literal may hold without a meaning for the router. */
const PLAIN = /^[^:*?{}()[\]|\\^$+]+$/;
const VARIABLE = /^([\w$.-]+)(?::(.+))?$/s;

/**
 * @throws SyntaxError whose message says what is wrong with the pattern
 */
export function parsePath(...parts: readonly string[]): PathPattern {
  const text = `/${parts.join('/')}`.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  const variables: string[] = [];
  const segments = splitSegments(text);
  const router: string[] = [];
  const shape: string[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment === '**') {
      if (index < segments.length - 1) throw new SyntaxError('** can only stand at the end');
      router.push('*');
      shape.push('**');
    } else if (PLAIN.test(segment) || segment === '') {
      router.push(segment);
      shape.push(segment);
    } else {
      const pieces = tokens(segment).map((token) => piece(token, variables));
      const expression = pieces.map(({ source }) => source).join('');
      router.push(`:s${index}{${checked(segment === '*' ? '[^/]+' : expression)}}`);
      shape.push(pieces.map((one) => one.shape).join(''));
    }
  }
  const twice = variables.find((name, index) => variables.indexOf(name) !== index);
  if (twice !== undefined) throw new SyntaxError(`{${twice}} stands in it twice`);
  return { text, router: `/${router.join('/')}`, variables, shape: `/${shape.join('/')}` };
}

/** The more specific first: no `**`, fewer stars, fewer variables, longer. Spring: `PathPattern.SPECIFICITY_COMPARATOR`. */
export function bySpecificity(a: PathPattern, b: PathPattern): number {
  const [one, other] = [rank(a), rank(b)];
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function rank({ shape, variables }: PathPattern): [number, number, number] {
  const catchAll = shape.endsWith('/**') ? 1 : 0;
  const stars = shape.replace(/\{[^/]*\}/g, '').split('*').length - 1;
  return [catchAll, variables.length + 100 * stars, -shape.length];
}

/** At the slashes outside of braces. */
function splitSegments(path: string): string[] {
  const segments: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 1; at <= path.length; at++) {
    const char = path[at];
    if (char === '{') depth++;
    else if (char === '}') depth--;
    if (depth < 0) break;
    if (at === path.length || (char === '/' && depth === 0)) {
      segments.push(path.slice(start, at));
      start = at + 1;
    }
  }
  if (depth !== 0) throw new SyntaxError('its braces do not match');
  return segments;
}

/** `a-{id:\d{2}}.*` → `a-`, `{id:\d{2}}`, `.`, `*`. Braces are known to match. */
const tokens = (segment: string): readonly string[] =>
  segment.match(/\{(?:[^{}]|\{[^{}]*\})*\}|[*?]|[^{}*?]+|./gs) ?? [];

function piece(token: string, variables: string[]): { readonly source: string; readonly shape: string } {
  if (token === '*') return { source: '[^/]*', shape: '*' };
  if (token === '?') return { source: '[^/]', shape: '?' };
  if (!token.startsWith('{')) return { source: token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), shape: token };
  const [, name, expression] = VARIABLE.exec(token.slice(1, -1)) ?? [];
  if (name === undefined) throw new SyntaxError(`${token} is no variable`);
  variables.push(name);
  const source = `(?<v${variables.length - 1}>${expression ?? '[^/]+'})`;
  return { source, shape: expression === undefined ? '{}' : `{:${expression}}` };
}

/** The router finds the end of an expression only where all braces in it are quantifiers. */
function checked(expression: string): string {
  if (/[{}]/.test(expression.replace(/\{[\d,]+\}/g, ''))) {
    throw new SyntaxError('a regular expression in a path can have braces only for {n,m}');
  }
  // throws where it is no regular expression
  void new RegExp(expression);
  return expression;
}

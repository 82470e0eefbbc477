/**
 * Property names and when two of them are the same. `back-off-max-interval`, `backOffMaxInterval`,
 * `back_off_max_interval` and `BACKOFFMAXINTERVAL` are one name; `[a.b]` is one segment whatever it holds.
 */
export interface Segment {
  /** In the user's spelling. Outside brackets only letters, digits, `-` and `_` count, as in Spring Boot. */
  readonly text: string;
  /** What is compared: lower case, without `-` and `_`. */
  readonly uniform: string;
  readonly kind: 'name' | 'bracket' | 'index';
  /** Where it stands, when it stands in a file. */
  readonly line?: number;
  readonly column?: number;
}

export type Path = readonly Segment[];

const uniform = (text: string): string => text.toLowerCase().replace(/[-_]/g, '');

const PLAIN = /^[a-z0-9]*$/;

function nameSegment(raw: string, at: Position | undefined, offset: number): Segment {
  if (PLAIN.test(raw)) return { text: raw, uniform: raw, kind: 'name', ...place(at, offset) };
  const text = raw.replace(/[^\p{L}\p{N}_-]/gu, '');
  return { text, uniform: uniform(text), kind: 'name', ...place(at, offset) };
}

const place = (at: Position | undefined, offset: number): Partial<Position> =>
  at === undefined ? {} : { line: at.line, column: at.column + offset };

export interface Position {
  readonly line: number;
  readonly column: number;
}

export const indexSegment = (index: number, at?: Position): Segment => ({
  text: String(index),
  uniform: String(index),
  kind: 'index',
  ...at,
});

/** Splits `a.b[0].[c.d]` into its segments. `at`: where the key's first character stands. */
export function parseKey(key: string, at?: Position): Segment[] {
  const path: Segment[] = [];
  let start = 0;
  let position = 0;
  const endName = (): void => {
    if (position > start) {
      const segment = nameSegment(key.slice(start, position), at, start);
      if (segment.text !== '') path.push(segment);
    }
  };
  while (position < key.length) {
    const char = key[position];
    const close = char === '[' ? key.indexOf(']', position) : -1;
    if (close > position) {
      endName();
      const text = key.slice(position + 1, close);
      path.push({
        text,
        uniform: uniform(text),
        kind: /^\d+$/.test(text) ? 'index' : 'bracket',
        ...place(at, position),
      });
      start = position = close + 1;
    } else if (char === '.') {
      endName();
      start = ++position;
    } else {
      position++;
    }
  }
  endName();
  return path;
}

/** The form under which a path is stored and looked up. */
export function uniformKey(path: Path): string {
  let key = '';
  for (const segment of path) key += key === '' ? segment.uniform : `.${segment.uniform}`;
  return key;
}

/** As a person writes it in a file. */
export function formatPath(path: Path): string {
  let text = '';
  for (const { text: part, kind } of path) {
    if (kind === 'index') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${kind === 'bracket' ? `[${part}]` : part}`;
  }
  return text;
}

/** As the key of a map whose keys may hold dots: brackets are gone, those of a list index stay. */
export function mapKey(path: Path): string {
  let text = '';
  for (const { text: part, kind } of path) {
    text += kind === 'index' && text !== '' ? `[${part}]` : `${text === '' ? '' : '.'}${part}`;
  }
  return text;
}

/** How many leading segments of `path` make up the uniform key `prefix`; -1 when none do. */
export function prefixLength(path: Path, key: string, prefix: string): number {
  if (prefix === '') return 0;
  if (key !== prefix && !key.startsWith(`${prefix}.`)) return -1;
  let length = -1;
  for (let index = 0; index < path.length; index++) {
    length += path[index]!.uniform.length + 1;
    if (length === prefix.length) return index + 1;
  }
  return -1;
}

/**
 * The environment variables that may carry a property, best first: Boot's `BACKOFFMAXINTERVAL`, and the older form with
 * `_` for `-`, which is what most people type.
 */
export function variableNames(path: Path): readonly string[] {
  let canonical = '';
  let legacy = '';
  for (const { text, uniform: plain } of path) {
    const joint = canonical === '' ? '' : '_';
    canonical += joint + plain.replace(/[^\p{L}\p{N}]/gu, '_');
    legacy += joint + text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^\p{L}\p{N}]/gu, '_');
  }
  canonical = canonical.toUpperCase();
  legacy = legacy.toUpperCase();
  return canonical === legacy ? [canonical] : [canonical, legacy];
}

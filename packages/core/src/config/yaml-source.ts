/** Reads yml files: every scalar as its text with its place, so that a password of `0123` stays one. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { DocumentBuilder, type ConfigDocument } from './documents.js';
import { indexSegment, parseKey, type Path, type Position } from './names.js';
import type { Report } from './problems.js';

const NULL = /^(~|null|Null|NULL|)$/;
const MAX_DEPTH = 64;
const MAX_NODES = 100_000;

/** Our words for the parser's codes. Its own texts quote the file, and what is quoted may be a password. */
const SAYS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias takes neither an anchor nor a tag',
  BAD_ALIAS: 'an alias names no anchor above it; a text that begins with * needs quotes',
  BAD_INDENT: 'the indentation does not fit the lines above; keys of one block begin in the same column',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape, and this is none; use single quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a key stands where a value ended; check the indentation and the space behind the colon',
  BLOCK_IN_FLOW: 'a block stands inside { } or [ ]',
  IMPOSSIBLE: 'a key in brackets needs quotes: "[a.b]"',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters, or its colon is missing',
  MISSING_CHAR: 'a character is missing: a quote, a bracket or a colon',
  MULTILINE_IMPLICIT_KEY: 'a key goes over more than one line; a colon or a quote is missing',
  TAB_AS_INDENT: 'a tab is used for indentation; yml takes spaces only',
  UNEXPECTED_TOKEN: 'a text goes on where it ended; one that holds quotes, brackets or braces needs quotes around it',
};

export function readYaml(text: string, file: string, report: Report): ConfigDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  if ('empty' in parsed) return [];
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // a build's unfilled @placeholder@ is a text here; the check names it
  const fatal = parsed
    .flatMap(({ errors }) => errors)
    .find(({ code, pos }) => !(code === 'BAD_SCALAR_START' && text[pos[0]] === '@'));
  if (fatal !== undefined) {
    // an indentation is reported at the start of its line
    const blank = /^ */.exec(text.slice(fatal.pos[0]))![0].length;
    // a quote that is missing is noticed at the end of the file
    const offset = /^Missing closing .*quote/.test(fatal.message) ? lastQuoted(parsed) : fatal.pos[0] + blank;
    const code = fatal.message.startsWith('Flow ') ? 'MISSING_CHAR' : fatal.code;
    const message = SAYS[code] ?? `is not valid yml (${code})`;
    report({ severity: 'error', code: 'CONFIG_FILE', file, ...place(offset), path: '', message });
    return [];
  }
  return parsed.map((document) => new Walk(document, file, place, report).read());
}

/** Where the last text in quotes begins. */
function lastQuoted(documents: readonly Document[]): number {
  let offset = 0;
  for (const document of documents) {
    visit(document, {
      Scalar: (_, { type, range }) => {
        if (type?.startsWith('QUOTE') && range) offset = Math.max(offset, range[0]);
      },
    });
  }
  return offset;
}

class Walk {
  readonly #document: Document;
  readonly #place: (offset: number) => Position;
  readonly #file: string;
  readonly #report: Report;
  readonly #builder: DocumentBuilder;
  #nodes = 0;

  constructor(document: Document, file: string, place: (offset: number) => Position, report: Report) {
    this.#document = document;
    this.#place = place;
    this.#file = file;
    this.#report = report;
    this.#builder = new DocumentBuilder(file, report);
  }

  read(): ConfigDocument {
    const root = this.#document.contents;
    if (root !== null && !isMap(root) && !(isScalar(root) && NULL.test(scalarText(root)))) {
      this.#fail(this.#at(root), 'a configuration file holds keys and values; this is neither');
    } else if (isMap(root)) {
      this.#map(root, []);
    }
    return this.#builder.build();
  }

  #node(given: unknown, path: Path, keyAt: Position): void {
    const node = isAlias(given) ? given.resolve(this.#document) : given;
    if (isAlias(given) && node === undefined) return this.#fail(this.#at(given), SAYS['BAD_ALIAS']!);
    // aliases can nest without end, or multiply
    if (path.length > MAX_DEPTH || ++this.#nodes > MAX_NODES) {
      if (this.#nodes !== Infinity) this.#fail(keyAt, 'aliases lead to more values than a file can hold');
      this.#nodes = Infinity;
    } else if (isMap(node) && node.items.length > 0) {
      this.#map(node, path);
    } else if (isSeq(node) && node.items.length > 0) {
      node.items.forEach((item, index) => {
        const where = this.#at(item, keyAt);
        this.#node(item, [...path, indexSegment(index, where)], where);
      });
    } else if (isScalar(node)) {
      const value = scalarText(node);
      const empty = node.type === 'PLAIN' && NULL.test(value);
      this.#builder.add(path, empty ? '' : value, empty ? keyAt : this.#at(given, keyAt), empty);
    } else {
      // an empty list is a list; an empty block is nothing
      this.#builder.add(path, '', keyAt, !isSeq(node));
    }
  }

  #map(map: YAMLMap, path: Path): void {
    const own = new Map<string, Position>();
    const pairs = map.items.filter((pair) => {
      const key = keyText(pair);
      const where = this.#at(pair.key);
      if (key === undefined) this.#fail(where, SAYS['IMPOSSIBLE']!);
      if (key === undefined) return false;
      const earlier = own.get(key);
      if (earlier === undefined) own.set(key, where);
      else if (key !== MERGE) {
        const first = `${this.#file}:${earlier.line}:${earlier.column}`;
        this.#fail(where, `the key ${key} is written twice in one block, first at ${first}`);
      }
      return earlier === undefined || key === MERGE;
    });
    for (const pair of pairs) {
      if (isMerge(pair)) this.#merge(pair.value, new Set(own.keys()), path);
      else this.#pair(pair, path);
    }
  }

  #pair(pair: Pair, path: Path): void {
    const where = this.#at(pair.key);
    const quoted = isScalar(pair.key) && pair.key.type !== 'PLAIN' ? 1 : 0;
    const segments = parseKey(keyText(pair) ?? '', { line: where.line, column: where.column + quoted });
    if (segments.length > 0) this.#node(pair.value, [...path, ...segments], where);
  }

  /** `<<: *defaults`: the keys of the block itself, which are taken, win over those merged in. */
  #merge(given: unknown, taken: Set<string>, path: Path, inside: readonly unknown[] = []): void {
    const node = isAlias(given) ? given.resolve(this.#document) : given;
    for (const item of isSeq(node) ? node.items : [node]) {
      const source = isAlias(item) ? item.resolve(this.#document) : item;
      if (!isMap(source) || inside.includes(source)) continue;
      for (const pair of source.items) {
        const key = keyText(pair);
        if (isMerge(pair)) this.#merge(pair.value, taken, path, [...inside, source]);
        else if (key !== undefined && !taken.has(key)) this.#pair(pair, path);
        if (key !== undefined) taken.add(key);
      }
    }
  }

  #at(node: unknown, otherwise: Position = { line: 1, column: 1 }): Position {
    const range = (node as Node | null | undefined)?.range;
    return range ? this.#place(range[0]) : otherwise;
  }

  #fail(where: Position, message: string): void {
    this.#report({ severity: 'error', code: 'CONFIG_FILE', file: this.#file, ...where, path: '', message });
  }
}

/** All scalars are texts: the failsafe schema knows no other. */
const scalarText = ({ value }: Scalar): string => (typeof value === 'string' ? value : '');

const keyText = ({ key }: Pair): string | undefined => (isScalar(key) ? scalarText(key) : undefined);

const MERGE = '<<';

const isMerge = ({ key }: Pair): boolean => isScalar(key) && key.type === 'PLAIN' && key.value === MERGE;

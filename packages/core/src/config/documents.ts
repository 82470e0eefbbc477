/** One document of a file: its entries, on which profiles it depends, and what it imports. */
import { formatPath, type Path, type Position } from './names.js';
import { at, type Report } from './problems.js';
import { entry, type Entry, type Origin } from './sources.js';

export interface ConfigDocument {
  readonly entries: readonly Entry[];
  /** Profile expressions of which one must hold; absent: always in force. */
  readonly onProfile?: readonly Entry[];
  /** Locations of further files, in force together with this document and above it. */
  readonly imports: readonly Entry[];
}

const CONDITIONS = ['spring.profiles', 'spring.config.activate.onprofile'];
const IMPORT = 'spring.config.import';

/** The key itself, or an element of the list of that name. */
const isKey = (candidate: Entry, key: string): boolean =>
  candidate.key === key ||
  (candidate.path.at(-1)?.kind === 'index' && candidate.key.slice(0, candidate.key.lastIndexOf('.')) === key);

/** Collects the entries of one document and tells of properties that are written twice. */
export class DocumentBuilder {
  readonly #file: string;
  readonly #report: Report;
  readonly #entries = new Map<string, Entry>();

  constructor(file: string, report: Report) {
    this.#file = file;
    this.#report = report;
  }

  origin({ line, column }: Position): Origin {
    return { text: `${this.#file}:${line}:${column}`, file: this.#file, line, column };
  }

  /** The later of two wins, as in Spring. */
  add(path: Path, value: string, position: Position, empty = false): void {
    const added = entry(path, value, this.origin(position), empty);
    const earlier = this.#entries.get(added.key);
    if (earlier !== undefined && !(earlier.empty || empty)) this.#twice(earlier, added);
    if (earlier === undefined || !empty) this.#entries.set(added.key, added);
  }

  build(): ConfigDocument {
    const onProfile: Entry[] = [];
    const imports: Entry[] = [];
    const entries: Entry[] = [];
    for (const candidate of this.#entries.values()) {
      if (CONDITIONS.some((key) => isKey(candidate, key))) onProfile.push(candidate);
      else if (isKey(candidate, IMPORT)) imports.push(candidate);
      else entries.push(candidate);
    }
    return { entries, imports, ...(onProfile.some(({ value }) => value !== '') && { onProfile }) };
  }

  #twice(earlier: Entry, later: Entry): void {
    const [first, second] = [formatPath(earlier.path), formatPath(later.path)];
    this.#report({
      severity: 'warning',
      code: 'CONFIG_KEY',
      ...at(later.origin),
      path: second,
      message:
        first === second
          ? `is written a second time, first at ${earlier.origin.text}; this one counts`
          : `is one property with ${first} at ${earlier.origin.text}; this one counts`,
    });
  }
}

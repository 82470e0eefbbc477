/** All sources as one, by precedence. What is asked here is raw: placeholders and types come later. */
import { indexSegment, parseKey, prefixLength, uniformKey, variableNames, type Path } from './names.js';
import { entry, type Entry, type Variables } from './sources.js';

export interface Below {
  /** The path behind the prefix, at least one segment. */
  readonly rest: Path;
  readonly entry: Entry;
}

export interface PropertyView {
  find(path: Path): Entry | undefined;
  below(prefix: Path): readonly Below[];
  entries(): Iterable<Entry>;
}

/** The key of the list that an entry is an element of, if it is one. */
function listRoot(path: Path): string | undefined {
  const index = path.findIndex(({ kind }) => kind === 'index');
  return index > 0 ? uniformKey(path.slice(0, index)) : undefined;
}

export class PropertyStore implements PropertyView {
  readonly #entries = new Map<string, Entry>();
  /** Keys of the elements of each list: a list of a higher source replaces a lower one whole. */
  readonly #lists = new Map<string, Set<string>>();
  readonly #variables = new Map<string, Entry>();
  /** Names of variables that stand for keys which are known without them. */
  readonly #overriding = new Set<string>();

  /** Sources are added from the lowest to the highest. */
  add(source: readonly Entry[]): void {
    const replaced = new Set<string>();
    for (const added of source) {
      const root = listRoot(added.path);
      if (root !== undefined) {
        if (!replaced.has(root)) this.#forget(root);
        replaced.add(root);
        const list = this.#lists.get(root);
        if (list) list.add(added.key);
        else this.#lists.set(root, new Set([added.key]));
      } else if (this.#lists.has(added.key)) {
        this.#forget(added.key);
      }
      this.#entries.set(added.key, added);
    }
  }

  /**
   * Environment variables, above what was added before. They cannot be turned into keys without loss, so those known by
   * then are looked for one by one, and others when they are asked for.
   */
  addVariables(variables: Variables): void {
    for (const name in variables) {
      const value = variables[name];
      if (value === undefined || name.includes('.')) continue;
      this.#variables.set(name.toUpperCase(), entry([], value, { text: `environment variable ${name}` }));
    }
    const known = [...this.#entries.values()].map(({ path }) => path);
    const lists = [...this.#lists.values()].map((keys) => {
      const path = this.#entries.get(keys.values().next().value!)!.path;
      return path.slice(
        0,
        path.findIndex(({ kind }) => kind === 'index'),
      );
    });
    for (const path of [...lists, ...known]) {
      const found = this.#variable(path);
      // an element of a list that a variable has just replaced is gone
      if (found === undefined || !(this.#entries.has(found.key) || this.#lists.has(found.key))) continue;
      for (const name of variableNames(path)) this.#overriding.add(name);
      this.#replace(found);
    }
  }

  find(path: Path): Entry | undefined {
    const key = uniformKey(path);
    return this.#entries.get(key) ?? (this.#lists.has(key) ? undefined : this.#variable(path));
  }

  below(prefix: Path): readonly Below[] {
    const prefixKey = uniformKey(prefix);
    const found: Below[] = [];
    for (const candidate of this.#entries.values()) {
      const length = prefixLength(candidate.path, candidate.key, prefixKey);
      if (length >= 0 && length < candidate.path.length) {
        found.push({ rest: candidate.path.slice(length), entry: candidate });
      }
    }
    return prefix.length === 0 ? found : [...found, ...this.#variablesBelow(prefix, found)];
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  #forget(root: string): void {
    this.#entries.delete(root);
    for (const key of this.#lists.get(root) ?? []) this.#entries.delete(key);
    this.#lists.delete(root);
  }

  #replace(found: Entry): void {
    if (this.#lists.has(found.key)) this.#forget(found.key);
    this.#entries.set(found.key, found);
  }

  #variable(path: Path): Entry | undefined {
    if (path.length === 0) return undefined;
    for (const name of variableNames(path)) {
      const variable = this.#variables.get(name);
      if (variable !== undefined) {
        return { ...variable, path, key: uniformKey(path) };
      }
    }
    return undefined;
  }

  /** Variables that name something new: it is spelt in lower case, except where a name that is known fits. */
  #variablesBelow(prefix: Path, known: readonly Below[]): Below[] {
    const starts = variableNames(prefix).map((name) => `${name}_`);
    const found: Below[] = [];
    for (const [name, variable] of this.#variables) {
      const start = starts.find((text) => name.startsWith(text));
      if (start === undefined || this.#overriding.has(name)) continue;
      const rest = spell(name.slice(start.length), known);
      if (rest.length === 0) continue;
      const path = [...prefix, ...rest];
      found.push({ rest, entry: { ...variable, path, key: uniformKey(path) } });
    }
    return found;
  }
}

/** `MY_INPUT_GROUP` behind the prefix, where the name `my-input` is known there, is `my-input.group`. */
function spell(tail: string, known: readonly Below[]): Path {
  for (const { rest } of known) {
    const name = variableNames(rest.slice(0, 1)).find((text) => tail.startsWith(`${text}_`));
    if (name !== undefined) return [rest[0]!, ...words(tail.slice(name.length + 1))];
  }
  return words(tail);
}

const words = (tail: string): Path =>
  tail
    .toLowerCase()
    .split('_')
    .flatMap((word) => (/^\d+$/.test(word) ? [indexSegment(Number(word))] : parseKey(word)));

/** What stands below a prefix, as if it stood at the root: over the parent, or alone. */
export class OverlayView implements PropertyView {
  readonly #parent: PropertyView;
  readonly #prefix: Path;
  readonly #inherit: boolean;

  constructor(parent: PropertyView, prefix: Path, inherit: boolean) {
    this.#parent = parent;
    this.#prefix = prefix;
    this.#inherit = inherit;
  }

  find(path: Path): Entry | undefined {
    const own = this.#parent.find([...this.#prefix, ...path]);
    if (!this.#inherit || (own !== undefined && !own.empty)) return own;
    // a list of our own hides one value of the parent
    const list =
      own === undefined && this.#parent.below([...this.#prefix, ...path]).some(({ rest }) => isElement(rest));
    return list ? undefined : (this.#parent.find(path) ?? own);
  }

  below(prefix: Path): readonly Below[] {
    const own = this.#parent.below([...this.#prefix, ...prefix]);
    if (!this.#inherit) return own;
    const keys = new Set(own.map(({ rest }) => uniformKey(rest)));
    const lists = new Set(own.map(({ rest }) => rootOf(rest)).filter((root) => root !== undefined));
    const inherited = this.#parent.below(prefix).filter(({ rest }) => {
      const root = rootOf(rest);
      return !keys.has(uniformKey(rest)) && (root === undefined || !(lists.has(root) || keys.has(root)));
    });
    return [...own, ...inherited];
  }

  entries(): Iterable<Entry> {
    return this.#inherit ? this.#parent.entries() : this.below([]).map((found) => found.entry);
  }
}

const isElement = (rest: Path): boolean => rest[0]?.kind === 'index';

/** As `listRoot`, and the empty key when the prefix itself is the list. */
const rootOf = (rest: Path): string | undefined => (isElement(rest) ? '' : listRoot(rest));

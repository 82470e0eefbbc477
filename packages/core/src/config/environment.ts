/** What the rest of the application sees of its configuration. */
import { StreambindError, isStreambindError } from '../errors/index.js';
import type { Option, Schema } from '../schema/index.js';
import { AddedView } from './added-view.js';
import { checkKeys } from './check.js';
import { convert, list, type Converted } from './conversion.js';
import type { KeyGroup } from './key-tree.js';
import { formatPath, mapKey, parseKey, uniformKey, type Path } from './names.js';
import { Problems, at, type Problem } from './problems.js';
import { optionPaths, type OptionPath } from './option-paths.js';
import { resolvePlaceholders, type Found } from './placeholders.js';
import { matchesProfile } from './profiles.js';
import { OverlayView, type Below, type PropertyView } from './property-store.js';
import { isSecret, printable } from './secrets.js';
import { entry, type Entry, type Origin } from './sources.js';

export interface Property {
  readonly key: string;
  /** Resolved, and masked when it is a secret. */
  readonly value: string;
  readonly origin: Origin;
}

interface Parts {
  readonly view: PropertyView;
  readonly problems: Problems;
  readonly profiles: readonly string[];
  /** The profiles in force when none was asked for. */
  readonly fallbackProfiles: readonly string[];
  /** Where placeholders look when `view` does not have the name. */
  readonly outer?: PropertyView;
}

export class Environment {
  readonly #parts: Parts;

  /** @internal made by `loadEnvironment` */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The profiles that were asked for, in the order in which they apply: the last wins. */
  get activeProfiles(): readonly string[] {
    return this.#parts.profiles;
  }

  /** All problems found so far: by loading, by `options`, by a check. Each once. */
  get problems(): readonly Problem[] {
    return this.#parts.problems.list();
  }

  /**
   * The value of a property in any spelling, placeholders resolved; undefined when it is not set.
   * @throws CONFIG_PLACEHOLDER, CONFIG_CIRCULAR
   */
  get(key: string): string | undefined {
    const found = this.#parts.view.find(parseKey(key));
    return found && this.#resolved(found);
  }

  /** @throws CONFIG_PLACEHOLDER when it is not set, and as `get` */
  require(key: string): string {
    const value = this.get(key);
    if (value === undefined) throw new StreambindError('CONFIG_PLACEHOLDER', `The property ${key} is not set.`);
    return value;
  }

  origin(key: string): Origin | undefined {
    return this.#parts.view.find(parseKey(key))?.origin;
  }

  /** Where a key itself is written, that of a block too; for one that is in no file, as `origin`. */
  keyOrigin(key: string): Origin | undefined {
    const path = parseKey(key);
    const [below] = this.#parts.view.below(path);
    const found = this.#parts.view.find(path) ?? below?.entry;
    const segment = found?.path[found.path.length - 1 - (found === below?.entry ? below.rest.length : 0)];
    const { file } = found?.origin ?? {};
    if (file === undefined || segment?.line === undefined) return found?.origin;
    const { line, column } = segment;
    return { text: `${file}:${line}:${column}`, file, line, ...(column !== undefined && { column }) };
  }

  /**
   * Replaces `${name:default}` in a text that stands elsewhere than in the configuration.
   * @param where the text stands, for the error
   * @throws CONFIG_PLACEHOLDER, CONFIG_CIRCULAR
   */
  resolve(text: string, where = text): string {
    return resolvePlaceholders(text, where, (name) => this.#lookup(name));
  }

  /** True when one of the expressions (`a`, `!b`, `a & (b | !c)`) holds. */
  acceptsProfiles(...expressions: readonly string[]): boolean {
    const { profiles, fallbackProfiles } = this.#parts;
    const active = new Set(profiles.length > 0 ? profiles : fallbackProfiles);
    return expressions.some((expression) => matchesProfile(expression, active));
  }

  /** The names directly below a prefix, in the user's spelling; each once, whatever its case. */
  names(prefix: string): readonly string[] {
    const names = new Map<string, string>();
    for (const { rest } of this.#parts.view.below(parseKey(prefix))) {
      if (!names.has(rest[0]!.uniform)) names.set(rest[0]!.uniform, rest[0]!.text);
    }
    return [...names.values()];
  }

  /**
   * Reads the options of a schema; those that are not set have their default. The first prefix that has an option wins;
   * maps are merged key by key. A key with nothing behind it is not set; neither is an empty text, except where it
   * replaces a default or is a secret. What cannot be read becomes a problem and has its default.
   */
  options<T>(schema: Schema<T>, ...prefixes: readonly string[]): T {
    const paths = prefixes.map((prefix) => parseKey(prefix));
    const values: Record<string, unknown> = {};
    for (const one of optionPaths(schema)) {
      const { name, option } = one;
      values[name] = (option.unsupported === undefined ? this.#read(one, paths) : undefined) ?? option.default;
    }
    return values as T;
  }

  /** Judges every key that is set by the groups of keys that are known; see `problems`. */
  check(groups: readonly KeyGroup[]): void {
    checkKeys(this, groups);
  }

  /** Every property that is set, for `--debug`. */
  *properties(): Iterable<Property> {
    for (const found of this.#parts.view.entries()) {
      let { value } = found;
      try {
        value = this.#resolved(found);
      } catch {
        // printed as it is written: whether anybody needs it is not known here
      }
      yield { key: formatPath(found.path), value: printable(found.path, value), origin: found.origin };
    }
  }

  /**
   * What stands below a prefix as an environment of its own: over this one with `inherit`, else alone. Problems of both
   * are one list. Placeholders may always name properties of this one.
   */
  child(overlayPrefix: string, inherit: boolean): Environment {
    const { view } = this.#parts;
    return new Environment({
      ...this.#parts,
      view: new OverlayView(view, parseKey(overlayPrefix), inherit),
      outer: view,
    });
  }

  /** This environment with a few properties above all others. Its problems are its own, and its check judges only them. */
  with(properties: Readonly<Record<string, string>>): Environment {
    const added = Object.entries(properties).map(([key, value]) =>
      entry(parseKey(key), value, { text: 'the program' }),
    );
    return new Environment({
      ...this.#parts,
      view: new AddedView(added, this.#parts.view),
      problems: new Problems(),
      outer: this.#parts.view,
    });
  }

  /** @internal for the check: reads one value as an option, reporting what is wrong with it. */
  readEntry(found: Entry, option: Option): unknown {
    const text = this.#attempt(found, () => this.#resolved(found));
    if (text === undefined) return undefined;
    if (text === '' && !takesEmpty(option)) return undefined;
    const converted = convert(option, text);
    return 'value' in converted ? converted.value : this.#badValue(found, option, text, converted);
  }

  /** @internal for the check */
  get view(): PropertyView {
    return this.#parts.view;
  }

  /** @internal for the check */
  report(problem: Problem): void {
    this.#parts.problems.report(problem);
  }

  #read(one: OptionPath, prefixes: readonly Path[]): unknown {
    const { option, spellings } = one;
    if (option.type === 'map' || option.type === 'boolean-map') return this.#readMap(one, prefixes);
    for (const prefix of prefixes) {
      for (const spelling of spellings) {
        const path = [...prefix, ...spelling];
        const found = this.#parts.view.find(path);
        if (found !== undefined && !found.empty) return this.readEntry(found, option);
        const elements = option.type === 'list' ? this.#parts.view.below(path).filter(isElement) : [];
        if (elements.length > 0) return this.#readElements(elements, option);
      }
    }
    return undefined;
  }

  #readElements(elements: readonly Below[], option: Option): unknown {
    const sorted = elements.toSorted((one, other) => Number(one.rest[0]!.text) - Number(other.rest[0]!.text));
    const texts: string[] = [];
    for (const { entry } of sorted) {
      const text = this.#attempt(entry, () => this.#resolved(entry));
      if (text === undefined) return undefined;
      const converted = list(option, [text]);
      if (!('value' in converted)) return this.#badValue(entry, option, text, converted);
      texts.push(...(converted.value as string[]));
    }
    return texts;
  }

  #readMap({ option, spellings }: OptionPath, prefixes: readonly Path[]): unknown {
    const taken = new Set<string>();
    const pairs: [string, unknown][] = [];
    for (const prefix of prefixes) {
      for (const spelling of spellings) {
        for (const { rest, entry } of this.#parts.view.below([...prefix, ...spelling])) {
          const key = uniformKey(rest);
          if (entry.empty || taken.has(key)) continue;
          taken.add(key);
          const value = this.readEntry(entry, option);
          if (value !== undefined) pairs.push([mapKey(rest), value]);
        }
      }
    }
    // from pairs, so that a key of the name __proto__ is a key
    return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
  }

  #badValue(found: Entry, option: Option, text: string, { allowed, outside }: Refused): undefined {
    const wrong = option.values !== undefined ? 'is none of' : outside ? 'is out of range:' : 'is not';
    const source = found.origin.file === undefined ? ` (${found.origin.text})` : '';
    this.report({
      severity: 'error',
      code: 'CONFIG_VALUE',
      ...at(found.origin),
      path: formatPath(found.path),
      message: `${wrong} ${allowed}${source}`,
      given: printable(found.path, text, option.secret),
      allowed,
    });
    return undefined;
  }

  /** A placeholder that cannot be resolved becomes a problem. */
  #attempt(found: Entry, read: () => string): string | undefined {
    try {
      return read();
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      this.report({
        severity: 'error',
        code: error.code,
        ...at(found.origin),
        path: formatPath(found.path),
        message: error.message.split('\n', 1)[0]!,
        given: printable(found.path, found.value, isSecret(found.path)),
        ...(error.details.fix !== undefined && { allowed: error.details.fix }),
      });
      return undefined;
    }
  }

  #resolved(found: Entry): string {
    return resolvePlaceholders(found.value, whereOf(found), (name) => this.#lookup(name));
  }

  #lookup(name: string): Found | undefined {
    const path = parseKey(name);
    const found = this.#parts.view.find(path) ?? this.#parts.outer?.find(path);
    return found && { value: found.value, where: whereOf(found) };
  }
}

type Refused = Exclude<Converted, { readonly value: unknown }>;

const isElement = ({ rest }: Below): boolean => rest.length === 1 && rest[0]!.kind === 'index';

const takesEmpty = ({ type, default: fallback, secret }: Option): boolean =>
  type === 'map' || type === 'list' || (type === 'string' && (fallback !== undefined || secret === true));

const whereOf = ({ path, origin }: Entry): string => `${origin.text} (${formatPath(path)})`;

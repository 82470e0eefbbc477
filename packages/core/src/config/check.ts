/** Walks every key that is set through the tree of known keys and tells what is wrong with it, and what was meant. */
import { nearest, type ErrorCode } from '../errors/index.js';
import type { Environment } from './environment.js';
import { fillStars, isOpen, KeyTree, STAR, type KeyGroup, type KnownOption, type Match } from './key-tree.js';
import { formatPath, parseKey, type Path, type Segment } from './names.js';
import { at, type Problem } from './problems.js';
import { printable } from './secrets.js';
import { abbreviated, otherPlaces, similarElsewhere } from './suggestions.js';
import type { Entry } from './sources.js';

/** The tree that is wholly ours: what is not known below it is a mistake. */
const OURS = parseKey('spring.cloud.stream');
/** What the tree of a binder holds; one whose package is not there is not judged. */
const BINDER_TREE = new Set(['binder', 'bindings', 'default']);

export function checkKeys(environment: Environment, groups: readonly KeyGroup[]): void {
  const check = new Check(environment, new KeyTree(groups));
  for (const entry of environment.view.entries()) check.judge(entry);
}

class Check {
  readonly #environment: Environment;
  readonly #tree: KeyTree;

  constructor(environment: Environment, tree: KeyTree) {
    this.#environment = environment;
    this.#tree = tree;
  }

  judge(entry: Entry): void {
    const { path, value } = entry;
    if (/^@[\w.-]+@$/.test(value)) {
      this.#tell(entry, path.length, 'CONFIG_VALUE', 'a placeholder of a build that was not filled in', {
        given: value,
      });
      return;
    }
    const match = this.#tree.match(path);
    const { node, index } = match;
    const rest = path.slice(index);
    this.#defaultAsName(entry, match);
    if (node.known !== undefined && (rest.length === 0 || isOpen(node, rest))) this.#known(entry, match, node.known);
    else if (node.known !== undefined && node.children.size === 0) this.#belowValue(entry, match, node.known);
    else if (rest.length > 0) this.#unknown(entry, match);
    else if (node.owned && !node.unread && !entry.empty && value !== '') this.#valueForBlock(entry, match);
  }

  #known(entry: Entry, { node, index }: Match, { name, option, old }: KnownOption): void {
    const { path } = entry;
    if (node.unread) return;
    if (option.unsupported !== undefined) {
      this.#tell(entry, index, 'CONFIG_UNSUPPORTED', `has no effect here: ${option.unsupported}`);
    } else if (old) {
      this.#tell(entry, path.length, 'CONFIG_KEY', `is an old name of ${name}`, { suggestion: name });
    }
    if (option.unsupported === undefined && !entry.empty) this.#environment.readEntry(entry, option);
  }

  #belowValue(entry: Entry, { index }: Match, { option }: KnownOption): void {
    const isElement = entry.path[index]!.kind === 'index';
    this.#tell(
      entry,
      index,
      'CONFIG_VALUE',
      `takes ${option.type === 'list' ? 'a list' : 'one value'}, and ${isElement ? 'a list' : 'a block of keys'} stands below it`,
      { severity: 'error', allowed: option.type === 'list' ? 'a list, or words with commas' : option.type },
    );
  }

  #valueForBlock(entry: Entry, { node, names }: Match): void {
    const { path, value } = entry;
    const last = path.at(-1)!;
    const isName = names.at(-1) === path.length - 1;
    const misplaced = isName && node.children.get(last.uniform)?.known !== undefined;
    this.#tell(
      entry,
      path.length,
      'CONFIG_VALUE',
      misplaced ? 'stands where a name of yours belongs; check the indentation' : 'takes a block of keys, not a value',
      { severity: 'error', given: printable(path, value), allowed: this.#allowed(node) },
    );
  }

  /** `bindings.default`, where `default` beside `bindings` was meant. */
  #defaultAsName(entry: Entry, { start, names }: Match): void {
    for (const index of names) {
      const parent = this.#tree.match(entry.path.slice(start, index)).node.parent;
      if (entry.path[index]!.uniform !== 'default' || parent?.children.has('default') !== true) continue;
      const meant = formatPath([...entry.path.slice(start, index - 1), entry.path[index]!]);
      const message = `is taken as one of the name "default"; what applies to all stands below ${meant}`;
      this.#tell(entry, index + 1, 'CONFIG_KEY', message, { suggestion: meant });
    }
  }

  #unknown(entry: Entry, match: Match): void {
    const { path } = entry;
    const { node, start, index } = match;
    const segment = path[index]!;
    const inOurs = startsWith(path, start, OURS) && index >= start + OURS.length;
    if (segment.kind === 'index' && node.owned) {
      const message = 'takes a block of keys, and a list stands below it';
      this.#tell(entry, index, 'CONFIG_VALUE', message, { severity: 'error', allowed: this.#allowed(node) });
    } else if (this.#atWrongRoot(entry, match)) {
      return;
    } else if (inOurs) {
      this.#unknownOfOurs(entry, match);
    } else if (node.owned) {
      // others may know it; only what looks like a slip is told
      const close = nearest(segment.text, [...node.names('option'), ...node.names('block')]);
      if (segment.text.length < 4 || close?.[0] !== segment.uniform[0]) return;
      this.#unknownKey(entry, index, { suggestion: close! });
    }
  }

  #unknownOfOurs(entry: Entry, match: Match): void {
    const { path } = entry;
    const { node, start, index } = match;
    const names = match.names.map((at) => path[at]!);
    const rest = path.slice(index);
    const slip = this.#slip(node, rest);
    const isBinderTree =
      index === start + OURS.length && path.slice(index + 1, index + 3).some(({ uniform }) => BINDER_TREE.has(uniform));
    if ((isBinderTree && slip === undefined) || (node.unread && node.children.size === 0)) return;

    // `default-binder` in a binding, where its own `binder` was meant
    const own = node.children.get(rest[0]!.uniform.replace(/^default/, ''));
    if (rest.length === 1 && own?.known !== undefined) {
      this.#unknownKey(entry, index, { suggestion: own.text, allowed: this.#allowed(node) });
      return;
    }
    const walked = path.slice(start, index);
    const places = otherPlaces(this.#tree, rest, walked, OURS);
    if (places.length > 0) {
      const targets = places.map((place) => fillStars(place.path, names));
      const { block, name } = this.#within(rest, places[0]!.node);
      const message = `is not known here: move it to ${targets.join(' or ')}`;
      const suggestion = [targets[0], ...block.map(({ text }) => text), ...(block.length > 0 ? [] : [name])].join('.');
      const length = block.length > 0 ? index + block.length : path.length;
      this.#tell(entry, length, 'CONFIG_KEY', message, { suggestion });
    } else if (node.unread && slip === undefined) {
      return;
    } else if (!this.#dottedName(entry, match)) {
      const elsewhere = slip === undefined ? similarElsewhere(this.#tree, rest, walked, OURS) : undefined;
      const suggestion = slip ?? (elsewhere && `${fillStars(elsewhere.path, names)}.${elsewhere.name}`);
      const allowed = this.#allowed(node);
      this.#unknownKey(entry, index, {
        ...(suggestion !== undefined && { suggestion }),
        ...(allowed !== '' && { allowed }),
      });
    }
  }

  /** The option that a path reaches from a node, and the blocks between the two. */
  #within(rest: Path, from: Match['node']): { readonly block: Path; readonly name: string } {
    const { node, index } = this.#tree.match(rest, from);
    const { name } = node.known!;
    return { block: rest.slice(0, index - name.split('.').length), name };
  }

  /** The sibling that was probably meant: an option for a value, a block for a block, before the other. */
  #slip(node: Match['node'], rest: Path): string | undefined {
    const given = rest[0]!.text;
    // names that are known for advice only are not all the names there are
    if (node.unread) return nearest(given, [...node.names('option'), ...node.names('block')], 2);
    const order = rest.length === 1 ? (['option', 'block'] as const) : (['block', 'option'] as const);
    const [likely, other] = order.map((kind) => node.names(kind));
    return nearest(given, likely!) ?? abbreviated(given, likely!) ?? nearest(given, other!);
  }

  /** A whole key inside another, or `spring.cloud.stream` with a part missing, twice, or misspelt. */
  #atWrongRoot(entry: Entry, { start, index }: Match): boolean {
    const { path } = entry;
    for (let from = start + 1; from + OURS.length < path.length; from++) {
      if (!startsWith(path, from, OURS)) continue;
      if (this.#tree.option(path.slice(from), this.#tree.root) === undefined) continue;
      const suggestion = formatPath(path.slice(from));
      const message = 'a whole key stands inside another: it is spring.cloud.stream twice';
      this.#tell(entry, path.length, 'CONFIG_KEY', message, { suggestion });
      return true;
    }
    if (startsWith(path, start, OURS) && index > start + OURS.length) return false;
    const ours = this.#tree.match(OURS).node;
    for (let from = start; from < path.length; from++) {
      const { names } = this.#tree.match(path, ours, from);
      if (names.length > 0 && this.#tree.option(path.slice(from), ours) !== undefined) {
        const suggestion = formatPath([...path.slice(0, start), ...OURS, path[from]!]);
        this.#tell(entry, from + 1, 'CONFIG_KEY', 'belongs below spring.cloud.stream', { suggestion });
        return true;
      }
      const words = OURS.map(({ text }) => text);
      if (nearest(path[from]!.text, words) === undefined) return false;
    }
    return false;
  }

  /** `bindings.my.input.destination`: Spring reads the binding `my` there. */
  #dottedName(entry: Entry, { node, index, names }: Match): boolean {
    const { path } = entry;
    if (node.text !== STAR || names.at(-1) !== index - 1) return false;
    for (let end = index + 1; end < path.length; end++) {
      const { node: reached, index: until } = this.#tree.match(path, node, end);
      if (reached.known === undefined || !(until === path.length || isOpen(reached, path.slice(until)))) continue;
      const bracket: Segment = { text: formatPath(path.slice(index - 1, end)), uniform: '', kind: 'bracket' };
      const suggestion = formatPath([...path.slice(0, index - 1), bracket, ...path.slice(end)]);
      this.#tell(entry, end, 'CONFIG_KEY', 'a name with a dot needs brackets, in yml also quotes: "[a.b]"', {
        suggestion,
      });
      return true;
    }
    return false;
  }

  #allowed(node: Match['node']): string {
    return [...node.names('option'), ...node.names('block')].sort().join(', ');
  }

  #unknownKey(entry: Entry, index: number, more: Partial<Problem>): void {
    this.#tell(entry, index + 1, 'CONFIG_KEY', 'is not known', { given: entry.path[index]!.text, ...more });
  }

  /** `length`: how many segments of the key the problem is about; its place is that of the last one. */
  #tell(entry: Entry, length: number, code: ErrorCode, message: string, more: Partial<Problem> = {}): void {
    const { path, origin } = entry;
    const { line, column } = path[length - 1] ?? origin;
    const about = code === 'CONFIG_VALUE' && length === path.length ? {} : { ...(line && column && { line, column }) };
    this.#environment.report({
      severity: 'warning',
      code,
      ...at(origin),
      ...(origin.file !== undefined && about),
      path: formatPath(path.slice(0, length)),
      message: origin.file === undefined ? `${message} (${origin.text})` : message,
      ...more,
    });
  }
}

const startsWith = (path: Path, from: number, prefix: Path): boolean =>
  prefix.every(({ uniform }, index) => path[from + index]?.uniform === uniform);

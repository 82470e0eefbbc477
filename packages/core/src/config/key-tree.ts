/** All keys that an application knows, as one tree to walk a user's key through. */
import { kebab, type Option, type Schema } from '../schema/index.js';
import { optionPaths } from './option-paths.js';
import { formatPath, parseKey, type Path, type Segment } from './names.js';

/** Keys that belong together and where they stand. */
export interface KeyGroup {
  /** `spring.cloud.stream.bindings.*.consumer`; `*` stands for one name of the user's choice. */
  readonly prefix: string;
  readonly schema: Schema;
  /** What stands below the prefix are whole keys again, judged as if they stood at the root. */
  readonly nested?: boolean;
  /** Nobody reads these keys: their names are known for advice only, values and unknown names are not judged. */
  readonly unread?: boolean;
}

export interface KnownOption {
  /** As a file should spell it. */
  readonly name: string;
  readonly option: Option;
  /** Reached by a name of an older release. */
  readonly old: boolean;
}

export class KeyNode {
  readonly children = new Map<string, KeyNode>();
  readonly text: string;
  readonly parent: KeyNode | undefined;
  star: KeyNode | undefined;
  known: KnownOption | undefined;
  /** At or below the prefix of a group, so that what is missing here is missing. */
  owned = false;
  nested = false;
  unread: boolean;

  constructor(text: string, parent: KeyNode | undefined) {
    this.text = text;
    this.parent = parent;
    this.owned = parent?.owned ?? false;
    this.unread = parent?.unread ?? false;
  }

  child(segment: Segment): KeyNode {
    if (segment.text === STAR) return (this.star ??= new KeyNode(STAR, this));
    let child = this.children.get(segment.uniform);
    if (child === undefined) this.children.set(segment.uniform, (child = new KeyNode(segment.text, this)));
    return child;
  }

  /** Names of the options, or of the blocks, right below. */
  names(kind: 'option' | 'block'): string[] {
    const names: string[] = [];
    for (const { text, known } of this.children.values()) {
      if (known === undefined ? kind === 'block' : kind === 'option' && !known.old) names.push(text);
    }
    return names;
  }
}

/** Stands for a name of the user's in the path of a group; brackets keep the parser from dropping it. */
export const STAR = '*';

/** How far a key could be followed. */
export interface Match {
  readonly node: KeyNode;
  /** Where in the path the whole key begins: 0, or behind a nested prefix. */
  readonly start: number;
  /** The first segment that leads nowhere; the length of the path when all do. */
  readonly index: number;
  /** Indexes of the segments that are names of the user. */
  readonly names: readonly number[];
}

export interface Group {
  readonly path: Path;
  readonly node: KeyNode;
}

export class KeyTree {
  readonly root = new KeyNode('', undefined);
  readonly groups: readonly Group[];

  constructor(groups: readonly KeyGroup[]) {
    this.groups = groups.map(({ prefix, schema, nested, unread }) => {
      const path = parseKey(prefix.replaceAll('*', '[*]'));
      const node = path.reduce((parent, segment) => parent.child(segment), this.root);
      node.nested ||= nested ?? false;
      node.unread ||= unread ?? false;
      own(node);
      for (const { name, option, spellings } of optionPaths(schema)) {
        spellings.forEach((spelling, index) => {
          const leaf = spelling.reduce((parent, segment) => parent.child(segment), node);
          leaf.known ??= { name: kebab(name), option, old: index > 0 };
        });
      }
      return { path, node };
    });
  }

  match(path: Path, from: KeyNode = this.root, first = 0): Match {
    let node = from;
    let start = first;
    let index = first;
    let names: number[] = [];
    for (; index < path.length; index++) {
      if (node.nested) {
        node = this.root;
        start = index;
        names = [];
      }
      const segment = path[index]!;
      const next = segment.kind === 'index' ? undefined : (node.children.get(segment.uniform) ?? node.star);
      if (next === undefined) break;
      if (next.text === STAR) names.push(index);
      node = next;
    }
    return { node, start, index, names };
  }

  /** The option that a path reaches from a node, when it reaches one. */
  option(path: Path, from: KeyNode): KnownOption | undefined {
    const { node, index } = this.match(path, from);
    return index === path.length || isOpen(node, path.slice(index)) ? node.known : undefined;
  }
}

/** A value of this option may have these segments behind its name: an index of a list, a key of a map. */
export function isOpen({ known }: KeyNode, rest: Path): boolean {
  switch (known?.option.type) {
    case 'map':
    case 'boolean-map':
      return true;
    case 'list':
      return rest.length === 1 && rest[0]!.kind === 'index';
    default:
      return false;
  }
}

function own(node: KeyNode): void {
  node.owned = true;
  for (const child of [...node.children.values(), ...(node.star ? [node.star] : [])]) if (!child.owned) own(child);
}

/** The path of a group with the names of a user in place of its stars; `<name>` where there are none left. */
export function fillStars(path: Path, names: readonly Segment[]): string {
  let used = 0;
  return formatPath(
    path.map((segment) =>
      segment.text === STAR ? (names[used++] ?? { text: '<name>', uniform: '', kind: 'name' }) : segment,
    ),
  );
}

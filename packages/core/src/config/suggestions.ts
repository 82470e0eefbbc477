/** Where a key that is not known belongs, or what it may have been meant to be. */
import { nearest } from '../errors/index.js';
import { STAR, type Group, type KeyTree, type KnownOption } from './key-tree.js';
import type { Path } from './names.js';

/**
 * The groups that know the rest of a key, of those below `root`: of all, those whose prefix has most in common with
 * where the key stands, and is shortest.
 */
export function otherPlaces(tree: KeyTree, rest: Path, walked: Path, root: Path): readonly Group[] {
  let best: Group[] = [];
  let bestScore = -Infinity;
  for (const group of siblings(tree, root)) {
    const known = tree.option(rest, group.node);
    // a map that has no effect would take everything
    if (known === undefined || (rest.length > 1 && known.option.unsupported !== undefined)) continue;
    const score = closeness(group, walked) - distrust(group, known);
    if (score > bestScore) [best, bestScore] = [[group], score];
    else if (score === bestScore) best.push(group);
  }
  return best;
}

/** An option with a similar name in a group that has much in common with where the key stands. */
export function similarElsewhere(
  tree: KeyTree,
  rest: Path,
  walked: Path,
  root: Path,
): { readonly path: Path; readonly name: string } | undefined {
  if (rest.length !== 1) return undefined;
  const groups = siblings(tree, root).filter(({ path }) => common(path, walked) > root.length);
  for (const { path, node } of groups.sort((one, other) => closeness(other, walked) - closeness(one, walked))) {
    const name = nearest(rest[0]!.text, node.names('option'));
    if (name !== undefined) return { path, name };
  }
  return undefined;
}

/** The one word that a short form (`cn` for `content-type`) has its letters from, in their order. */
export function abbreviated(given: string, words: readonly string[]): string | undefined {
  if (given.length < 2 || given.length > 4) return undefined;
  const fitting = words.filter((word) => {
    if (word[0] !== given[0]?.toLowerCase()) return false;
    let position = 0;
    for (const letter of given.toLowerCase()) {
      position = word.indexOf(letter, position) + 1;
      if (position === 0) return false;
    }
    return true;
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}

const siblings = (tree: KeyTree, root: Path): Group[] =>
  tree.groups.filter(
    ({ path, node }) => !node.nested && root.every(({ uniform }, index) => path[index]?.uniform === uniform),
  );

const closeness = ({ path }: Group, walked: Path): number => 100 * common(path, walked) - path.length;

/** What is read here is meant before what is not; two words in common outweigh it. */
const distrust = ({ node }: Group, { option }: KnownOption): number =>
  (node.unread ? 150 : 0) + (option.unsupported === undefined ? 0 : 200);

/** How many words of the prefix also stand in the key. */
const common = (prefix: Path, walked: Path): number => {
  const words = new Set(walked.map(({ uniform }) => uniform));
  return prefix.filter(({ text, uniform }) => text !== STAR && words.has(uniform)).length;
};

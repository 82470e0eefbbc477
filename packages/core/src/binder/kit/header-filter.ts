/** Whether a header is mapped. */
export type HeaderFilter = (name: string) => boolean;

export interface HeaderFilterOptions {
  /** Names that stand for a group of headers where a pattern is exactly that. Default: none. */
  readonly groups?: Readonly<Record<string, HeaderFilter>>;
  /**
   * What counts where several patterns match. `exclusion`: one with `!`, wherever it stands, as in Spring Integration's
   * mapper; `first`: the first of the list, as in Spring Kafka's. Default: `exclusion`.
   */
  readonly decides?: 'exclusion' | 'first';
}

interface Rule {
  readonly matches: HeaderFilter;
  readonly maps: boolean;
}

// names may come from outside without end
const REMEMBERED = 1000;

/**
 * What a `header-patterns` list lets pass: `*` stands for any characters, case does not count, `!x` excludes, `\!x` is a
 * name that begins with an exclamation mark, and what no pattern matches does not pass.
 * @returns undefined where everything passes
 */
export function headerFilter(
  patterns: readonly string[],
  { groups = {}, decides = 'exclusion' }: HeaderFilterOptions = {},
): HeaderFilter | undefined {
  if (patterns.length === 1 && patterns[0] === '*') return undefined;
  const rules = patterns.map((pattern) => rule(pattern, groups));
  if (decides === 'exclusion') rules.sort((one, other) => Number(one.maps) - Number(other.maps));
  const known = new Map<string, boolean>();
  return (name) => {
    let passes = known.get(name);
    if (passes === undefined) {
      passes = rules.find(({ matches }) => matches(name))?.maps ?? false;
      if (known.size >= REMEMBERED) known.clear();
      known.set(name, passes);
    }
    return passes;
  };
}

function rule(pattern: string, groups: Readonly<Record<string, HeaderFilter>>): Rule {
  if (pattern.startsWith('!')) return { matches: matcher(pattern.slice(1)), maps: false };
  if (Object.hasOwn(groups, pattern)) return { matches: groups[pattern]!, maps: true };
  return { matches: matcher(pattern.startsWith('\\!') ? pattern.slice(1) : pattern), maps: true };
}

function matcher(pattern: string): HeaderFilter {
  const literal = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const expression = new RegExp(`^${literal.join('.*')}$`, 'is');
  return (name) => expression.test(name);
}

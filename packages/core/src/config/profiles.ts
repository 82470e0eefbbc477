/** Profiles: which are active, in what order, and the expressions that ask for them. */

/** @throws SyntaxError with one sentence, when it cannot be read. `&` binds closer than `|`. */
export function matchesProfile(expression: string, active: ReadonlySet<string>): boolean {
  const tokens = expression.match(/[()!&|]|[^()!&|\s]+/g) ?? [];
  let next = 0;
  const fail = (): never => {
    throw new SyntaxError(`the profile expression cannot be read at ${tokens[next] ?? 'its end'}`);
  };
  const or = (): boolean => {
    let holds = and();
    while (tokens[next] === '|') {
      next++;
      holds = and() || holds;
    }
    return holds;
  };
  const and = (): boolean => {
    let holds = not();
    while (tokens[next] === '&') {
      next++;
      holds = not() && holds;
    }
    return holds;
  };
  const not = (): boolean => {
    const token = tokens[next++];
    if (token === '!') return !not();
    if (token === '(') {
      const holds = or();
      if (tokens[next++] !== ')') fail();
      return holds;
    }
    if (token === undefined || /^[)&|]$/.test(token)) {
      next--;
      return fail();
    }
    return active.has(token);
  };
  const holds = or();
  return next === tokens.length ? holds : fail();
}

export interface ProfileSettings {
  readonly active: readonly string[];
  readonly include: readonly string[];
  readonly group: (name: string) => readonly string[];
}

/** In the order in which they are applied: included ones first, members of a group right behind its name; last wins. */
export function activeProfiles({ active, include, group }: ProfileSettings): string[] {
  const order = new Set<string>();
  const add = (name: string): void => {
    if (order.has(name)) return;
    order.add(name);
    group(name).forEach(add);
  };
  include.forEach(add);
  active.forEach(add);
  return [...order];
}

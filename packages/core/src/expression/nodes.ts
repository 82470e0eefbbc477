/** What the parser builds: closures over closures. Their order of evaluation and short cuts are the language's. */
import { Failure } from './failure.js';
import { isPlainName, readIndex, readProperty } from './members.js';
import { callMethod } from './methods.js';
import { arithmetic, booleanOf, type Arithmetic } from './operators.js';
import { regex } from './regex.js';
import { compare, equal } from './values.js';

export type Run = (root: unknown) => unknown;

export interface Node {
  readonly run: Run;
  readonly at: number;
  /** A real literal takes part: division is not that of integers. */
  readonly real?: boolean;
  readonly literal?: unknown;
  /** The elements of a list literal. */
  readonly items?: readonly Node[];
}

export const ROOT: Run = (root) => root;

export function property(target: Run, name: string, safe: boolean, at: number): Run {
  return reader(target, name, (object) => readProperty(object, name, safe, at));
}

export function element(target: Run, key: Node, at: number): Run {
  const name = key.literal;
  if (typeof name === 'string') return reader(target, name, (object) => readIndex(object, name, at));
  return (root) => readIndex(target(root), key.run(root), at);
}

/** The hot path: a name that no built-in class has is read at once, and `careful` decides only what is not there. */
function reader(target: Run, name: string, careful: (object: unknown) => unknown): Run {
  if (!isPlainName(name)) return (root) => careful(target(root));
  return (root) => {
    const object = target(root);
    if (typeof object === 'object' && object !== null) {
      const value = (object as Record<string, unknown>)[name];
      if (value !== undefined && typeof value !== 'function') return value;
    }
    return careful(object);
  };
}

export const call =
  (target: Run, name: string, args: readonly Node[], safe: boolean, at: number): Run =>
  (root) => {
    const self = target(root);
    if (safe && (self === null || self === undefined)) return null;
    const values = args.map((arg) => arg.run(root));
    return callMethod(self, name, values, at);
  };

export const logical = (left: Node, right: Node, decisive: boolean): Run =>
  decisive
    ? (root) => booleanOf(left.run(root), left.at) || booleanOf(right.run(root), right.at)
    : (root) => booleanOf(left.run(root), left.at) && booleanOf(right.run(root), right.at);

export const calculation = (sign: Arithmetic, left: Node, right: Node, at: number): Run => {
  const real = left.real === true || right.real === true;
  return (root) => arithmetic(sign, left.run(root), right.run(root), real, at);
};

export function relation(operator: string, left: Node, right: Node, at: number, word: string): Run {
  const a = left.run;
  const b = right.run;
  switch (operator) {
    case '==':
      return (root) => equal(a(root), b(root));
    case '!=':
      return (root) => !equal(a(root), b(root));
    case '<':
      return (root) => compare(a(root), b(root), at) < 0;
    case '<=':
      return (root) => compare(a(root), b(root), at) <= 0;
    case '>':
      return (root) => compare(a(root), b(root), at) > 0;
    case '>=':
      return (root) => compare(a(root), b(root), at) >= 0;
    case 'matches': {
      const pattern = regex(literalPattern(right), true, right.at);
      return (root) => {
        const value = a(root);
        if (value !== null && typeof value !== 'string') throw new Failure('matches takes a string', at);
        return value !== null && pattern.test(value);
      };
    }
  }
  const [low, high, ...more] = right.items ?? [];
  if (!low || !high || more.length > 0) throw new Failure(`${word} takes a list of two: {low, high}`, right.at);
  return (root) => {
    const value = a(root);
    return compare(value, low.run(root), at) >= 0 && compare(value, high.run(root), at) <= 0;
  };
}

/** A pattern must stand in the text: one that comes with a message could keep the process busy for ever. */
export function literalPattern(node: Node): string {
  if (typeof node.literal === 'string') return node.literal;
  throw new Failure('A pattern has to be a string literal', node.at);
}

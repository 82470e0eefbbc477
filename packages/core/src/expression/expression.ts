import { isStreambindError } from '../errors/index.js';
import { Failure, toError } from './failure.js';
import { booleanOf } from './operators.js';
import type { Run } from './nodes.js';
import { parse } from './parser.js';
import { nameOf } from './values.js';

/** A parsed expression. Immutable; evaluating it changes nothing but what the getters it reads change. */
export class Expression {
  readonly text: string;
  readonly #where: string | undefined;
  readonly #run: Run;

  /** @internal Made by `parseExpression`. */
  constructor(text: string, where: string | undefined, run: Run) {
    this.text = text;
    this.#where = where;
    this.#run = run;
  }

  /**
   * @param root what names are read from: a message (`payload`, `headers`), or a partition key
   * @returns never undefined: what is missing is null. Integers are numbers, or bigints where they were bigints.
   * @throws EXPRESSION_EVALUATION
   */
  evaluate(root: unknown): unknown {
    try {
      return this.#run(root) ?? null;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * The result as a condition: null is false; words that Spring converts (true, on, yes, 1, …) count.
   * @throws EXPRESSION_EVALUATION also when the result is no boolean
   */
  test(root: unknown): boolean {
    const value = this.evaluate(root);
    if (typeof value === 'boolean') return value;
    if (value === null) return false;
    try {
      return booleanOf(value, 0);
    } catch {
      throw this.#failed(new Failure(`The condition gave ${nameOf(value)}, not a boolean`, 0));
    }
  }

  #failed(error: unknown): unknown {
    if (isStreambindError(error)) return error;
    if (error instanceof Failure) return toError('EXPRESSION_EVALUATION', this.text, this.#where, error);
    const failure = new Failure(`A getter failed: ${error instanceof Error ? error.message : String(error)}`, 0);
    return toError('EXPRESSION_EVALUATION', this.text, this.#where, failure, error);
  }
}

/**
 * Parses the subset of Spring's expression language that configuration uses: literals, `payload.a.b`, `headers['x']`,
 * comparisons, arithmetic, `and or not`, `?:`, `? :`, `?.`, `matches`, `between`, list and map literals, and methods of
 * strings, lists, maps and numbers. No types, constructors, beans, assignments or collection selections.
 * @param where named in errors: the place in the configuration, or a class and method
 * @throws EXPRESSION_SYNTAX with `details.column`, counted from 1
 */
export function parseExpression(text: string, where?: string): Expression {
  try {
    return new Expression(text, where, parse(text));
  } catch (error) {
    if (error instanceof Failure) throw toError('EXPRESSION_SYNTAX', text, where, error);
    throw error;
  }
}

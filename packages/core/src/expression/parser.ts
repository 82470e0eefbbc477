/** Recursive descent over the tokens; every rule returns closures, so that nothing is interpreted twice. */
import { Failure } from './failure.js';
import { tokenize, type Token } from './lexer.js';
import { checkMethod, PATTERN_METHODS } from './methods.js';
import {
  calculation,
  call,
  element,
  literalPattern,
  logical,
  property,
  relation,
  ROOT,
  type Node,
  type Run,
} from './nodes.js';
import { booleanOf, negate, type Arithmetic } from './operators.js';
import { regex } from './regex.js';

/** Bounds that no expression written by a person meets; they keep the closures from exhausting the stack. */
const MAX_LENGTH = 10_000;
const MAX_NODES = 1_000;
const MAX_DEPTH = 100;

const COMPARISONS: Record<string, string> = {
  '==': '==', eq: '==', '!=': '!=', ne: '!=', '<': '<', lt: '<', '<=': '<=', le: '<=',
  '>': '>', gt: '>', '>=': '>=', ge: '>=', matches: 'matches', between: 'between',
}; // prettier-ignore
const SUMS: Record<string, Arithmetic> = { '+': '+', '-': '-' };
const PRODUCTS: Record<string, Arithmetic> = { '*': '*', '/': '/', '%': '%', div: '/', mod: '%' };
const OR: Record<string, true> = { '||': true, or: true };
const AND: Record<string, true> = { '&&': true, and: true };
const CONSTANTS = new Map<string, unknown>([['true', true], ['false', false], ['null', null]]); // prettier-ignore

/** What SpEL has and this subset has not, by the token that begins it. */
const REFUSED: Record<string, string> = {
  '=': 'Assignments are',
  '++': 'Assignments are',
  '--': 'Assignments are',
  '^': 'The power operator is',
  '@': 'References to beans are',
  instanceof: 'instanceof is',
};

export function parse(text: string): Run {
  if (text.length > MAX_LENGTH) throw new Failure(`An expression has at most ${MAX_LENGTH} characters`, MAX_LENGTH);
  return new Parser(tokenize(text)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #nodes = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Run {
    if (this.#atEnd()) throw new Failure('The expression is empty', 0);
    const { run } = this.#expression();
    if (!this.#atEnd()) throw this.#unexpected();
    return run;
  }

  #expression(): Node {
    if (++this.#depth > MAX_DEPTH) throw new Failure(`An expression nests at most ${MAX_DEPTH} deep`, this.#token.at);
    const first = this.#binary(OR, () => this.#and(), (_, left, right) => logical(left, right, true)); // prettier-ignore
    let node = first;
    if (this.#accept('?:')) {
      const other = this.#expression();
      node = this.#node(first.at, (root) => {
        const value = first.run(root);
        return value === null || value === '' ? other.run(root) : value;
      });
    } else if (this.#accept('?')) {
      const yes = this.#expression();
      this.#expect(':');
      const no = this.#expression();
      node = this.#node(first.at, (root) => (booleanOf(first.run(root), first.at) ? yes.run(root) : no.run(root)));
    }
    this.#depth--;
    return node;
  }

  #and(): Node {
    return this.#binary(AND, () => this.#comparison(), (_, left, right) => logical(left, right, false)); // prettier-ignore
  }

  #comparison(): Node {
    const left = this.#sum();
    const { at, text } = this.#token;
    const operator = this.#operator(COMPARISONS);
    if (operator === undefined) return left;
    const right = this.#sum();
    return this.#node(at, relation(operator, left, right, at, text));
  }

  #sum(): Node {
    return this.#binary(SUMS, () => this.#product(), calculation);
  }

  #product(): Node {
    return this.#binary(PRODUCTS, () => this.#unary(), calculation);
  }

  /** A chain of operators of one rank, left to right. */
  #binary<T>(
    operators: Record<string, T>,
    operand: () => Node,
    make: (operator: T, left: Node, right: Node, at: number) => Run,
  ): Node {
    let left = operand();
    for (;;) {
      const at = this.#token.at;
      const operator = this.#operator(operators);
      if (operator === undefined) return left;
      const right = operand();
      const real = left.real === true || right.real === true;
      left = { ...this.#node(at, make(operator, left, right, at)), real };
    }
  }

  #unary(): Node {
    const { at } = this.#token;
    const sign = this.#operator({ '-': '-', '+': '+', '!': '!', not: '!' });
    if (sign === undefined) return this.#postfix();
    if (++this.#depth > MAX_DEPTH) throw new Failure(`An expression nests at most ${MAX_DEPTH} deep`, at);
    const node = this.#unary();
    this.#depth--;
    if (sign === '!') return this.#node(at, (root) => !booleanOf(node.run(root), node.at));
    if (sign === '+') return { ...node, literal: undefined };
    return { ...this.#node(at, (root) => negate(node.run(root), at)), real: node.real === true };
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      const { at } = this.#token;
      if (this.#accept('[')) node = this.#index(node.run, at);
      else if (this.#accept('.')) node = this.#member(node.run, false);
      else if (this.#accept('?.')) node = this.#member(node.run, true);
      else return node;
    }
  }

  #primary(): Node {
    const token = this.#token;
    if (token.kind === 'literal') {
      this.#next++;
      return { ...this.#constant(token.at, token.value), real: token.real };
    }
    if (token.kind === 'name') return this.#word(token.text, token.at);
    if (this.#accept('(')) {
      const node = this.#expression();
      this.#expect(')');
      return { ...node, literal: undefined };
    }
    if (this.#accept('{')) return this.#collection(token.at);
    if (this.#accept('[')) return this.#index(ROOT, token.at);
    if (this.#accept('#')) {
      const { text: name, at, kind } = this.#token;
      if (kind === 'name' && (name === 'root' || name === 'this')) {
        this.#next++;
        return this.#node(token.at, ROOT);
      }
      if (kind !== 'name') throw new Failure('Templates such as #{…} are not supported here', token.at);
      throw new Failure(`There is no variable #${name}`, at, { fix: 'Only #root and #this exist.' });
    }
    throw this.#unexpected();
  }

  #word(name: string, at: number): Node {
    const constant = CONSTANTS.get(name.toLowerCase());
    const following = this.#tokens[this.#next + 1]!;
    if (constant !== undefined) {
      this.#next++;
      return this.#constant(at, constant);
    }
    if (name === 'T' && following.text === '(') throw new Failure('Java types, T(…), are not supported', at);
    if (name === 'new' && following.kind === 'name') throw new Failure('Constructors are not supported', at);
    return this.#member(ROOT, false);
  }

  /** The name after a dot, or at the start of an operand: a property of `target`, or a method of it. */
  #member(target: Run, safe: boolean): Node {
    const { kind, text: name, at } = this.#token;
    if (kind !== 'name') {
      if (name === '?' || name === '!' || name === '^') {
        throw new Failure('Selections and projections of collections are not supported', at);
      }
      throw this.#unexpected('a name');
    }
    this.#next++;
    return this.#accept('(') ? this.#method(target, name, safe, at) : this.#node(at, property(target, name, safe, at));
  }

  #method(target: Run, name: string, safe: boolean, at: number): Node {
    const args = this.#list(')');
    checkMethod(name, args.length, at);
    const pattern = PATTERN_METHODS.get(name);
    if (pattern) args[0] = this.#constant(args[0]!.at, regex(literalPattern(args[0]!), pattern.whole, args[0]!.at));
    return this.#node(at, call(target, name, args, safe, at));
  }

  #index(target: Run, at: number): Node {
    const key = this.#expression();
    this.#expect(']');
    return this.#node(at, element(target, key, at));
  }

  /** `{1, 2}` is a list, `{a: 1}` and `{:}` are maps. */
  #collection(at: number): Node {
    const [first, second] = [this.#token, this.#tokens[this.#next + 1]];
    if (first.text === ':' && this.#accept(':')) {
      this.#expect('}');
      return this.#node(at, () => new Map());
    }
    const isKey = first.kind === 'name' || (first.kind === 'literal' && typeof first.value === 'string');
    if (isKey && second?.text === ':') return this.#mapLiteral(at);
    const items = this.#list('}');
    return { ...this.#node(at, (root) => items.map((item) => item.run(root))), items };
  }

  #mapLiteral(at: number): Node {
    const entries: [string, Run][] = [];
    do {
      const key = this.#token;
      if (key.kind !== 'name' && !(key.kind === 'literal' && typeof key.value === 'string')) {
        throw this.#unexpected('a key');
      }
      this.#next++;
      this.#expect(':');
      entries.push([key.kind === 'literal' ? String(key.value) : key.text, this.#expression().run]);
    } while (this.#accept(','));
    this.#expect('}');
    return this.#node(at, (root) => new Map(entries.map(([name, run]) => [name, run(root)])));
  }

  #list(close: string): Node[] {
    const items: Node[] = [];
    if (this.#accept(close)) return items;
    do items.push(this.#expression());
    while (this.#accept(','));
    this.#expect(close);
    return items;
  }

  #node(at: number, run: Run): Node {
    if (++this.#nodes > MAX_NODES) throw new Failure(`An expression has at most ${MAX_NODES} parts`, at);
    return { at, run };
  }

  #constant(at: number, value: unknown): Node {
    return { ...this.#node(at, () => value), literal: value };
  }

  #atEnd(): boolean {
    return this.#token.kind === 'end';
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #operator<T>(operators: Record<string, T>): T | undefined {
    const { kind, text } = this.#token;
    if (kind !== 'name' && kind !== 'sign') return undefined;
    const word = kind === 'name' ? text.toLowerCase() : text;
    if (!Object.hasOwn(operators, word)) return undefined;
    this.#next++;
    return operators[word];
  }

  #accept(sign: string): boolean {
    const { kind, text } = this.#token;
    if (kind !== 'sign' || text !== sign) return false;
    this.#next++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) throw this.#unexpected(sign);
  }

  #unexpected(wanted?: string): Failure {
    const { kind, text, at } = this.#token;
    const word = kind === 'name' ? text.toLowerCase() : text;
    if (kind !== 'literal' && Object.hasOwn(REFUSED, word)) return new Failure(`${REFUSED[word]} not supported`, at);
    const found = kind === 'end' ? 'the end' : text;
    return new Failure(wanted === undefined ? `Unexpected ${found}` : `Expected ${wanted}, found ${found}`, at);
  }
}

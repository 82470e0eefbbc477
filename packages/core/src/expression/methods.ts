/** The methods that an expression can call, by kind of receiver. Nothing else is ever called. */
import { nearest } from '../errors/index.js';
import { Failure } from './failure.js';
import { readGetter, readIndex } from './members.js';
import { compare, entriesOf, equal, hashOf, hasKey, kindOf, nameOf, textOf, type Kind } from './values.js';

interface Method {
  readonly least: number;
  readonly most: number;
  readonly run: (self: never, args: readonly unknown[], at: number) => unknown;
}
type Methods = ReadonlyMap<string, Method>;

const methods = (table: Record<string, readonly [least: number, most: number, run: Method['run']]>): Methods =>
  new Map(Object.entries(table).map(([name, [least, most, run]]) => [name, { least, most, run }]));

const text = (args: readonly unknown[], index: number, at: number): string => {
  if (args[index] === null) throw new Failure(`Argument ${index + 1} is null`, at);
  return textOf(args[index], at);
};

const integer = (args: readonly unknown[], index: number, at: number): number => {
  const value = args[index];
  if (Number.isInteger(value)) return value as number;
  throw new Failure(`Argument ${index + 1} has to be an integer, not ${nameOf(value)}`, at);
};

const STRING = methods({
  contains: [1, 1, (self: string, args, at) => self.includes(text(args, 0, at))],
  startsWith: [1, 2, (self: string, args, at) => self.startsWith(text(args, 0, at), args.length > 1 ? integer(args, 1, at) : 0)],
  endsWith: [1, 1, (self: string, args, at) => self.endsWith(text(args, 0, at))],
  equalsIgnoreCase: [1, 1, (self: string, [other]) => typeof other === 'string' && self.toLowerCase() === other.toLowerCase()],
  compareTo: [1, 1, (self: string, args, at) => compare(self, text(args, 0, at), at)],
  toLowerCase: [0, 0, (self: string) => self.toLowerCase()],
  toUpperCase: [0, 0, (self: string) => self.toUpperCase()],
  trim: [0, 0, (self: string) => self.trim()],
  length: [0, 0, (self: string) => self.length],
  isEmpty: [0, 0, (self: string) => self === ''],
  isBlank: [0, 0, (self: string) => self.trim() === ''],
  substring: [1, 2, (self: string, args, at) => substring(self, integer(args, 0, at), args.length > 1 ? integer(args, 1, at) : self.length, at)],
  indexOf: [1, 2, (self: string, args, at) => self.indexOf(text(args, 0, at), args.length > 1 ? integer(args, 1, at) : 0)],
  lastIndexOf: [1, 1, (self: string, args, at) => self.lastIndexOf(text(args, 0, at))],
  charAt: [1, 1, (self: string, [index], at) => readIndex(self, index, at)],
  concat: [1, 1, (self: string, args, at) => self + text(args, 0, at)],
  replace: [2, 2, (self: string, args, at) => self.split(text(args, 0, at)).join(text(args, 1, at))],
  matches: [1, 1, (self: string, [pattern]) => (pattern as RegExp).test(self)],
  split: [1, 2, (self: string, [pattern, ...limit], at) => split(self, pattern as RegExp, limit.length > 0 ? integer(limit, 0, at) : 0)],
  getBytes: [0, 0, (self: string) => Buffer.from(self)],
}); // prettier-ignore

const LIST = methods({
  contains: [1, 1, (self: unknown[], [wanted]) => self.some((item) => equal(item, wanted))],
  indexOf: [1, 1, (self: unknown[], [wanted]) => self.findIndex((item) => equal(item, wanted))],
  get: [1, 1, (self: unknown[], [index], at) => readIndex(self, index, at)],
  size: [0, 0, (self: unknown[]) => self.length],
  isEmpty: [0, 0, (self: unknown[]) => self.length === 0],
});

const MAP = methods({
  get: [1, 1, (self: object, [key], at) => readIndex(self, key, at)],
  getOrDefault: [2, 2, (self: object, [key, other], at) => (hasKey(self, key) ? readIndex(self, key, at) : other)],
  containsKey: [1, 1, (self: object, [key]) => hasKey(self, key)],
  containsValue: [1, 1, (self: object, [wanted]) => entriesOf(self).some(([, item]) => equal(item, wanted))],
  size: [0, 0, (self: object) => entriesOf(self).length],
  isEmpty: [0, 0, (self: object) => entriesOf(self).length === 0],
});

const NUMBER = methods({
  intValue: [0, 0, (self: number | bigint) => Number(BigInt.asIntN(32, long(self)))],
  longValue: [0, 0, (self: number | bigint) => (typeof self === 'bigint' ? self : Math.trunc(self))],
  doubleValue: [0, 0, (self: number | bigint) => Number(self)],
  compareTo: [1, 1, (self: number | bigint, [other], at) => compare(self, other, at)],
});

const BOOLEAN = methods({ booleanValue: [0, 0, (self: boolean) => self] });

// a map at once: in an object literal the compiler takes `toString` for Object's own
const ANY: Methods = new Map<string, Method>([
  ['equals', { least: 1, most: 1, run: (self: unknown, [other]) => equal(self, other) }],
  ['toString', { least: 0, most: 0, run: (self: unknown, _, at) => textOf(self, at) }],
  ['hashCode', { least: 0, most: 0, run: (self: unknown, _, at) => hashCode(self, at) }],
]);

const BY_KIND: Partial<Record<Kind, Methods>> = {
  string: STRING,
  list: LIST,
  map: MAP,
  number: NUMBER,
  boolean: BOOLEAN,
};
const ALL: readonly Methods[] = [STRING, LIST, MAP, NUMBER, BOOLEAN, ANY];

const GETTER = /^(?:get|is)\p{Lu}/u;
const takes = (method: Method, count: number): boolean => method.least <= count && count <= method.most;

/** Methods whose first argument is a pattern, and whether it has to match the whole text. */
export const PATTERN_METHODS: ReadonlyMap<string, { readonly whole: boolean }> = new Map([
  ['matches', { whole: true }],
  ['split', { whole: false }],
]);

/** Refuses at parse time what no receiver has. */
export function checkMethod(name: string, count: number, at: number): void {
  if (name === 'getClass') throw new Failure('getClass() is not available', at);
  const known = ALL.flatMap((table) => table.get(name) ?? []);
  if (known.some((method) => takes(method, count)) || (count === 0 && GETTER.test(name))) return;
  if (known.length > 0) throw new Failure(`${name}() does not take ${count} argument${count === 1 ? '' : 's'}`, at);
  const close = nearest(name, ALL.flatMap((table) => [...table.keys()])); // prettier-ignore
  throw new Failure(`There is no method ${name}()`, at, close === undefined ? {} : { nearest: `${close}()` });
}

/** `target.name(args)`, where `checkMethod` had nothing to say. */
export function callMethod(target: unknown, name: string, args: readonly unknown[], at: number): unknown {
  const kind = kindOf(target);
  if (kind === 'null')
    throw new Failure(`${name}() is called on null`, at, { fix: `Write ?.${name}(…) for that case.` });
  const method = BY_KIND[kind]?.get(name) ?? ANY.get(name);
  if (method && takes(method, args.length)) return method.run(target as never, args, at);
  if (args.length === 0 && GETTER.test(name)) return readGetter(target, name, at);
  throw new Failure(`There is no method ${name}() with ${args.length} arguments on ${nameOf(target)}`, at);
}

function hashCode(self: unknown, at: number): number {
  const hash = hashOf(self);
  if (hash === undefined) throw new Failure(`${nameOf(self)} has no hash code that Java would agree with`, at);
  return hash;
}

const long = (value: number | bigint): bigint =>
  typeof value === 'bigint' ? value : BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);

function substring(self: string, from: number, to: number, at: number): string {
  if (from >= 0 && from <= to && to <= self.length) return self.slice(from, to);
  throw new Failure(`${from} to ${to} is outside a string of ${self.length}`, at);
}

/** Java's split: without the separators' groups, and, for limit 0, without empty strings at the end. */
function split(self: string, pattern: RegExp, limit: number): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const match of self.matchAll(pattern)) {
    if (limit > 0 && parts.length === limit - 1) break;
    const to = match.index + match[0].length;
    if (to === 0 || (match[0] === '' && match.index === self.length)) continue;
    parts.push(self.slice(from, match.index));
    from = to;
  }
  parts.push(self.slice(from));
  if (limit === 0) while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts;
}

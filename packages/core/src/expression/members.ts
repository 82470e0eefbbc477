/**
 * The only way from an expression into an object. It sees own properties, and on instances of classes the accessors and
 * `getX()`/`isX()` methods that the class defines; never `Object.prototype`, and never a member of a built-in class.
 */
import { nearest } from '../errors/index.js';
import { Failure } from './failure.js';
import { entryOf, hasKey, isPlain, kindOf, nameOf } from './values.js';

const BUILT_IN: readonly object[] = [
  Object, Function, Array, Map, Set, Date, Error, RegExp, Promise, ArrayBuffer, Uint8Array, Buffer, URL,
].map((type) => type.prototype as object); // prettier-ignore

/** True when no built-in class has a member of that name: then a plain read finds nothing but the user's own. */
export const isPlainName = (name: string): boolean => !BUILT_IN.some((prototype) => name in prototype);

/**
 * `target.name`. A key that a Map or the headers lack is null; a property that an object lacks is a failure, or null
 * with safe navigation.
 */
export function readProperty(target: unknown, name: string, safe: boolean, at: number): unknown {
  switch (kindOf(target)) {
    case 'null':
      if (safe) return null;
      throw new Failure(`'${name}' is read from null`, at, { fix: `Write ?.${name} where null is expected.` });
    case 'map':
      if (hasKey(target as object, name)) return value(entryOf(target as object, name), name, at);
      if (!isPlain(target as object)) return null;
      break;
    case 'object': {
      const found = memberOf(target as object, name);
      if (found) return value(found(), name, at);
      break;
    }
    case 'string':
      if (name === 'bytes') return Buffer.from(target as string);
      if (name === 'length') return (target as string).length;
      if (name === 'empty') return target === '';
      break;
    case 'list':
      if (name === 'length' || name === 'size') return (target as unknown[]).length;
      if (name === 'empty') return (target as unknown[]).length === 0;
      break;
    case 'bytes':
      if (name === 'length') return (target as Uint8Array).length;
      break;
    case 'date':
      if (name === 'time') return (target as Date).getTime();
  }
  if (safe) return null;
  throw missing(target, name, at);
}

/** `target[key]`. A key that a map or a plain object lacks is null. */
export function readIndex(target: unknown, key: unknown, at: number): unknown {
  switch (kindOf(target)) {
    case 'map':
      return value(entryOf(target as object, key), String(key), at);
    case 'object':
      if (typeof key === 'string') return readProperty(target, key, false, at);
      break;
    case 'list':
    case 'string': {
      const list = target as ArrayLike<unknown>;
      const index = typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key;
      if (!Number.isInteger(index)) break;
      if ((index as number) >= 0 && (index as number) < list.length) {
        return value(list[index as number], String(index), at);
      }
      throw new Failure(`Index ${index as number} is outside ${nameOf(target)} of ${list.length}`, at);
    }
  }
  throw new Failure(`${nameOf(target)} has no elements by ${nameOf(key)}`, at);
}

/** `target.getName()` and `target.isName()`: the property in the style of a Java getter. */
export function readGetter(target: unknown, method: string, at: number): unknown {
  if (kindOf(target) === 'object') {
    const own = getterMethod(target as object, method);
    if (own) return value(own(), method, at);
  }
  const name = method.replace(/^(?:get|is)/, '');
  return readProperty(target, name[0]!.toLowerCase() + name.slice(1), false, at);
}

function memberOf(target: object, name: string): (() => unknown) | undefined {
  if (Object.hasOwn(target, name)) return () => (target as Record<string, unknown>)[name];
  if (inherited(target, name)?.get) return () => (target as Record<string, unknown>)[name];
  const capital = name.charAt(0).toUpperCase() + name.slice(1);
  return getterMethod(target, `get${capital}`) ?? getterMethod(target, `is${capital}`);
}

function getterMethod(target: object, name: string): (() => unknown) | undefined {
  const method: unknown = inherited(target, name)?.value;
  if (typeof method !== 'function' || method.length > 0) return undefined;
  return (): unknown => Reflect.apply(method, target, []);
}

/** What the user's classes of the object define under that name; built-in classes end the search. */
function inherited(target: object, name: string): PropertyDescriptor | undefined {
  if (name === '__proto__' || name === 'constructor') return undefined;
  let prototype = Object.getPrototypeOf(target) as object | null;
  while (prototype !== null && !BUILT_IN.includes(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor) return descriptor;
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

function value(found: unknown, name: string, at: number): unknown {
  if (typeof found === 'function') throw new Failure(`'${name}' is a function`, at);
  return found ?? null;
}

function missing(target: unknown, name: string, at: number): Failure {
  const kind = kindOf(target);
  const close = kind === 'map' || kind === 'object' ? nearest(name, Object.keys(target as object)) : undefined;
  return new Failure(`There is no '${name}' on ${nameOf(target)}`, at, {
    ...(close === undefined ? {} : { nearest: close }),
    fix: `Write ?.${name} where it may be missing.`,
  });
}

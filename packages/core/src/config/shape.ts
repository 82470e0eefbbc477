/** Configuration as objects of the user's own: the shape of a tree of keys, and how it is read. */
import { kebab, schema, type Option } from '../schema/index.js';
import { convert } from './conversion.js';
import type { Environment } from './environment.js';
import type { KeyGroup } from './key-tree.js';
import { at } from './problems.js';
import { printable } from './secrets.js';
import { parseKey } from './names.js';

export type Shape =
  | { readonly kind: 'value'; readonly option: Option }
  /** Shapes of elements are functions: a class may hold a list of its own kind. */
  | { readonly kind: 'list' | 'map'; readonly element: () => Shape }
  /** Fields by their own names, which are relaxed in the configuration; those that are set are written to `make()`. */
  | { readonly kind: 'object'; readonly make: () => object; readonly fields: Readonly<Record<string, Shape>> };

/**
 * What the configuration says below a key. What cannot be read becomes a problem of the environment and is left out.
 * @returns undefined where nothing is set
 */
export function readShape(environment: Environment, key: string, shape: Shape): unknown {
  switch (shape.kind) {
    case 'value':
      return readOption(environment, key, shape.option);
    case 'list': {
      const element = shape.element();
      if (element.kind === 'value') {
        const texts = readOption(environment, key, { type: 'list', doc: '' }) as string[] | undefined;
        return texts?.flatMap((text, index) => converted(environment, element.option, text, [`${key}[${index}]`, key]));
      }
      const indexes = environment.names(key).map(Number).filter(Number.isInteger);
      const elements = indexes
        .toSorted((one, other) => one - other)
        .map((index) => readShape(environment, `${key}[${index}]`, element))
        .filter((value) => value !== undefined);
      return elements.length > 0 ? elements : undefined;
    }
    case 'map': {
      const element = shape.element();
      if (element.kind === 'value') {
        const texts = readOption(environment, key, { type: 'map', doc: '' }) as Record<string, string> | undefined;
        if (texts === undefined) return undefined;
        return Object.fromEntries(
          Object.entries(texts).flatMap(([name, text]) =>
            converted(environment, element.option, text, [`${key}.[${name}]`, key]).map((value) => [name, value]),
          ),
        );
      }
      const pairs = environment
        .names(key)
        .map((name) => [name, readShape(environment, `${key}.[${name}]`, element)] as const)
        .filter(([, value]) => value !== undefined);
      return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
    }
    case 'object': {
      const values = Object.entries(shape.fields).map(
        ([field, one]) => [field, readShape(environment, `${key}.${kebab(field)}`, one)] as const,
      );
      const set = values.filter(([, value]) => value !== undefined);
      return set.length > 0 ? Object.assign(shape.make(), Object.fromEntries(set)) : undefined;
    }
  }
}

/** The keys of a shape, so that they are known to whoever judges a configuration. */
export const keysOf = (prefix: string, shape: Shape): KeyGroup => ({
  prefix,
  schema: schema<Record<string, unknown>>(Object.fromEntries(optionsOf(shape, ''))),
});

function optionsOf(shape: Shape, path: string): [string, Option][] {
  switch (shape.kind) {
    case 'value':
      return [[path, shape.option]];
    case 'list':
      return [[path, { type: shape.element().kind === 'value' ? 'list' : 'map', doc: '' }]];
    case 'map':
      return [[path, { type: 'map', doc: '' }]];
    case 'object':
      return Object.entries(shape.fields).flatMap(([field, one]) =>
        optionsOf(one, path === '' ? field : `${path}.${field}`),
      );
  }
}

function readOption(environment: Environment, key: string, option: Option): unknown {
  const end = key.lastIndexOf('.');
  const name = key.slice(end + 1);
  return environment.options(schema<Record<string, unknown>>({ [name]: option }), key.slice(0, Math.max(0, end)))[name];
}

/** One element, or none after a problem. */
function converted(environment: Environment, option: Option, text: string, keys: readonly string[]): unknown[] {
  const result = convert(option, text);
  if ('value' in result) return [result.value];
  const key = keys.find((candidate) => environment.origin(candidate) !== undefined) ?? keys[0]!;
  const origin = environment.origin(key);
  environment.report({
    severity: 'error',
    code: 'CONFIG_VALUE',
    ...(origin === undefined ? {} : at(origin)),
    path: key,
    message: 'this value cannot be read',
    given: printable(parseKey(key), text),
    allowed: result.allowed,
  });
  return [];
}

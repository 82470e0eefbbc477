/** Where the keys of a binding stand. */
import type { BinderFactory } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { kebab } from '../schema/index.js';
import { BINDING, type BindingProperties } from './properties.js';

export const PREFIX = 'spring.cloud.stream';

export const paths = (binding: string, rest = ''): [string, string] => [
  `${PREFIX}.bindings.${binding}${rest}`,
  `${PREFIX}.default${rest}`,
];

export const bindingProperties = (environment: Environment, binding: string): BindingProperties =>
  environment.options(BINDING, ...paths(binding));

/** Where a binding is written down, or its key path where nothing is. */
export function whereIs(environment: Environment, binding: string): string {
  const path = `${PREFIX}.bindings.${binding}`;
  return whereSet(environment, [`${path}.binder`, `${path}.destination`]) ?? path;
}

/** Where the first of these keys that is set is written down. */
export function whereSet(environment: Environment, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const origin = environment.origin(key);
    if (origin) return `${origin.text} (${key})`;
  }
  return undefined;
}

/** Where an option is written down that is read from these prefixes, or its key path where it is not. */
export function whereOption(environment: Environment, prefixes: readonly string[], option: string): string {
  const keys = prefixes.map((prefix) => `${prefix}.${kebab(option)}`);
  return whereSet(environment, keys) ?? keys[0]!;
}

export const binderPaths = (
  { type }: BinderFactory,
  binding: string,
  side: 'consumer' | 'producer',
): [string, string] => [`${PREFIX}.${type}.bindings.${binding}.${side}`, `${PREFIX}.${type}.default.${side}`];

export const ERROR_CHANNEL = 'errorChannel';

/** The names of an input's own error channels: one a destination; an anonymous group has none. */
export const errorChannelsOf = (input: string, { destination, group }: BindingProperties): readonly string[] =>
  group === undefined ? [] : destinationsOf(input, destination).map((name) => `${name}.${group}.errors`);

export const destinationsOf = (input: string, destination: string | undefined): readonly string[] =>
  (destination ?? input).split(',').map((name) => name.trim());

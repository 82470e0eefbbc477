/** Where the keys of a binding stand. */
import type { BinderFactory } from '../binder/index.js';
import type { Environment } from '../config/index.js';
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
  for (const option of ['binder', 'destination']) {
    const key = `${PREFIX}.bindings.${binding}.${option}`;
    const origin = environment.origin(key);
    if (origin) return `${origin.text} (${key})`;
  }
  return `${PREFIX}.bindings.${binding}`;
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

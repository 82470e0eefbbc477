/** The keys of the configuration as errors name them: each with the place where it is written down. */
import type { BinderContext } from '@streambind/core/binder';

/** Those that a connection was configured with. */
export interface Settings {
  readonly address: string;
  readonly login: string;
  readonly virtualHost: string;
  readonly tls: string;
}

const PREFIX = 'spring.rabbitmq';

/** What `spring.rabbitmq.addresses` says instead of the keys beside it. */
export interface Instead {
  readonly address: boolean;
  readonly login: boolean;
  readonly virtualHost: boolean;
  readonly tls: boolean;
}

/** @param origin where a key is written down; undefined for one that is not set */
export function settingsOf(instead: Instead, origin: BinderContext['origin']): Settings {
  const named = (...keys: readonly string[]): string =>
    keys
      .map((name) => `${PREFIX}.${name}`)
      .map((key) => (origin ? `${key} (${origin(key) ?? 'not set'})` : key))
      .join(' and ');
  const either = (part: keyof Instead, ...keys: readonly string[]): string =>
    instead[part] ? named('addresses') : named(...keys);
  return {
    address: either('address', 'host', 'port'),
    login: either('login', 'username', 'password'),
    virtualHost: either('virtualHost', 'virtual-host'),
    tls: either('tls', 'ssl.enabled'),
  };
}

const NOTHING: Instead = { address: false, login: false, virtualHost: false, tls: false };

/** The names of the keys alone. */
export const KEYS: Settings = settingsOf(NOTHING, undefined);

/** Where a key is written down, with the key; the key alone where it is not. */
export function whereKey(key: string, origin: BinderContext['origin']): string {
  const place = origin?.(key);
  return place === undefined ? key : `${place} (${key})`;
}

/** Where a binding is written down, or its key path. */
export function whereIs(binding: string, { origin }: Pick<BinderContext, 'origin'>): string {
  const path = `spring.cloud.stream.bindings.${binding}`;
  const key = `${path}.destination`;
  const place = whereKey(key, origin);
  return place === key ? path : place;
}

/** From `@IdempotentReceiver` on a listener of an input to what its pipeline needs. */
import { randomUUID } from 'node:crypto';
import type { ListenerDescription } from '../annotations/index.js';
import { milliseconds, type Environment } from '../config/index.js';
import type { Context } from '../context/index.js';
import { StreambindError } from '../errors/index.js';
import { parseExpression } from '../expression/index.js';
import type { Meters } from '../observability/index.js';
import { IdempotencyStore, type Idempotency, type InboundSettings } from '../pipeline/index.js';

const DAY = '1d';
const LEASE = '10s';
/** Renewals come in thirds of it, and a busy machine is late by more than a few milliseconds. */
const LEAST_LEASE_MS = 100;

/**
 * @returns undefined where the listener is not idempotent; else a function that the started context may be asked by
 * @throws DECORATOR_MISUSE, COMPONENT_MISSING, COMPONENT_AMBIGUOUS, EXPRESSION_SYNTAX, CONFIG_VALUE, CONFIG_PLACEHOLDER
 */
export function idempotencyOf(
  { at, idempotent }: ListenerDescription,
  { binding, destination, group, acknowledge, handlerTimeout }: InboundSettings,
  environment: Environment,
  context: Context,
  meters: Meters,
): (() => Idempotency) | undefined {
  if (!idempotent) return undefined;
  const where = `@IdempotentReceiver at ${at}`;
  if (acknowledge === 'manual') {
    throw new StreambindError(
      'DECORATOR_MISUSE',
      '@IdempotentReceiver stands where messages are acknowledged by hand',
      {
        where: at,
        fix: 'Take acknowledge-mode: manual out: the message is settled when the method has ended.',
      },
    );
  }
  const { key, store: name, ttl = DAY, lease = LEASE } = idempotent;
  const store = context.provider(
    IdempotencyStore,
    name === undefined ? undefined : environment.resolve(name, at),
    where,
  );
  if (!store) {
    throw new StreambindError('COMPONENT_MISSING', `${at} handles each message once, and nothing remembers them.`, {
      where,
      fix: 'Make an IdempotencyStore: a @Bean method of that type that returns, for example, new RedisIdempotencyStore({ host }).',
    });
  }
  const fixed = {
    ...(key === undefined ? {} : { key: parseExpression(environment.resolve(key, at), where) }),
    // an anonymous consumer gets a copy of its own of every message, so its memory is its own too
    scope: `${destination}.${group ?? `anonymous.${randomUUID()}`}:${at}:`,
    ttlMs: milliseconds(ttl, 1, 'ttl', where, environment),
    leaseMs: milliseconds(lease, LEAST_LEASE_MS, 'lease', where, environment),
    renewForMs: handlerTimeout ?? Infinity,
    duplicates: meters.counter('streambind.messages.duplicate', { binding, listener: at }),
  };
  return () => ({ ...fixed, store: store() });
}

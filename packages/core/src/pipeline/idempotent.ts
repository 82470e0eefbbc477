/**
 * A listener that handles each key once: claim, call, complete. A key is completed only after its handler has succeeded,
 * so a crash or a failure at any moment leaves the message to be handled again, never unhandled.
 */
import { randomUUID } from 'node:crypto';
import {
  ImmediateAcknowledgeError,
  RejectAndDontRequeueError,
  StreambindError,
  asError,
  type ErrorDetails,
} from '../errors/index.js';
import type { Converters } from '../converter/index.js';
import type { Expression } from '../expression/index.js';
import type { Logger } from '../logging/index.js';
import { MessageHeaders } from '../messaging/index.js';
import type { Counter } from '../observability/index.js';
import { among } from './among.js';
import { lazyRoot } from './arguments.js';
import type { Exchange } from './exchange.js';
import type { IdempotencyClaim, IdempotencyStore } from './idempotency-store.js';
import type { Listener } from './listeners.js';
import { Postponed } from './postponed.js';

export interface Idempotency {
  readonly store: IdempotencyStore;
  /** Absent: the id of the message. */
  readonly key?: Expression;
  /** In front of every key, so that listeners who share a store do not take each other's messages for their own. */
  readonly scope: string;
  /** How long a handled key is remembered. */
  readonly ttlMs: number;
  readonly leaseMs: number;
  /** How long the claim of a running handler is renewed; after that the attempt has failed, whatever it still does. */
  readonly renewForMs: number;
  readonly duplicates: Counter;
}

/** The longest until a message whose key is being handled elsewhere, or whose store is away, is looked at again. */
const AGAIN_MS = 1000;

export function idempotentListener(
  listener: Listener,
  idempotency: Idempotency,
  converters: Converters,
  log: Logger,
): Listener {
  const { store, scope, ttlMs, leaseMs, duplicates } = idempotency;
  const { at } = listener;
  const againMs = Math.min(AGAIN_MS, leaseMs);
  const keyOf = keyReader(idempotency.key, at, converters);
  let storeFailed = false;

  const claim = async (key: string, token: string, exchange: Exchange): Promise<IdempotencyClaim> => {
    try {
      const outcome = await store.claim(key, token, leaseMs);
      if (storeFailed) log.info(`${at}: the idempotency store is back.`);
      storeFailed = false;
      return outcome;
    } catch (error) {
      const { message } = asError(error);
      if (!storeFailed) log.warn(`${at} waits for its idempotency store, and its messages with it: ${message}`);
      storeFailed = true;
      throw new Postponed(`the idempotency store failed for message ${exchange.id}: ${message}`, againMs);
    }
  };

  const attempt = async (what: string, exchange: Exchange, task: () => void | Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      log.warn(`${at}: the key of message ${exchange.id} could not be ${what}: ${asError(error).message}`);
    }
  };

  return {
    ...listener,
    async call(exchange) {
      const key = scope + keyOf(exchange);
      const token = randomUUID();
      const outcome = await claim(key, token, exchange);
      if (outcome === 'completed') {
        duplicates.add();
        log.debug(`${at} has handled a message of this key before; message ${exchange.id} is done with: ${key}`);
        return;
      }
      if (outcome === 'busy') throw new Postponed(`${key} is being handled by another`, againMs);
      const complete = (): Promise<void> => attempt('completed', exchange, () => store.complete(key, ttlMs));
      const stopRenewing = keepClaim(idempotency, key, token);
      try {
        await listener.call(exchange);
      } catch (error) {
        stopRenewing();
        const done = among(asError(error), ImmediateAcknowledgeError);
        await (done ? complete() : attempt('released', exchange, () => store.release(key, token)));
        throw error;
      }
      stopRenewing();
      await complete();
    },
  };
}

/** A renewal that fails is one of several; when all fail, the claim runs out and another may take the message. */
function keepClaim({ store, leaseMs, renewForMs }: Idempotency, key: string, token: string): () => void {
  const until = performance.now() + renewForMs;
  const renew = async (): Promise<void> => store.renew(key, token, leaseMs);
  const timer = setInterval(() => {
    if (performance.now() > until) clearInterval(timer);
    else void renew().catch(() => {});
  }, leaseMs / 3);
  return () => clearInterval(timer);
}

function keyReader(key: Expression | undefined, at: string, converters: Converters): (exchange: Exchange) => string {
  return (exchange) => {
    const value = key
      ? key.evaluate(lazyRoot(exchange, converters))
      : (exchange.delivery.headers[MessageHeaders.ID] ?? null);
    switch (typeof value) {
      case 'string':
        if (value !== '') return value;
        break;
      case 'number':
      case 'bigint':
      case 'boolean':
        return String(value);
    }
    throw noKey({
      where: at,
      given: `${key?.text ?? 'the id of the message'}: ${value === null ? 'nothing' : value === '' ? 'an empty text' : 'an object'}`,
      allowed: 'a text, a number or a boolean',
      fix: key
        ? 'Send what the key is made of with each message.'
        : "Send an id with each message, or name a key: @IdempotentReceiver({ key: 'payload.orderNumber' }).",
    });
  };
}

/** No further attempt gives the message a key, so its cause says that it is rejected. */
const noKey = (details: ErrorDetails): StreambindError =>
  new StreambindError(
    'IDEMPOTENCY_KEY',
    'The message has nothing to know it again by, so nobody can tell whether it was handled before.',
    details,
    new RejectAndDontRequeueError('a message without a key is not handled'),
  );

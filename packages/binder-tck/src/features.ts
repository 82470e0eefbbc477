/** What a case may need and a binder may lack, and how an application asks for it. */
import { match, ok } from 'node:assert/strict';
import { Component, EnableBinding, Sink, StreamListener, StreambindError, isStreambindError } from '@streambind/core';
import type { Capabilities } from '@streambind/core/binder';
import type { Need } from './case.js';
import type { Properties } from './child.js';
import type { CaseContext } from './context.js';

interface Feature {
  has(capabilities: Capabilities): boolean;
  /** Configuration that asks for it. */
  readonly asks: Properties;
}

const INPUT = 'spring.cloud.stream.bindings.input';

const FEATURES: Readonly<Record<Need, Feature>> = {
  anonymousGroups: {
    has: ({ anonymousGroups }) => anonymousGroups,
    asks: { [`${INPUT}.group`]: '' },
  },
  replay: {
    has: ({ replay }) => replay,
    asks: { [`${INPUT}.consumer.start-from`]: 'earliest' },
  },
};

export const lacking = (needs: readonly Need[], capabilities: Capabilities): Need | undefined =>
  needs.find((need) => !FEATURES[need].has(capabilities));

/** A start that asks for what the binder does not have has to fail and to name the binder. */
export async function assertRefused(need: Need, t: CaseContext): Promise<void> {
  @Component()
  @EnableBinding(Sink)
  class Listener {
    @StreamListener(Sink.INPUT)
    on(payload: string): void {
      throw new StreambindError('INTERNAL', `started, and received ${payload}`);
    }
  }
  const properties = Object.entries(t.properties(FEATURES[need].asks)).filter(([, value]) => value !== '');
  const failure: unknown = await t.run([Listener], {}, Object.fromEntries(properties)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const errors = failure instanceof AggregateError ? (failure.errors as unknown[]) : [failure];
  const refusal = errors.find((error) => isStreambindError(error, 'UNSUPPORTED_CAPABILITY'));
  ok(
    refusal instanceof Error,
    `without ${need} the start has to fail with UNSUPPORTED_CAPABILITY, not with ${String(failure)}`,
  );
  match(refusal.message, new RegExp(t.factory.type));
}

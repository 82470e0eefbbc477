/** Where a retry timeline is another than Spring's, and why. All else in `retry.json` is as recorded. */
import type { Ending } from '../support/retry-rows.js';

interface Difference {
  readonly reason: string;
  /** What comes out here instead of what was recorded. */
  readonly ours: Partial<Ending>;
}

const KEPT = { 'orders.g': 0, 'orders.g.dlq': 1 };

/**
 * Spring's default is false, and the message is gone. Here a key that is not written is neither; written false it is
 * Spring's, and the same rows are played like that too.
 */
const unset: Difference = {
  reason: 'auto-bind-dlq is not set: the message is kept in a dead-letter queue instead of lost',
  ours: { left: KEPT, deadLetter: 'published' },
};

export const NOT_SET: readonly string[] = [
  'defaults',
  'max-attempts=1',
  'max-attempts=1, requeue-rejected',
  'back-off 100 ms ×3 ≤500 ms, 5 attempts',
  'conversion failure to POJO, defaults',
  'acknowledge-mode NONE',
];

export const DIFFERENT: Readonly<Record<string, Difference>> = {
  ...Object.fromEntries(NOT_SET.map((name) => [name, unset])),
  'max-attempts=1, requeue-rejected, republish-to-dlq=false': {
    reason: 'Spring delivers it again at once, 200 times a second, and nothing else; here it pauses, others are handled',
    ours: { attempts: 1, gaps: [], next: true, left: { 'orders.g': 1 } },
  },
  'max-attempts=3, requeue-rejected, republish-to-dlq=false': {
    reason: 'Spring rejects it for good although requeue-rejected is set; here it goes back to its queue, after a pause',
    ours: { left: { 'orders.g': 1 } },
  },
  'AmqpRejectAndDontRequeueException, auto-bind-dlq': {
    reason: 'Spring tries what a handler rejected for good as often as anything else',
    ours: { attempts: 1, gaps: [] },
  },
  'ImmediateAcknowledgeAmqpException, auto-bind-dlq': {
    reason: 'Spring tries what a handler is done with as often as anything else',
    ours: { attempts: 1, gaps: [] },
  },
};

/** What an application has to accept here before it starts with such properties. */
export const ACCEPTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'acknowledge-mode NONE': { 'spring.cloud.stream.bindings.input.consumer.guarantee': 'at-most-once' },
};

/** What core must know of the options of a consumer, and what in options can lose a message. */
import type { ConsumerPolicy, GuaranteedBinding, Weakness } from '@streambind/core/binder';
import type { RedisConsumerOptions, RedisOptions, RedisProducerOptions } from './options.js';

export const policy = ({ acknowledgeMode }: RedisConsumerOptions): ConsumerPolicy => ({ acknowledge: acknowledgeMode });

export function weaknesses(
  _: RedisOptions,
  binding: GuaranteedBinding<RedisConsumerOptions, RedisProducerOptions>,
): readonly Weakness[] {
  if (binding.direction === 'input') return [];
  const { maxLength } = binding.options;
  if (maxLength === undefined) return [];
  return [
    {
      what: 'the oldest entries of a long stream are removed although nobody has read them.',
      given: `max-length: ${maxLength}`,
      fix: 'Take max-length out: what every group has acknowledged is removed in any case.',
    },
  ];
}

/** What core must know of the options of a consumer, and what in options can lose a message. */
import type { ConsumerPolicy, GuaranteedBinding, Weakness } from '@streambind/core/binder';
import type {
  QueueOptions,
  RabbitCommonOptions,
  RabbitConsumerOptions,
  RabbitOptions,
  RabbitProducerOptions,
} from './options.js';

/**
 * Where auto-bind-dlq or republish-to-dlq is false it is still `deadLetter` that core asks for: only the broker knows
 * whether there is an exchange, or a policy, that takes it.
 */
export const policy = (options: RabbitConsumerOptions): ConsumerPolicy => ({
  acknowledge: options.acknowledgeMode,
  ...(options.prefetch === undefined ? {} : { prefetch: options.prefetch }),
  ...(options.requeueRejected && !options.republishToDlq ? { exhausted: 'requeue' } : {}),
});

export function weaknesses(
  _: RabbitOptions,
  binding: GuaranteedBinding<RabbitConsumerOptions, RabbitProducerOptions>,
): readonly Weakness[] {
  return [
    ...(binding.direction === 'input' ? ofConsumer(binding) : ofProducer(binding.options)),
    ...ofDeliveryLimit(binding.options),
  ];
}

function ofConsumer({
  group,
  options,
}: Extract<GuaranteedBinding<RabbitConsumerOptions, unknown>, { direction: 'input' }>): Weakness[] {
  const found: Weakness[] = [];
  if (options.acknowledgeMode === 'none') {
    found.push({
      what: 'the broker forgets a message as soon as it has handed it out.',
      given: 'acknowledge-mode: none',
      fix: 'Set acknowledge-mode: auto.',
    });
  }
  if (group !== undefined && !options.durableSubscription) {
    found.push({
      what: 'the queue is deleted, with what is in it, when its last consumer stops or the broker does.',
      given: 'durable-subscription: false',
      fix: 'Take durable-subscription out.',
    });
  }
  if (options.republishDeliveyMode === 'non-persistent') {
    found.push({
      what: 'dead letters do not survive a restart of the broker.',
      given: 'republish-delivey-mode: non-persistent',
      fix: 'Take republish-delivey-mode out.',
    });
  }
  return found;
}

const ofProducer = ({ deliveryMode }: RabbitProducerOptions): Weakness[] =>
  deliveryMode === 'non-persistent'
    ? [
        {
          what: 'a confirmed message does not survive a restart of the broker.',
          given: 'delivery-mode: non-persistent',
          fix: 'Take delivery-mode out.',
        },
      ]
    : [];

function ofDeliveryLimit(options: RabbitCommonOptions): Weakness[] {
  const limit = options['quorum.enabled'] ? options['quorum.deliveryLimit'] : undefined;
  if (limit === undefined || options.autoBindDlq === true) return [];
  return [
    {
      what: 'the broker drops a message that was given back to it, or lost with its consumer, more often than that.',
      given: `quorum.delivery-limit: ${limit}`,
      fix: 'Set auto-bind-dlq: true, or take quorum.delivery-limit out.',
    },
  ];
}

/**
 * What somebody asked for who wrote these options: messages that are dropped by age, by number or with their queue. Told at
 * start and not refused, so that a configuration of Spring's runs as it is.
 */
export function expectedLosses(options: RabbitCommonOptions): Weakness[] {
  const { autoBindDlq, dlqDeadLetterExchange: afterwards } = options;
  const found = ofQueue('', options, autoBindDlq === true);
  found.push(
    ...ofQueue(
      'dlq-',
      {
        ttl: options.dlqTtl,
        expires: options.dlqExpires,
        maxLength: options.dlqMaxLength,
        maxLengthBytes: options.dlqMaxLengthBytes,
        overflowBehavior: options.dlqOverflowBehavior,
      },
      afterwards !== null,
    ),
  );
  if (!options.exchangeDurable) {
    found.push({
      what: 'after a restart of the broker the exchange has no queue until consumers have bound theirs again.',
      given: 'exchange-durable: false',
      fix: 'Take exchange-durable out.',
    });
  }
  return found;
}

type Limits = {
  readonly [K in 'ttl' | 'expires' | 'maxLength' | 'maxLengthBytes' | 'overflowBehavior']?: QueueOptions[K] | undefined;
};

/** @param moved whether what expires or is too much goes to another exchange */
function ofQueue(prefix: string, limits: Limits, moved: boolean): Weakness[] {
  const found: Weakness[] = [];
  const tell = (key: string, value: string | number, what: string, fix: string): void => {
    found.push({ what, given: `${prefix}${key}: ${value}`, fix });
  };
  const { ttl, expires, maxLength, maxLengthBytes, overflowBehavior = 'drop-head' } = limits;
  const elsewhere = prefix === '' ? 'set auto-bind-dlq: true' : 'set dlq-dead-letter-exchange';
  if (ttl !== undefined && !moved) {
    tell('ttl', ttl, 'what waits longer is dropped unread.', `Take ${prefix}ttl out, or ${elsewhere}.`);
  }
  if (expires !== undefined) {
    tell(
      'expires',
      expires,
      'the queue is deleted, with what is in it, when nobody has used it for so long.',
      `Take ${prefix}expires out.`,
    );
  }
  if (overflowBehavior !== 'drop-head' || moved) return found;
  for (const [key, limit] of Object.entries({ 'max-length': maxLength, 'max-length-bytes': maxLengthBytes })) {
    if (limit === undefined) continue;
    tell(
      key,
      limit,
      'the oldest messages of a full queue are dropped unread.',
      `Set ${prefix}overflow-behavior: reject-publish, or ${elsewhere}.`,
    );
  }
  return found;
}

/** What core must know of the options of a consumer, and what in options can lose a message. */
import type { ConsumerPolicy, GuaranteedBinding, Weakness } from '@streambind/core/binder';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions } from './options.js';
import { producerSettings } from './settings.js';

const MANUAL = /^MANUAL/;

/**
 * Where enable-dlq is not written it is core's default that holds: dead letters for a named group. `enable-dlq: false` is
 * Spring's default: what is exhausted is logged and committed.
 */
export function policy(options: KafkaConsumerOptions): ConsumerPolicy {
  const { ackMode, autoCommitOffset, autoCommitOnError, enableDlq } = options;
  const manual = MANUAL.test(ackMode ?? '') || (ackMode === undefined && !autoCommitOffset);
  const dropped = enableDlq === false || (autoCommitOnError && enableDlq !== true);
  return { acknowledge: manual ? 'manual' : 'auto', ...(dropped ? { exhausted: 'drop' } : {}) };
}

export function weaknesses(
  options: KafkaOptions,
  binding: GuaranteedBinding<KafkaConsumerOptions, KafkaProducerOptions>,
): readonly Weakness[] {
  return binding.direction === 'input' ? ofConsumer(binding) : ofProducer(options, binding.options);
}

function ofConsumer({
  group,
  options,
}: Extract<GuaranteedBinding<KafkaConsumerOptions, unknown>, { direction: 'input' }>): Weakness[] {
  const found: Weakness[] = [];
  if (group !== undefined && options.autoCommitOnError && options.enableDlq === undefined) {
    found.push({
      what: 'a message whose handler failed is committed, and nothing keeps it.',
      given: 'auto-commit-on-error: true',
      fix: 'Take auto-commit-on-error out, or set enable-dlq.',
    });
  }
  if (group !== undefined && options.resetOffsets && options.startOffset === 'latest') {
    found.push({
      what: 'what was sent while the application was not running is skipped by its next start.',
      given: 'reset-offsets: true, start-offset: latest',
      fix: 'Take reset-offsets out.',
    });
  }
  return found;
}

function ofProducer(options: KafkaOptions, own: KafkaProducerOptions): Weakness[] {
  const { acks } = producerSettings(options, { binding: '', options: own }, {}).settings;
  if (acks === -1) return [];
  return [
    {
      what:
        acks === 0
          ? 'a send is not confirmed by any broker.'
          : 'a record is confirmed by the leader of its partition alone, and is gone with it.',
      given: `acks: ${acks}`,
      fix: 'Set required-acks: all, or take acks and required-acks out.',
    },
  ];
}

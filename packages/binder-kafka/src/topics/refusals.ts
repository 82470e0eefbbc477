/** What the broker refused to do about a topic, told by what it was and what can be done. */
import { StreambindError, type BinderContext } from '@streambind/core/binder';
import type { KafkaTrouble } from '../client/errors.js';
import type { WantedTopic } from './plan.js';

/** Where a binding is written down, or its key path. */
export function whereIs(binding: string, origin: BinderContext['origin']): string {
  const path = `spring.cloud.stream.bindings.${binding}`;
  const place = origin?.(`${path}.destination`);
  return place === undefined ? path : `${place} (${path}.destination)`;
}

/** Undefined where the trouble is not about this topic. */
export function refusal(
  { topic, replicationFactor, properties }: WantedTopic,
  error: KafkaTrouble,
  where: string,
): StreambindError | undefined {
  const given = error.type ?? error.message;
  switch (error.kind) {
    case 'authorization':
      return new StreambindError(
        'ACCESS_REFUSED',
        `Kafka does not let this user see or make the topic "${topic}".`,
        {
          where,
          given,
          fix: 'Give the user the right to (kafka-acls.sh --add --operation Describe --operation Create), or make it and set auto-create-topics: false.',
        },
        error,
      );
    case 'refused':
      return new StreambindError(
        'BINDER_FAILED',
        `Kafka refuses the topic "${topic}".`,
        { where, given: `${given}: ${error.message}`, ...fixOf(error.type, replicationFactor, properties) },
        error,
      );
    default:
      return undefined;
  }
}

function fixOf(
  type: string | undefined,
  replicationFactor: number,
  properties: Readonly<Record<string, string>>,
): { fix?: string } {
  switch (type) {
    case 'INVALID_REPLICATION_FACTOR':
      return {
        fix: `There are fewer brokers than copies (replication-factor: ${replicationFactor}): set replication-factor to as many as there are, or -1.`,
      };
    case 'INVALID_CONFIG':
      return { fix: `Look at topic.properties of the binding: ${Object.keys(properties).join(', ')}.` };
    case 'INVALID_REPLICA_ASSIGNMENT':
      return { fix: 'Look at topic.replicas-assignments of the binding: each names ids of brokers that there are.' };
    default:
      return {};
  }
}

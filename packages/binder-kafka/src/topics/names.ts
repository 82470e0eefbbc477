/** Names on the broker, by Spring Cloud Stream's convention. */
import { randomUUID } from 'node:crypto';
import { StreambindError } from '@streambind/core/binder';

const LONGEST = 249;
const ALLOWED = `ASCII letters and digits, '.', '_' and '-', at most ${LONGEST} of them, and neither '.' nor '..'`;

export const isTopicName = (name: string): boolean =>
  /^[a-zA-Z0-9._-]+$/.test(name) && name.length <= LONGEST && name !== '.' && name !== '..';

/** @throws CONFIG_VALUE; Spring: `KafkaTopicUtils.validateTopicName` */
export function requireTopicName(name: string, where: string, fix?: string): void {
  if (isTopicName(name)) return;
  throw new StreambindError('CONFIG_VALUE', 'Kafka has no topics of such a name.', {
    where,
    given: name,
    allowed: ALLOWED,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** A group that nobody else has. */
export const anonymousGroup = (): string => `anonymous.${randomUUID()}`;

export const deadLetterTopic = (topic: string, group: string): string => `error.${topic}.${group}`;

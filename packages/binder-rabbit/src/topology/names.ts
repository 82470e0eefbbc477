/** Names on the broker, by Spring Cloud Stream's convention. */
import { randomBytes } from 'node:crypto';
import type { RabbitCommonOptions } from '../options/options.js';

type Naming = Pick<RabbitCommonOptions, 'prefix' | 'deadLetterExchange' | 'deadLetterQueueName'>;

export const exchangeName = ({ prefix }: Naming, destination: string): string => `${prefix}${destination}`;

/** The routing key of a partition, and of the binding of its queue; without the prefix. */
export const partitionKey = (base: string, partition: number): string => `${base}-${partition}`;

export const partitionQueue = (queue: string, partition: number | undefined): string =>
  partition === undefined ? queue : `${queue}-${partition}`;

export const deadLetterExchange = ({ prefix, deadLetterExchange: given }: Naming): string => given ?? `${prefix}DLX`;

/** @param queue without the suffix of a partition: partitions share one */
export const deadLetterQueue = ({ deadLetterQueueName: given }: Naming, queue: string): string =>
  given ?? `${queue}.dlq`;

/** 22 characters that nobody else has: 16 random bytes, as Spring AMQP's Base64UrlNamingStrategy writes a UUID. */
export const anonymousName = (): string => randomBytes(16).toString('base64url');

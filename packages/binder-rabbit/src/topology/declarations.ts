/** What is asked of the broker, as data; `declare.ts` does it. */
import type { QueueOptions, RabbitCommonOptions } from '../options/options.js';

/** Numbers are sent as int32, as Java sends them. */
export type Arguments = Readonly<Record<string, string | number | boolean>>;

export interface ExchangeDeclaration {
  readonly kind: 'exchange';
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
}

export interface QueueDeclaration {
  readonly kind: 'queue';
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
}

export interface BindingDeclaration {
  readonly kind: 'binding';
  readonly exchange: string;
  readonly queue: string;
  readonly routingKey: string;
  readonly arguments: Arguments;
}

/** It has to be there. */
export interface Check {
  readonly kind: 'check';
  readonly what: 'queue' | 'exchange';
  readonly name: string;
  /** Whether its absence ends the binding, instead of being waited for. */
  readonly fatal: boolean;
}

export type Declaration = ExchangeDeclaration | QueueDeclaration | BindingDeclaration | Check;

export const durableQueue = (name: string, given: Arguments): QueueDeclaration => ({
  kind: 'queue',
  name,
  durable: true,
  exclusive: false,
  autoDelete: false,
  arguments: given,
});

export const binding = (exchange: string, queue: string, routingKey: string, given: Arguments = {}): Declaration => ({
  kind: 'binding',
  exchange,
  queue,
  routingKey,
  arguments: given,
});

/** Of a main queue. */
export const queueArguments = (options: QueueOptions): Arguments =>
  defined({
    'x-expires': options.expires,
    'x-max-length': options.maxLength,
    'x-max-length-bytes': options.maxLengthBytes,
    'x-max-priority': options.maxPriority,
    'x-message-ttl': options.ttl,
    'x-queue-mode': options.lazy ? 'lazy' : undefined,
    'x-overflow': options.overflowBehavior,
    'x-single-active-consumer': options.singleActiveConsumer || undefined,
    ...(options['quorum.enabled'] && {
      'x-queue-type': 'quorum',
      'x-quorum-initial-group-size': options['quorum.initialGroupSize'],
      'x-delivery-limit': options['quorum.deliveryLimit'],
    }),
  });

export const dlqArguments = (options: RabbitCommonOptions): Arguments => ({
  ...queueArguments({
    ttl: options.dlqTtl,
    expires: options.dlqExpires,
    maxLength: options.dlqMaxLength,
    maxLengthBytes: options.dlqMaxLengthBytes,
    maxPriority: options.dlqMaxPriority,
    lazy: options.dlqLazy,
    overflowBehavior: options.dlqOverflowBehavior,
    singleActiveConsumer: options.dlqSingleActiveConsumer,
    'quorum.enabled': options['dlqQuorum.enabled'],
    'quorum.initialGroupSize': options['dlqQuorum.initialGroupSize'],
    'quorum.deliveryLimit': options['dlqQuorum.deliveryLimit'],
  }),
  ...defined({
    'x-dead-letter-exchange': options.dlqDeadLetterExchange ?? undefined,
    'x-dead-letter-routing-key': options.dlqDeadLetterRoutingKey,
  }),
});

const defined = (given: Readonly<Record<string, string | number | boolean | undefined>>): Arguments =>
  Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));

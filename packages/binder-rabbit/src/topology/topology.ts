/**
 * What a binding needs on the broker: declarations in Spring's order, and the names that its consumer or producer uses.
 * Pure: nothing is asked of a broker here.
 */
import { StreambindError, type ConsumerSource, type ProducerTarget } from '@streambind/core/binder';
import {
  binding,
  dlqArguments,
  durableQueue,
  queueArguments,
  type Arguments,
  type Declaration,
  type QueueDeclaration,
} from './declarations.js';
import { deadLetterExchange, deadLetterQueue, exchangeName, partitionKey, partitionQueue } from './names.js';
import { expectedLosses } from '../options/policy.js';
import type {
  ExchangeType,
  RabbitCommonOptions,
  RabbitConsumerOptions,
  RabbitProducerOptions,
} from '../options/options.js';

export type DeadLetters =
  /** Rejected without requeue: the broker moves it where the queue says, or a policy. */
  | { readonly by: 'broker' }
  | {
      readonly by: 'publishing';
      readonly exchange: string;
      readonly routingKey: string;
      /** To be made before the first dead letter; empty when they were made with the queue. */
      readonly declarations: readonly Declaration[];
      /** What becomes of a dead letter while the exchange does not exist. */
      readonly whenMissing: 'keep' | 'drop';
    };

export interface ConsumedQueue {
  readonly name: string;
  readonly destination: string;
  readonly partition?: number;
  /** Absent: an anonymous group has none. */
  readonly deadLetters?: DeadLetters;
}

export interface ConsumerTopology {
  /** They may be made again at any time. */
  readonly declarations: readonly Declaration[];
  readonly queues: readonly ConsumedQueue[];
  /** What a user should know of this configuration, one line each, to be said once at start. */
  readonly notices: readonly string[];
}

export interface ProducerTopology {
  readonly declarations: readonly Declaration[];
  readonly exchange: string;
  /** Where the options name no other; of a partition: `partitionKey(base, partition)`. */
  readonly routingKey: string;
}

/**
 * @param anonymous `anonymousName()`, the same for the whole life of a binding
 * @throws CONFIG_VALUE for options that contradict each other
 */
export function consumerTopology(source: ConsumerSource<RabbitConsumerOptions>, anonymous: string): ConsumerTopology {
  const { options, partitioning, destinations } = source;
  const where = whereOf(source.binding, 'consumer');
  if (partitioning && options.exchangeType === 'fanout') throw fanoutPartitions(where);
  const declarations: Declaration[] = [];
  const queues: ConsumedQueue[] = [];
  for (const destination of destinations) {
    for (const partition of partitioning?.mine ?? [undefined]) {
      const queue = consumedQueue(source, destination, partition, anonymous);
      declarations.push(...queue.declarations);
      queues.push(queue.consumed);
    }
  }
  return { declarations: distinct(declarations), queues, notices: noticesOf(source) };
}

function consumedQueue(
  { options, group }: ConsumerSource<RabbitConsumerOptions>,
  destination: string,
  partition: number | undefined,
  anonymous: string,
): { declarations: Declaration[]; consumed: ConsumedQueue } {
  const exchange = exchangeName(options, destination);
  const at = partition === undefined ? { destination } : { destination, partition };
  const declarations = exchangeDeclarations(options, exchange);
  if (group === undefined) {
    const name = `${exchange}.${options.anonymousGroupPrefix}${anonymous}`;
    declarations.push(
      ...queueDeclarations(options, exchange, at, {
        ...durableQueue(name, { ...mainArguments(options, name), 'x-queue-master-locator': 'client-local' }),
        durable: false,
        exclusive: true,
        autoDelete: true,
      }),
    );
    return { declarations, consumed: { name, ...at } };
  }
  const base = options.queueNameGroupOnly ? `${options.prefix}${group}` : `${exchange}.${group}`;
  const name = partitionQueue(base, partition);
  const durable = options.durableSubscription;
  declarations.push(
    ...queueDeclarations(options, exchange, at, {
      ...durableQueue(name, mainArguments(options, name)),
      durable,
      autoDelete: !durable,
    }),
  );
  const dead = deadLetterDeclarations(options, base, name, options.republishToDlq);
  const withQueue = options.autoBindDlq === true && durable;
  if (withQueue) declarations.push(...dead);
  if (!options.bindQueue) {
    declarations.push({ kind: 'check', what: 'queue', name, fatal: options.missingQueuesFatal });
  }
  return {
    declarations,
    consumed: { name, ...at, deadLetters: deadLettersOf(options, name, withQueue ? [] : dead) },
  };
}

function deadLettersOf(
  options: RabbitConsumerOptions,
  queue: string,
  declarations: readonly Declaration[],
): DeadLetters {
  if (!options.republishToDlq) return { by: 'broker' };
  const dropping = options.autoBindDlq === false;
  return {
    by: 'publishing',
    exchange: deadLetterExchange(options),
    routingKey: options.deadLetterRoutingKey ?? queue,
    declarations: dropping ? [] : declarations,
    whenMissing: dropping ? 'drop' : 'keep',
  };
}

/** @throws CONFIG_VALUE */
export function producerTopology(target: ProducerTarget<RabbitProducerOptions>): ProducerTopology {
  const { options, destination, requiredGroups, partitionCount } = target;
  const exchange = exchangeName(options, destination);
  if (partitionCount !== undefined && requiredGroups.length > 0 && options.exchangeType === 'fanout') {
    throw fanoutPartitions(whereOf(target.binding, 'producer'));
  }
  const alternate = options['alternateExchange.name'];
  const declarations: Declaration[] = [
    ...alternateDeclarations(options),
    ...exchangeDeclarations(options, exchange, alternate === undefined ? {} : { 'alternate-exchange': alternate }),
    ...(options.declareExchange ? [] : [{ kind: 'check', what: 'exchange', name: exchange, fatal: false } as const]),
  ];
  for (const group of requiredGroups) {
    // Spring puts no prefix here, and one before the queue of the consumer
    const base = options.queueNameGroupOnly ? group : `${exchange}.${group}`;
    for (const partition of partitionCount === undefined ? [undefined] : Array(partitionCount).keys()) {
      const name = partitionQueue(base, partition);
      const at = partition === undefined ? { destination } : { destination, partition };
      if (options.autoBindDlq === true) declarations.push(...deadLetterDeclarations(options, base, name, false));
      declarations.push(...queueDeclarations(options, exchange, at, durableQueue(name, mainArguments(options, name))));
    }
  }
  return { declarations: distinct(declarations), exchange, routingKey: destination };
}

function exchangeDeclarations(options: RabbitCommonOptions, name: string, more: Arguments = {}): Declaration[] {
  if (!options.declareExchange) return [];
  const { exchangeType: type, exchangeDurable: durable, exchangeAutoDelete: autoDelete } = options;
  const common = { kind: 'exchange', name, durable, autoDelete } as const;
  return [
    options.delayedExchange
      ? { ...common, type: 'x-delayed-message', arguments: { 'x-delayed-type': type, ...more } }
      : { ...common, type, arguments: more },
  ];
}

function alternateDeclarations(options: RabbitProducerOptions): Declaration[] {
  const name = options['alternateExchange.name'];
  if (name === undefined || options['alternateExchange.exists']) return [];
  const type = options['alternateExchange.type'];
  const exchange = { kind: 'exchange', name, type, durable: true, autoDelete: false, arguments: {} } as const;
  const queue = options['alternateExchange.binding.queue'];
  if (queue === undefined) return [exchange];
  return [
    exchange,
    durableQueue(queue, {}),
    ...bindings(type, name, queue, [options['alternateExchange.binding.routingKey']], {}),
  ];
}

/** The queue and its bindings to the exchange. */
function queueDeclarations(
  options: RabbitCommonOptions,
  exchange: string,
  { destination, partition }: { destination: string; partition?: number },
  queue: QueueDeclaration,
): Declaration[] {
  if (!options.bindQueue) return [];
  const { bindingRoutingKey: given, bindingRoutingKeyDelimiter: delimiter } = options;
  const several = given === undefined || delimiter === undefined ? given : given.split(delimiter);
  const keys = typeof several === 'string' ? [several] : (several ?? [partition === undefined ? '#' : destination]);
  return [
    queue,
    ...bindings(
      options.exchangeType,
      exchange,
      queue.name,
      partition === undefined ? keys : keys.map((key) => partitionKey(key, partition)),
      options.queueBindingArguments ?? {},
    ),
  ];
}

/** Fanout exchanges look at no key, headers exchanges only at arguments, and the others at no argument. */
function bindings(
  type: ExchangeType,
  exchange: string,
  queue: string,
  keys: readonly string[],
  given: Arguments,
): Declaration[] {
  if (type === 'fanout') return [binding(exchange, queue, '')];
  if (type === 'headers') return [binding(exchange, queue, '', given)];
  return keys.map((key) => binding(exchange, queue, key));
}

const mainArguments = (options: RabbitCommonOptions, queue: string): Arguments => ({
  ...(options.autoBindDlq === true && {
    'x-dead-letter-exchange': deadLetterExchange(options),
    'x-dead-letter-routing-key': options.deadLetterRoutingKey ?? queue,
  }),
  ...queueArguments(options),
});

/**
 * @param base name of the queue without the suffix of its partition
 * @param republished whether a second binding is made by it, as Spring does for what it publishes itself
 */
function deadLetterDeclarations(
  options: RabbitCommonOptions,
  base: string,
  queue: string,
  republished: boolean,
): Declaration[] {
  const exchange = deadLetterExchange(options);
  const dlq = deadLetterQueue(options, base);
  const keys = [options.deadLetterRoutingKey ?? queue, ...(republished ? [base] : [])];
  return [
    durableQueue(dlq, dlqArguments(options)),
    ...(options.declareDlx
      ? [
          {
            kind: 'exchange',
            name: exchange,
            type: options.deadLetterExchangeType,
            durable: true,
            autoDelete: false,
            arguments: {},
          } as const,
        ]
      : []),
    ...keys.map((key) => binding(exchange, dlq, key, options.dlqBindingArguments)),
  ];
}

/** Partitions share an exchange and a dead-letter queue; asking once is enough. */
function distinct(declarations: readonly Declaration[]): Declaration[] {
  const known = new Map(declarations.map((one) => [JSON.stringify(one), one]));
  return [...known.values()];
}

/** One line for each way in which messages are meant to be dropped. */
export const lossNotices = (name: string, options: RabbitCommonOptions): string[] =>
  expectedLosses(options).map(({ what, given, fix }) => `The binding "${name}" has ${given}: ${what} ${fix}`);

const noticesOf = (source: ConsumerSource<RabbitConsumerOptions>): string[] => [
  ...deadLetterNotices(source),
  ...lossNotices(source.binding, source.options),
];

function deadLetterNotices({ binding: name, group, options }: ConsumerSource<RabbitConsumerOptions>): string[] {
  if (group === undefined || options.autoBindDlq === true) return [];
  if (!options.republishToDlq) {
    return [
      `The binding "${name}" has republish-to-dlq: false without auto-bind-dlq: an exhausted message is lost, unless a policy of the broker gives its queue a dead-letter exchange.`,
    ];
  }
  if (options.autoBindDlq === undefined) return [];
  return [
    `The binding "${name}" has auto-bind-dlq: false, as Spring's default: an exhausted message is lost unless the exchange "${deadLetterExchange(options)}" exists. Without the key it goes to a dead-letter queue.`,
  ];
}

const whereOf = (name: string, side: 'consumer' | 'producer'): string => `spring.cloud.stream.bindings.${name}.${side}`;

const fanoutPartitions = (where: string): StreambindError =>
  new StreambindError('CONFIG_VALUE', 'A fanout exchange gives each queue everything, so it cannot carry partitions.', {
    where,
    given: 'exchange-type: fanout',
    allowed: 'topic or direct',
    fix: 'Change exchange-type on both sides, or take the partitions out.',
  });

/** What a binding needs of its topics: pure, before any broker is asked. */
import { StreambindError, type ConsumerSource, type ProducerTarget } from '@streambind/core/binder';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions, TopicOptions } from '../options/options.js';
import { deadLetterTopic, isTopicName, requireTopicName } from './names.js';

/** How a topic has to be. */
export interface WantedTopic {
  readonly topic: string;
  /** Partitions that the binding needs. */
  readonly needed: number;
  /** Partitions of the topic when it is made, or when it gets more. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Broker ids by partition. */
  readonly assignments?: Readonly<Record<number, readonly number[]>>;
  readonly properties: Readonly<Record<string, string>>;
  /** Whether it is made when it is not there. */
  readonly create: boolean;
  /** Whether it gets partitions when it has fewer than `partitions`. */
  readonly grow: boolean;
  /** Whether `properties` are set on one that is there. */
  readonly alter: boolean;
  /** What it means when it has fewer than `needed`: `idle`: some handlers have nothing to do; `refuse`: an error. */
  readonly fewer: 'idle' | 'refuse';
}

export interface ConsumerPlan {
  /** Absent where the destination is a pattern: whatever there is, is read. */
  readonly topics?: readonly WantedTopic[];
  readonly pattern?: RegExp;
  readonly deadLetters?: DeadLetterPlan;
  readonly notices: readonly string[];
}

export interface DeadLetterPlan {
  readonly group: string;
  /** `start`: its topics are there before the first message is read; `need`: before the first dead letter is sent. */
  readonly when: 'start' | 'need';
  /** The topic for dead letters of a topic that has so many partitions. */
  topic(source: string, partitions: number): WantedTopic;
  /** The partition for a dead letter. @param count how many the topic of dead letters has */
  partition(source: number, count: number): number;
}

type Source = ConsumerSource<KafkaConsumerOptions>;
type Target = ProducerTarget<KafkaProducerOptions>;

/**
 * @param where the binding is written down
 * @throws CONFIG_VALUE
 */
export function consumerPlan(source: Source, options: KafkaOptions, where: string): ConsumerPlan {
  const { options: own } = source;
  if (!own.destinationIsPattern) for (const topic of source.destinations) requireTopicName(topic, where);
  const notices = own.autoRebalanceEnabled
    ? []
    : [
        `auto-rebalance-enabled: false has no effect here: the members of a group share the partitions.\n  where:   ${where}`,
      ];
  const deadLetters = deadLetterPlan(source, options, where);
  const common = { ...(deadLetters === undefined ? {} : { deadLetters }), notices };
  if (own.destinationIsPattern) {
    return { ...common, pattern: patternOf(source.destinations.join(','), where) };
  }
  const needed = (source.instances ?? 1) * source.concurrency;
  return {
    ...common,
    topics: source.destinations.map((topic) => ({
      topic,
      ...wanted(own, options, needed, where),
      create: options.autoCreateTopics && source.provision === 'create',
      grow: options.autoAddPartitions && source.provision === 'create',
      alter: options.autoAlterTopics && source.provision === 'create',
      fewer: 'idle',
    })),
  };
}

/** @throws CONFIG_VALUE */
export function producerPlan(target: Target, options: KafkaOptions, where: string): WantedTopic {
  requireTopicName(target.destination, where);
  return {
    topic: target.destination,
    ...wanted(target.options, options, target.minPartitions ?? 1, where),
    create: options.autoCreateTopics && target.provision === 'create',
    grow: options.autoAddPartitions && target.provision === 'create',
    alter: options.autoAlterTopics && target.provision === 'create',
    fewer: 'refuse',
  };
}

function wanted(
  own: TopicOptions,
  options: KafkaOptions,
  needed: number,
  where: string,
): Pick<WantedTopic, 'needed' | 'partitions' | 'replicationFactor' | 'assignments' | 'properties'> {
  const assignments = assignmentsOf(own['topic.replicasAssignments'], where);
  return {
    needed,
    partitions: Math.max(options.minPartitionCount, needed),
    replicationFactor: own['topic.replicationFactor'] ?? options.replicationFactor,
    ...(assignments === undefined ? {} : { assignments }),
    properties: own['topic.properties'] ?? {},
  };
}

/** From `0: '1,2'`, or from `0[0]: 1` and `0[1]: 2`, as a yml list comes. */
function assignmentsOf(
  given: Readonly<Record<string, string>> | undefined,
  where: string,
): WantedTopic['assignments'] | undefined {
  if (given === undefined) return undefined;
  const brokers = new Map<number, number[]>();
  for (const [key, value] of Object.entries(given)) {
    const partition = /^(\d+)(?:\[\d+\])?$/.exec(key)?.[1];
    const ids = value.split(',').map((id) => id.trim());
    if (partition === undefined || !ids.every((id) => /^\d+$/.test(id))) {
      throw new StreambindError('CONFIG_VALUE', 'The brokers of a partition cannot be read.', {
        where,
        given: `topic.replicas-assignments.${key}: ${value}`,
        allowed: 'ids of brokers by the number of a partition: 0: [1, 2]',
      });
    }
    brokers.set(Number(partition), [...(brokers.get(Number(partition)) ?? []), ...ids.map(Number)]);
  }
  return Object.fromEntries(brokers);
}

/** Java's `matches`: the whole name. Kafka's own topics, and dead letters of the group, are never meant. */
function patternOf(text: string, where: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      'The destination is no regular expression.',
      { where, given: text, allowed: 'a regular expression, as destination-is-pattern: true says' },
      error,
    );
  }
}

function deadLetterPlan(
  { group, destinations, options: own, provision }: Source,
  options: KafkaOptions,
  where: string,
) {
  const { enableDlq, dlqName, dlqPartitions } = own;
  if (group === undefined) {
    if (enableDlq !== true) return undefined;
    throw new StreambindError('CONFIG_VALUE', 'An input without a group has no dead letters.', {
      where,
      given: 'enable-dlq: true',
      fix: 'Give the binding a group, or take enable-dlq out.',
    });
  }
  if (enableDlq === false) return undefined;
  const nameOf = (topic: string): string => dlqName ?? deadLetterTopic(topic, group);
  if (!own.destinationIsPattern || dlqName !== undefined) {
    for (const topic of destinations) {
      requireTopicName(nameOf(topic), where, 'Set dlq-name, or enable-dlq: false to drop what failed for good.');
    }
  }
  const plan: DeadLetterPlan = {
    group,
    when: enableDlq === true && !own.destinationIsPattern ? 'start' : 'need',
    topic: (source, partitions) => ({
      topic: nameOf(source),
      needed: 1,
      partitions: Math.max(dlqPartitions ?? partitions, 1),
      replicationFactor: own['topic.replicationFactor'] ?? options.replicationFactor,
      properties: own['topic.properties'] ?? {},
      create: options.autoCreateTopics && provision === 'create',
      grow: false,
      alter: false,
      fewer: 'idle',
    }),
    // a topic of dead letters that somebody made smaller still takes every one
    partition: (source, count) => (dlqPartitions !== undefined && dlqPartitions <= 1 ? 0 : source % count),
  };
  return plan;
}

/** Of the topics there are, those that a destination which is a pattern means. */
export const matching = (pattern: RegExp, group: string | undefined, topics: readonly string[]): readonly string[] =>
  topics
    .filter((topic) => pattern.test(topic) && !topic.startsWith('__') && isTopicName(topic))
    .filter((topic) => group === undefined || !(topic.startsWith('error.') && topic.endsWith(`.${group}`)))
    .toSorted();

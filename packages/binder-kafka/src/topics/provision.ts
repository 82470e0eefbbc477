/** Topics as bindings need them, on the broker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StreambindError, type BinderContext, type ConsumerSource, type ProducerTarget } from '@streambind/core/binder';
import { KafkaTrouble } from '../client/errors.js';
import type { KafkaAdmin, PartitionState, TopicPartition } from '../client/port.js';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions } from '../options/options.js';
import { consumerPlan, matching, producerPlan, type DeadLetterPlan, type WantedTopic } from './plan.js';
import { refusal, whereIs } from './refusals.js';

type Context = Pick<BinderContext, 'origin'>;

export interface ConsumerTopics {
  /** How many partitions each topic has. */
  readonly topics: ReadonlyMap<string, number>;
  /** Absent: what fails for good is not kept. */
  readonly deadLetters?: DeadLetterTopics;
  /** For the log: a text each. */
  readonly notices: readonly string[];
}

export interface DeadLetterTopics {
  /** Where a dead letter goes; makes its topic before the first one. @throws as `provisionConsumer` */
  target(from: TopicPartition): Promise<TopicPartition>;
  /** The next dead letter for the topic sees whether it is there. */
  forget(topic: string): void;
}

export interface ProducerTopic {
  readonly partitions: number;
  readonly notices: readonly string[];
}

/**
 * Makes what is missing, or finds what has to be there.
 * @throws DESTINATION_GONE, which somebody who makes the topic cures; CONFIG_VALUE, TOPOLOGY_CONFLICT, ACCESS_REFUSED,
 * BINDER_FAILED; KafkaTrouble where the broker or the way to it is in trouble
 */
export async function provisionConsumer(
  admin: KafkaAdmin,
  source: ConsumerSource<KafkaConsumerOptions>,
  options: KafkaOptions,
  context: Context,
): Promise<ConsumerTopics> {
  const where = whereIs(source.binding, context.origin);
  const plan = consumerPlan(source, options, where);
  const topics = new Map<string, number>();
  const notices = [...plan.notices];
  for (const wanted of plan.topics ?? []) {
    const made = await provided(admin, wanted, where);
    topics.set(wanted.topic, made.partitions);
    notices.push(...made.notices);
  }
  if (plan.pattern) {
    for (const topic of matching(plan.pattern, source.group, await admin.topics())) {
      const partitions = await admin.partitions(topic);
      if (partitions) topics.set(topic, partitions.length);
    }
    if (topics.size === 0) {
      throw new StreambindError('DESTINATION_GONE', 'No topic matches the destination of the binding.', {
        where,
        given: source.destinations.join(','),
        fix: 'Make such a topic, or take destination-is-pattern out when it is the name of one.',
      });
    }
  }
  const deadLetters = plan.deadLetters && deadLetterTopics(admin, plan.deadLetters, topics, where);
  if (deadLetters && plan.deadLetters.when === 'start') {
    for (const topic of topics.keys()) await deadLetters.target({ topic, partition: 0 });
  }
  return { topics, ...(deadLetters ? { deadLetters } : {}), notices };
}

/** @throws as `provisionConsumer` */
export async function provisionProducer(
  admin: KafkaAdmin,
  target: ProducerTarget<KafkaProducerOptions>,
  options: KafkaOptions,
  context: Context,
): Promise<ProducerTopic> {
  const where = whereIs(target.binding, context.origin);
  return provided(admin, producerPlan(target, options, where), where);
}

function deadLetterTopics(
  admin: KafkaAdmin,
  plan: DeadLetterPlan,
  sources: ReadonlyMap<string, number>,
  where: string,
): DeadLetterTopics {
  const found = new Map<string, Promise<ProducerTopic>>();
  return {
    target: async ({ topic, partition }) => {
      const wanted = plan.topic(topic, sources.get(topic) ?? partition + 1);
      let there = found.get(wanted.topic);
      if (!there) {
        there = provided(admin, wanted, where);
        found.set(wanted.topic, there);
        // the next dead letter tries again
        there.catch(() => found.delete(wanted.topic));
      }
      const { partitions } = await there;
      return { topic: wanted.topic, partition: plan.partition(partition, partitions) };
    },
    forget: (topic) => void found.delete(topic),
  };
}

async function provided(admin: KafkaAdmin, wanted: WantedTopic, where: string): Promise<ProducerTopic> {
  try {
    return await provide(admin, wanted, where);
  } catch (error) {
    throw error instanceof KafkaTrouble ? (refusal(wanted, error, where) ?? error) : error;
  }
}

async function provide(admin: KafkaAdmin, wanted: WantedTopic, where: string): Promise<ProducerTopic> {
  const { topic, needed } = wanted;
  let there = await admin.partitions(topic);
  if (!there) {
    if (!wanted.create) {
      throw new StreambindError('DESTINATION_GONE', `Kafka has no topic "${topic}".`, {
        where,
        given: topic,
        fix: 'Make it (kafka-topics.sh --create), or let the binder do so: auto-create-topics: true.',
      });
    }
    await admin.createTopic({
      topic,
      partitions: wanted.partitions,
      replicationFactor: wanted.replicationFactor,
      ...(wanted.assignments === undefined ? {} : { assignments: wanted.assignments }),
      properties: wanted.properties,
    });
    // somebody else may have made it at the same time, and differently
    there = await whenThere(admin, topic, 1);
  } else if (wanted.alter && Object.keys(wanted.properties).length > 0) {
    await admin.configureTopic(topic, wanted.properties);
  }
  if (wanted.grow && there.length < wanted.partitions) {
    await admin.addPartitions(topic, wanted.partitions);
    there = await whenThere(admin, topic, wanted.partitions);
  }
  const partitions = there.length;
  if (partitions >= needed) return { partitions, notices: [] };
  const fix = 'Set auto-add-partitions: true, or add them (kafka-topics.sh --alter --partitions).';
  if (wanted.fewer === 'refuse') {
    throw new StreambindError(
      'TOPOLOGY_CONFLICT',
      `The topic "${topic}" has fewer partitions than the binding needs.`,
      {
        where,
        given: `${partitions}, where partition-count says ${needed}`,
        fix: `Set auto-add-partitions: true; or add them (kafka-topics.sh --alter --partitions ${needed}); or set partition-count: ${partitions}.`,
      },
    );
  }
  const idle = `The topic "${topic}" has ${partitions} partitions, where instances and concurrency could read ${needed}: ${needed - partitions} have nothing to do.`;
  return { partitions, notices: [`${idle}\n  where:   ${where}\n  fix:     ${fix}`] };
}

const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** Brokers learn of new partitions one after the other, and these have no leader at first. */
async function whenThere(admin: KafkaAdmin, topic: string, count: number): Promise<readonly PartitionState[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const there = await admin.partitions(topic);
    if (there && there.length >= count && there.every(({ leader }) => leader !== undefined)) return there;
    if (performance.now() > deadline) {
      throw new KafkaTrouble('unavailable', `the partitions of the topic "${topic}" have no leaders`);
    }
    await sleep(PAUSE_MS);
  }
}

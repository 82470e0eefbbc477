/** Questions to the cluster, and topics. One connection, made at the first question and again after it broke. */
import type { Admin, Kafka } from 'kafkajs';
import { KafkaTrouble } from '../errors.js';
import type { KafkaAdmin, NewTopic, PartitionState, Position, Watermarks } from '../port.js';
import { ConfigResourceTypes } from './library.js';
import { troubleOf } from './trouble.js';

/** Milliseconds. */
const LEADERS_TIMEOUT_MS = 30_000;

export class KafkaJsAdmin implements KafkaAdmin {
  readonly #kafka: Kafka;
  #connected: Promise<Admin> | undefined;
  #closed = false;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  async partitions(topic: string): Promise<readonly PartitionState[] | undefined> {
    try {
      const { topics } = await this.#ask((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
      return topics[0]?.partitions
        .map(({ partitionId, leader, replicas }) => ({
          partition: partitionId,
          ...(leader < 0 ? {} : { leader }),
          replicas,
        }))
        .sort((a, b) => a.partition - b.partition);
    } catch (error) {
      if (error instanceof KafkaTrouble && error.kind === 'missing') return undefined;
      throw error;
    }
  }

  async topics(): Promise<readonly string[]> {
    return this.#ask((admin) => admin.listTopics());
  }

  createTopic({ topic, partitions, replicationFactor, assignments, properties }: NewTopic): Promise<boolean> {
    return this.#ask((admin) =>
      admin.createTopics({
        waitForLeaders: true,
        timeout: LEADERS_TIMEOUT_MS,
        topics: [
          {
            topic,
            ...(assignments
              ? {
                  replicaAssignment: Object.entries(assignments).map(([partition, replicas]) => ({
                    partition: Number(partition),
                    replicas: [...replicas],
                  })),
                }
              : { numPartitions: partitions, replicationFactor }),
            configEntries: entries(properties),
          },
        ],
      }),
    );
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#ask((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
  }

  async topicProperties(topic: string): Promise<Readonly<Record<string, string>>> {
    const { resources } = await this.#ask((admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      }),
    );
    const described = resources[0]?.configEntries ?? [];
    return Object.fromEntries(described.map(({ configName, configValue }) => [configName, configValue]));
  }

  /** AlterConfigs replaces all entries of a topic, so those that were set before are sent with the new ones. */
  async configureTopic(topic: string, properties: Readonly<Record<string, string>>): Promise<void> {
    const { resources } = await this.#ask((admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      }),
    );
    const set = (resources[0]?.configEntries ?? []).filter(({ configSource }) => (configSource as number) === 1);
    const before = Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue]));
    await this.#ask((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entries({ ...before, ...properties }) },
        ],
      }),
    );
  }

  async watermarks(topic: string): Promise<readonly Watermarks[]> {
    const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
  }

  async committed(group: string, topics: readonly string[]): Promise<readonly Position[]> {
    const committed = await this.#ask((admin) => admin.fetchOffsets({ groupId: group, topics: [...topics] }));
    return committed.flatMap(({ topic, partitions }) =>
      partitions
        .map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) }))
        .filter(({ offset }) => offset >= 0n),
    );
  }

  async deleteGroup(group: string): Promise<void> {
    try {
      await this.#ask((admin) => admin.deleteGroups([group]));
    } catch (error) {
      const cause = (error as Error).cause as { groups?: readonly { error?: { type?: string } }[] } | undefined;
      if (cause?.groups?.some(({ error: its }) => its?.type === 'GROUP_ID_NOT_FOUND')) return;
      throw error;
    }
  }

  async cluster(): Promise<{ readonly id: string; readonly brokers: number }> {
    const { brokers, clusterId } = await this.#ask((admin) => admin.describeCluster());
    return { id: clusterId, brokers: brokers.length };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const admin = await this.#connected?.catch(() => undefined);
    await admin?.disconnect();
  }

  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaTrouble('refused', 'the client is closed');
    const connected = (this.#connected ??= this.#connect());
    try {
      return await question(await connected);
    } catch (error) {
      const trouble = troubleOf(error);
      if ((trouble.kind === 'unavailable' || trouble.kind === 'unknown') && this.#connected === connected) {
        this.#connected = undefined;
        void connected.then((admin) => admin.disconnect()).catch(() => undefined);
      }
      throw trouble;
    }
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      this.#connected = undefined;
      throw error;
    }
  }
}

const entries = (properties: Readonly<Record<string, string>>): { name: string; value: string }[] =>
  Object.entries(properties).map(([name, value]) => ({ name, value }));

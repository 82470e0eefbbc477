/** A topic of a test's own on a real broker, as a client that is not the binder's sees it. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import type { KafkaBroker } from '../../../../tools/brokers/index.mjs';

export interface Sent {
  readonly partition: number;
  readonly value: string;
}

export class AtBroker {
  readonly properties: Readonly<Record<string, string>>;
  readonly #admin: Admin;
  readonly #producer: Producer;

  constructor({ address: { bootstrapServers } }: KafkaBroker) {
    this.properties = { 'spring.kafka.bootstrap-servers': bootstrapServers };
    const kafka = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING });
    this.#admin = kafka.admin();
    this.#producer = kafka.producer();
  }

  async open(): Promise<void> {
    await Promise.all([this.#admin.connect(), this.#producer.connect()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.disconnect(), this.#producer.disconnect()]);
  }

  /** @returns its name, which nobody else has */
  async topic(name: string, numPartitions: number): Promise<string> {
    const topic = `${name}-${randomUUID().slice(0, 8)}`;
    await this.#admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
    return topic;
  }

  /** In this order where the partition is the same, as text. */
  async send(topic: string, messages: readonly Sent[]): Promise<void> {
    const headers = { contentType: 'text/plain' };
    await this.#producer.send({ topic, messages: messages.map((message) => ({ ...message, headers })) });
  }

  /** How many records a topic has; 0 where it does not exist. */
  async records(topic: string): Promise<number> {
    if (!(await this.#admin.listTopics()).includes(topic)) return 0;
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  /** What a group has committed, by partition. */
  async committed(groupId: string, topic: string): Promise<number[]> {
    const [offsets] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return offsets!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
  }
}

/** A topic of a test's own on a real broker, as a client that is not the binder's sees it. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type KafkaMessage, type Message, type Producer } from 'kafkajs';
import { until, type KafkaBroker } from '../../../../tools/brokers/index.mjs';

export interface Sent {
  readonly partition: number;
  readonly value: string;
}

export interface ReadRecord {
  readonly partition: number;
  readonly message: KafkaMessage;
}

export class AtBroker {
  readonly properties: Readonly<Record<string, string>>;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: Producer;

  constructor({ address: { bootstrapServers } }: KafkaBroker) {
    this.properties = { 'spring.kafka.bootstrap-servers': bootstrapServers };
    this.#kafka = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING });
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer();
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
    await this.#admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    const led = async (): Promise<boolean> => {
      // until it knows the topic, the broker answers with an error
      const metadata = await this.#admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      return metadata?.topics[0]?.partitions.filter(({ leader }) => leader >= 0).length === numPartitions;
    };
    await until(led, 20_000, `the leaders of ${topic}`);
    return topic;
  }

  async remove(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
  }

  /** In this order where the partition is the same, as text. */
  async send(topic: string, messages: readonly Sent[]): Promise<void> {
    const headers = { contentType: 'text/plain' };
    await this.#producer.send({ topic, messages: messages.map((message) => ({ ...message, headers })) });
  }

  /** One record as it is. Header values of one name keep their order. */
  async sendRecord(topic: string, record: Message): Promise<void> {
    await this.#producer.send({ topic, messages: [record] });
  }

  /** The first so many records of these topics, by topic; of one partition in their order. */
  async read(topics: readonly string[], count: number): Promise<Map<string, ReadRecord[]>> {
    const read = new Map<string, ReadRecord[]>(topics.map((topic) => [topic, []]));
    let left = count;
    const consumer = this.#kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        eachMessage: ({ topic, partition, message }) => {
          read.get(topic)!.push({ partition, message });
          left--;
          return Promise.resolve();
        },
      });
      await until(() => left <= 0, 20_000, `${count} records are read`);
    } finally {
      await consumer.disconnect();
    }
    return read;
  }

  /** How many records a topic has; 0 where it does not exist. */
  async records(topic: string): Promise<number> {
    if (!(await this.#admin.listTopics()).includes(topic)) return 0;
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  async partitions(topic: string): Promise<number> {
    return (await this.#admin.fetchTopicOffsets(topic)).length;
  }

  /** What a group has committed, by partition. */
  async committed(groupId: string, topic: string): Promise<number[]> {
    const [offsets] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return offsets!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
  }
}

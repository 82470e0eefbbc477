/** Several brokers on paper, below the client's own producer: what each has stored, and one that fails when told to. */
import Broker from 'kafkajs/src/broker/index.js';
import createProducer from 'kafkajs/src/producer/index.js';
import type { Kafka, Producer } from 'kafkajs';

interface Batch {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly { readonly value: Buffer }[];
}

interface Produce {
  readonly producerId: number;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly Batch[] }[];
}

/** An answer that a broker gives instead of its own, or nothing. */
export type Fault = (broker: number) => Promise<void> | undefined;

export class PaperCluster {
  /** Values by partition. */
  readonly stored: string[][];
  /** The broker that leads each partition. */
  readonly leaders: number[];
  fault: Fault = () => undefined;
  /** Called when a broker has stored a request; what it throws is what comes of it. */
  answer: (broker: number) => void = () => undefined;
  #producers = 0;
  readonly #sequences = new Map<string, { next: number; last: number }>();

  constructor(leaders: readonly number[]) {
    this.leaders = [...leaders];
    this.stored = leaders.map(() => []);
  }

  get kafka(): Pick<Kafka, 'producer'> {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const logger = { ...log, namespace: () => log };
    return {
      producer: (options) => createProducer({ ...options, cluster: this.#cluster(), logger }) as unknown as Producer,
    };
  }

  #cluster(): object {
    const brokers = new Map([...new Set(this.leaders)].map((id) => [id, this.#broker(id)]));
    const done = (): Promise<void> => Promise.resolve();
    return {
      retry: { retries: 2, initialRetryTime: 1, maxRetryTime: 1 },
      connect: done,
      disconnect: done,
      isConnected: () => true,
      refreshMetadata: done,
      refreshMetadataIfNecessary: done,
      addMultipleTargetTopics: done,
      targetTopics: new Set(),
      findTopicPartitionMetadata: () => this.leaders.map((leader, partitionId) => ({ partitionId, leader })),
      findLeaderForPartitions: (_topic: string, partitions: readonly string[]) => {
        const byLeader: Record<number, number[]> = {};
        for (const partition of partitions.map(Number)) (byLeader[this.leaders[partition]!] ??= []).push(partition);
        return byLeader;
      },
      findBroker: ({ nodeId }: { nodeId: string | number }) => Promise.resolve(brokers.get(Number(nodeId))),
      findControllerBroker: () =>
        Promise.resolve({ initProducerId: () => Promise.resolve({ producerId: this.#producers++, producerEpoch: 0 }) }),
    };
  }

  #broker(nodeId: number): object {
    return Object.assign(Object.create(Broker.prototype) as object, {
      nodeId,
      lookupRequest: () => (request: Produce) => request,
      connectionPool: {
        send: async (request: Produce) => {
          await this.fault(nodeId);
          const topics = request.topicData.map((each) => this.#store(request.producerId, each));
          this.answer(nodeId);
          return { topics };
        },
      },
    });
  }

  /** As a broker does it: what it has already it takes for the same, and what leaves a gap it refuses. */
  #store(producer: number, { topic, partitions }: Produce['topicData'][number]): object {
    for (const { partition, firstSequence, messages } of partitions) {
      const name = `${producer} ${partition}`;
      const { next, last } = this.#sequences.get(name) ?? { next: 0, last: -1 };
      if (firstSequence === last) continue;
      if (firstSequence !== next) throw new Error(`out of order: ${firstSequence}, where ${next} is next`);
      this.#sequences.set(name, { next: next + messages.length, last: firstSequence });
      this.stored[partition]!.push(...messages.map(({ value }) => value.toString()));
    }
    return { topicName: topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0 })) };
  }
}

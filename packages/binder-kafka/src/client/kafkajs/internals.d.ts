/** Types of what `library.ts` touches behind the public door of kafkajs 2.2.4. */

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type { Socket } from 'node:net';
  import type { TopicPartitions } from 'kafkajs';

  export default class ConsumerGroup {
    constructor(options: object);
    readonly assigners: readonly object[];
    readonly groupId: string;
    readonly memberId: string | null;
    readonly generationId: number | null;
    /** Milliseconds. */
    readonly sessionTimeout: number;
    readonly seekOffset: { clear(): void };
    readonly coordinator: {
      heartbeat(request: { groupId: string; memberId: string | null; groupGenerationId: number | null }): Promise<void>;
      readonly connectionPool: { readonly pool: readonly { readonly socket?: Socket }[] };
    } | null;
    readonly cluster: { findGroupCoordinator(group: { groupId: string }): Promise<object> };
    commitOffsets(offsets: object): Promise<void>;
    heartbeat(options: { interval: number }): Promise<void>;
    joinAndSync(): Promise<void>;
    leave(): Promise<void>;
    /** Made anew in each generation. */
    readonly offsetManager: object | null;
    fetch(nodeId: string): Promise<object[]>;
    recoverFromFetch(error: unknown): Promise<void>;
    recoverFromOffsetOutOfRange(error: { topic: string; partition: number }): Promise<void>;
    assigned(): TopicPartitions[];
    resume(partitions: readonly TopicPartitions[]): void;
    seek(position: { topic: string; partition: number; offset: string }): void;
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly object[];
    /** Milliseconds since 1970, or -1. */
    readonly throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/broker/index.js' {
  export interface ProduceRequest {
    readonly topicData: readonly {
      readonly topic: string;
      /** The messages are those that the producer was given. */
      readonly partitions: readonly { readonly partition: number; readonly messages: readonly object[] }[];
    }[];
  }

  export default class Broker {
    produce(request: ProduceRequest): Promise<object>;
  }
}

declare module 'kafkajs/src/producer/index.js' {
  export default function createProducer(options: object): object;
}

/** A producer on kafkajs, plain, idempotent or transactional. */
import type { Kafka, Partitioners as PartitionersOf, Producer, Transaction } from 'kafkajs';
import { KafkaTrouble } from '../errors.js';
import type { KafkaProducer, KafkaTransaction, OutgoingRecord, Position, ProducerSettings } from '../port.js';
import { CompressionTypes, Partitioners } from './library.js';
import { Sending } from './sending.js';
import { troubleOf } from './trouble.js';

const COMPRESSION = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const;

/**
 * A request is tried once, and by its owner again: the client would begin the next try while brokers have not answered
 * the last one. No number at all is how it takes that for an idempotent producer.
 */
const RETRY = { retries: NaN };

/**
 * A record keeps its partition however often its request is tried. The client asks for one at each try, so that records
 * without a key would change places with those that another broker has taken, and be lost or come twice.
 */
const stickyPartitioner: typeof PartitionersOf.DefaultPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  return (asked) => (asked.message.partition ??= choose(asked));
};

export class KafkaJsProducer implements KafkaProducer {
  readonly #producer: Producer;
  readonly #settings: ProducerSettings;
  /** What was sent last, and failed. */
  #last: { readonly records: readonly OutgoingRecord[]; readonly sending: Sending } | undefined;
  #closed: Promise<void> | undefined;

  private constructor(producer: Producer, settings: ProducerSettings) {
    this.#producer = producer;
    this.#settings = settings;
  }

  /** Resolves when it is connected, and has its id from the broker if it is idempotent. */
  static async open(kafka: Kafka, settings: ProducerSettings): Promise<KafkaJsProducer> {
    const { idempotent, metadataMaxAgeMs, transactionalId } = settings;
    const producer = kafka.producer({
      idempotent,
      // its own way of several requests at once changes their order when one is tried again
      maxInFlightRequests: 1,
      metadataMaxAge: metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      createPartitioner: stickyPartitioner,
      ...(transactionalId === undefined ? { retry: RETRY } : { transactionalId }),
    });
    try {
      await producer.connect();
      // its first transaction is what ends and fences others; an empty one is free
      if (transactionalId !== undefined) await (await producer.transaction()).abort();
      return new KafkaJsProducer(producer, settings);
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw troubleOf(error);
    }
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    const { acks, compression, timeoutMs } = this.#settings;
    const sending = this.#last?.records === records ? this.#last.sending : new Sending(records);
    this.#last = { records, sending };
    await sending.through((topicMessages) =>
      this.#producer.sendBatch({ topicMessages, acks, timeout: timeoutMs, compression: COMPRESSION[compression] }),
    );
    this.#last = undefined;
  }

  async begin(): Promise<KafkaTransaction> {
    try {
      return new KafkaJsTransaction(await this.#producer.transaction(), this.#settings);
    } catch (error) {
      throw troubleOf(error);
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#producer.disconnect());
  }
}

class KafkaJsTransaction implements KafkaTransaction {
  readonly #transaction: Transaction;
  readonly #settings: ProducerSettings;

  constructor(transaction: Transaction, settings: ProducerSettings) {
    this.#transaction = transaction;
    this.#settings = settings;
  }

  send(records: readonly OutgoingRecord[]): Promise<void> {
    const { compression, timeoutMs } = this.#settings;
    return new Sending(records).through((topicMessages) =>
      this.#transaction.sendBatch({
        topicMessages,
        acks: -1,
        timeout: timeoutMs,
        compression: COMPRESSION[compression],
      }),
    );
  }

  sendOffsets(group: string, offsets: readonly Position[]): Promise<void> {
    const topics = new Map<string, { partition: number; offset: string }[]>();
    for (const { topic, partition, offset } of offsets) {
      const partitions = topics.get(topic) ?? [];
      partitions.push({ partition, offset: offset.toString() });
      topics.set(topic, partitions);
    }
    return translated(
      this.#transaction.sendOffsets({
        consumerGroupId: group,
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      }),
    );
  }

  commit(): Promise<void> {
    return translated(this.#transaction.commit());
  }

  abort(): Promise<void> {
    return translated(this.#transaction.abort());
  }
}

async function translated(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof KafkaTrouble ? error : troubleOf(error);
  }
}

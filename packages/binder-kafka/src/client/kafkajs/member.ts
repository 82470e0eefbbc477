/** A member of a consumer group on kafkajs: joins, hands over, reads, commits, and says when it is of no use any more. */
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { KafkaTrouble } from '../errors.js';
import type { IncomingRecord, KafkaMember, MemberListener, MemberSettings, Position, TopicPartition } from '../port.js';
import { assigner } from './assignors.js';
import { handOver, hangUp, type Handover } from './library.js';
import { troubleOf } from './trouble.js';

/** A group that waits for another member answers none that wants to leave, milliseconds. */
const LEAVE_MS = 2000;
/** Batches that may be held at once; a partition has one. */
const MOST_BATCHES = 64;
/**
 * Of requests that failed, milliseconds and tries: about ten seconds, so that a broker which comes back soon finds the
 * same member.
 */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, multiplier: 1.6, retries: 12 };

export class KafkaJsMember implements KafkaMember {
  readonly #kafka: Kafka;
  readonly #settings: MemberSettings;
  readonly #handover = this.#makeHandover();
  #consumer: Consumer | undefined;
  #listener: MemberListener | undefined;
  #joined: { resolve(): void; reject(error: Error): void } | undefined;
  #heard = 0;
  /** It waits for the others of its group, or they for it. */
  #changing = false;
  #watch: NodeJS.Timeout | undefined;
  #ended = false;
  #closed: Promise<void> | undefined;

  constructor(kafka: Kafka, settings: MemberSettings) {
    this.#kafka = kafka;
    this.#settings = settings;
  }

  async join(listener: MemberListener): Promise<void> {
    this.#listener = listener;
    const { topics, heartbeatIntervalMs } = this.#settings;
    const consumer = (this.#consumer = this.#make());
    const { CRASH, FETCH, HEARTBEAT } = consumer.events;
    const heard = (): void => void (this.#heard = performance.now());
    consumer.on(CRASH, ({ payload }) => this.#failed(troubleOf(payload.error)));
    consumer.on(FETCH, heard);
    consumer.on(HEARTBEAT, heard);
    const joined = new Promise<void>((resolve, reject) => (this.#joined = { resolve, reject }));
    // it may fail before anybody waits for it
    joined.catch(() => undefined);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      if (this.#ended) await joined;
      // resolves when joining failed as well: that is told by CRASH
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: MOST_BATCHES,
        eachBatch: (payload) => this.#batch(payload),
      });
      await joined;
    } catch (error) {
      // a close finds nothing to end while it is about to connect
      if (this.#ended) await consumer.disconnect().catch(() => undefined);
      throw troubleOf(error);
    }
    heard();
    this.#watch = setInterval(() => this.#listen(), heartbeatIntervalMs).unref();
  }

  pause(partitions: readonly TopicPartition[]): void {
    if (!this.#ended && partitions.length > 0) this.#consumer?.pause(byTopic(partitions));
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (!this.#ended && partitions.length > 0) this.#consumer?.resume(byTopic(partitions));
  }

  async commit(positions: readonly Position[]): Promise<void> {
    if (!this.#consumer || this.#ended) throw new KafkaTrouble('fenced', 'the member has ended');
    try {
      await this.#consumer.commitOffsets(
        positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset.toString() })),
      );
    } catch (error) {
      throw troubleOf(error);
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#watch);
    this.#joined?.reject(new KafkaTrouble('refused', 'the member is closed'));
    const impatient = setTimeout(() => hangUp(this.#handover), LEAVE_MS);
    try {
      await this.#consumer?.disconnect();
    } finally {
      clearTimeout(impatient);
    }
  }

  #make(): Consumer {
    const settings = this.#settings;
    let first = true;
    return this.#kafka.consumer({
      groupId: settings.group,
      partitionAssigners: settings.assignors.map((name) =>
        assigner(name, (made) => {
          if (first) handOver(made, this.#handover);
          first = false;
        }),
      ),
      sessionTimeout: settings.sessionTimeoutMs,
      rebalanceTimeout: settings.rebalanceTimeoutMs,
      heartbeatInterval: settings.heartbeatIntervalMs,
      metadataMaxAge: settings.metadataMaxAgeMs,
      minBytes: settings.minBytes,
      maxBytes: settings.maxBytes,
      maxBytesPerPartition: settings.maxBytesPerPartition,
      maxWaitTimeInMs: settings.maxWaitMs,
      readUncommitted: settings.readUncommitted,
      ...(settings.rackId === undefined ? {} : { rackId: settings.rackId }),
      allowAutoTopicCreation: false,
      // a member that crashed is made anew by its owner, in one place and with one back-off
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  #makeHandover(): Handover {
    let member = false;
    return {
      revoking: async () => {
        this.#changing = true;
        if (!this.#ended) await this.#listener!.revoking();
      },
      joining: async () => {
        this.#changing = true;
        if (member && !this.#ended) await this.#listener!.assigned([], false);
      },
      assigned: async (assigned, continuous) => {
        if (this.#ended) return [];
        const partitions = assigned.flatMap(({ topic, partitions: its }) =>
          its.map((partition) => ({ topic, partition })),
        );
        const positions = await this.#listener!.assigned(partitions, continuous);
        member = true;
        this.#changing = false;
        this.#heard = performance.now();
        this.#joined!.resolve();
        return positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset.toString() }));
      },
      gone: () => this.#failed(new KafkaTrouble('missing', 'a topic that is read is not there any more')),
      outOfRange: async (topic, partition) => (await this.#listener!.outOfRange({ topic, partition })).toString(),
    };
  }

  /** Never throws, apart from the client's own errors: whatever else is thrown here would end the consumer, or loop. */
  async #batch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const last = messages.at(-1);
    if (this.#ended || payload.isStale() || !last) return;
    const held = this.#listener!.batch({ topic, partition, records: messages.map(incoming) });
    payload.resolveOffset(last.offset);
    if (!held) return;
    let release!: () => void;
    const failed = new Promise<never>((_resolve, reject) => {
      const beating = setInterval(() => void payload.heartbeat().catch(reject), this.#settings.heartbeatIntervalMs);
      release = () => clearInterval(beating);
    });
    try {
      await Promise.race([held, failed]);
    } finally {
      release();
    }
  }

  #failed(trouble: KafkaTrouble): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#watch);
    this.#joined?.reject(trouble);
    if (this.#watch) this.#listener?.failed(trouble);
  }

  /**
   * A consumer can fall silent without a word, when its requests are never answered. After the session the group has given
   * its partitions to others.
   */
  #listen(): void {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings;
    const silentMs = performance.now() - this.#heard;
    if (silentMs < (this.#changing ? sessionTimeoutMs + rebalanceTimeoutMs : sessionTimeoutMs)) return;
    this.#failed(new KafkaTrouble('unavailable', `nothing was heard of the group for ${Math.round(silentMs)} ms`));
  }
}

/** The client's own object, and who set its timestamp. */
function incoming(message: KafkaMessage): IncomingRecord {
  const record = message as KafkaMessage & {
    timestampType: IncomingRecord['timestampType'];
    batchContext?: BatchContext;
  };
  record.timestampType = record.batchContext?.timestampType === 1 ? 'LogAppendTime' : 'CreateTime';
  return record as IncomingRecord;
}

interface BatchContext {
  readonly timestampType?: number;
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const its = topics.get(topic);
    if (its) its.push(partition);
    else topics.set(topic, [partition]);
  }
  return [...topics].map(([topic, its]) => ({ topic, partitions: its }));
}

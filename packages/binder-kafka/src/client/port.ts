/**
 * What the binder needs of a Kafka client, so that another one can be put in. Nothing of a client library's own types,
 * errors or habits comes through here: offsets are bigint, bytes are Buffer, times are milliseconds.
 */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface Position extends TopicPartition {
  readonly offset: bigint;
}

/** Values of record headers by name; several where a name came several times, in their order. */
export type RecordHeaders = Record<string, Buffer | Buffer[]>;

export interface OutgoingRecord {
  readonly topic: string;
  /** Absent: the client's partitioner decides, by the key with murmur2 as Java's, else evenly. */
  readonly partition?: number;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Milliseconds since 1970 (CreateTime). Default: now. */
  readonly timestamp?: number;
}

export interface IncomingRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  /** Milliseconds since 1970, as decimal digits. */
  readonly timestamp: string;
  /** Who set `timestamp`. */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
}

export interface RecordBatch extends TopicPartition {
  readonly records: readonly IncomingRecord[];
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition; -1 is the broker's default. Unused where `assignments` is given. */
  readonly replicationFactor: number;
  /** Broker ids by partition. */
  readonly assignments?: Readonly<Record<number, readonly number[]>>;
  /** Topic configuration: `cleanup.policy` and the like. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface PartitionState {
  readonly partition: number;
  /** Absent: the partition has no leader now. */
  readonly leader?: number;
  readonly replicas: readonly number[];
}

export interface Watermarks {
  readonly partition: number;
  /** Offset of the oldest record that is kept. */
  readonly low: bigint;
  /** Offset of the next record. */
  readonly high: bigint;
}

/** Every call rejects with a `KafkaTrouble` (errors.ts) that says whether trying again can help. */
export interface KafkaAdmin {
  /** Undefined when there is no such topic. */
  partitions(topic: string): Promise<readonly PartitionState[] | undefined>;
  /** Names of all topics that this client may see. */
  topics(): Promise<readonly string[]>;
  /** False when it existed already. Resolves once its partitions have leaders. */
  createTopic(topic: NewTopic): Promise<boolean>;
  /** Raises the number of partitions to `count`. */
  addPartitions(topic: string, count: number): Promise<void>;
  /** The topic's configuration, defaults included. */
  topicProperties(topic: string): Promise<Readonly<Record<string, string>>>;
  /** Sets these entries of the topic's configuration and leaves the others. */
  configureTopic(topic: string, properties: Readonly<Record<string, string>>): Promise<void>;
  watermarks(topic: string): Promise<readonly Watermarks[]>;
  /** What a group has committed; nothing for partitions without (a negative offset counts as none). */
  committed(group: string, topics: readonly string[]): Promise<readonly Position[]>;
  /** Quietly does nothing when it does not exist. */
  deleteGroup(group: string): Promise<void>;
  /** How many brokers the cluster tells of, and the controller among them. For health. */
  cluster(): Promise<{ readonly id: string; readonly brokers: number }>;
}

export interface KafkaProducer {
  /**
   * Sends all in one request per broker, and not while another one is on its way. Rejects when any was not accepted;
   * others may have been. Of an idempotent producer the very same array may be sent again, and is stored once; before
   * anything else is sent instead, the producer has to be replaced, or the broker would take it for what it has.
   */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  /** Only of a producer with a transactional id. One transaction at a time. */
  begin(): Promise<KafkaTransaction>;
  close(): Promise<void>;
}

export interface KafkaTransaction {
  send(records: readonly OutgoingRecord[]): Promise<void>;
  /** Commits them with the transaction. */
  sendOffsets(group: string, offsets: readonly Position[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** What a member tells its owner. A rejection of any of these fails the member. */
export interface MemberListener {
  /**
   * The group changes hands: whatever is owned may belong to another one as soon as this resolves, which is the moment to
   * let handlers end and to commit. The member keeps its membership meanwhile, at most `rebalanceTimeoutMs`.
   */
  revoking(): Promise<void>;
  /**
   * The member owns exactly these partitions from now on, and none of them is paused. No record of theirs comes before
   * this resolves. `continuous`: it took part in every generation since the last call, so that nobody else had what it
   * kept.
   * @returns where to start those that shall not start at their committed offset
   */
  assigned(partitions: readonly TopicPartition[], continuous: boolean): Promise<readonly Position[]>;
  /** Records in the order of their offsets. What it returns is awaited before more is fetched from that broker. */
  batch(batch: RecordBatch): void | Promise<void>;
  /** The offset to read is not kept any more. @returns where to go on */
  outOfRange(partition: TopicPartition): Promise<bigint>;
  /**
   * The member is of no use any more; a new one has to be made. `missing`: a topic is gone, and where it was read to means
   * nothing in one that is made anew under its name. Called at most once, and nothing comes after it. */
  failed(error: Error): void;
}

export interface KafkaMember {
  /** Joins the group; resolves after the first `assigned`. Rejects when that failed: close it then. */
  join(listener: MemberListener): Promise<void>;
  /** No records of these come any more, apart from a batch that was fetched already. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * `offset` is that of the next record to read.
   * @throws KafkaTrouble; `fenced` when the group has moved on and the commit cannot be made any more
   */
  commit(positions: readonly Position[]): Promise<void>;
  /** Leaves the group, or ends a `join`. Idempotent. */
  close(): Promise<void>;
}

export interface ProducerSettings {
  readonly idempotent: boolean;
  readonly acks: -1 | 0 | 1;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Milliseconds in which a broker answers a request. */
  readonly timeoutMs: number;
  readonly metadataMaxAgeMs: number;
  readonly transactionalId?: string;
}

export type Assignor = 'range' | 'roundrobin';

export interface MemberSettings {
  readonly group: string;
  readonly topics: readonly string[];
  /** In the order of preference; members of a group need one in common. */
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly metadataMaxAgeMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly maxWaitMs: number;
  readonly readUncommitted: boolean;
  readonly rackId?: string;
}

export interface TlsSettings {
  /** PEM. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** PKCS#12. */
  readonly pfx?: Buffer;
  readonly verifyHostname: boolean;
}

export interface SaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface ClientSettings {
  /** `host:port` of each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly tls?: TlsSettings;
  readonly sasl?: SaslSettings;
}

export interface KafkaClient {
  readonly admin: KafkaAdmin;
  /** Resolves when it is connected. With a transactional id: when transactions of it are over, and others are fenced. */
  producer(settings: ProducerSettings): Promise<KafkaProducer>;
  member(settings: MemberSettings): KafkaMember;
  /** Closes what it made. Idempotent. */
  close(): Promise<void>;
}

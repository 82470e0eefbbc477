/** The client port on paper: a test plays the broker and the group. */
import type {
  IncomingRecord,
  KafkaAdmin,
  KafkaClient,
  KafkaMember,
  KafkaProducer,
  KafkaTransaction,
  MemberListener,
  OutgoingRecord,
  Position,
  ProducerSettings,
  TopicPartition,
} from '../../src/client/port.js';

export const TOPIC = 't';

export const partitions = (...numbers: readonly number[]): TopicPartition[] =>
  numbers.map((partition) => ({ topic: TOPIC, partition }));

/** Records with these offsets, which are their values too. */
export const records = (...offsets: readonly number[]): IncomingRecord[] =>
  offsets.map((offset) => ({
    offset: String(offset),
    key: null,
    value: Buffer.from(String(offset)),
    headers: {},
    timestamp: '0',
    timestampType: 'CreateTime',
  }));

export class PaperMember implements KafkaMember {
  /** What was committed, each request as `partition@offset`. */
  readonly commits: string[][] = [];
  readonly paused = new Set<number>();
  closed = false;
  /** Takes the place of what a commit comes to. */
  onCommit: () => Promise<void> = () => Promise.resolve();
  listener!: MemberListener;
  readonly #first: readonly TopicPartition[];

  constructor(first: readonly TopicPartition[]) {
    this.#first = first;
  }

  async join(listener: MemberListener): Promise<void> {
    this.listener = listener;
    await this.assign(this.#first, false);
  }

  /** @returns where reading is to go on, as `partition@offset` */
  async assign(owned: readonly TopicPartition[], continuous: boolean): Promise<string[]> {
    this.paused.clear();
    return named(await this.listener.assigned(owned, continuous));
  }

  read(partition: number, ...offsets: readonly number[]): void | Promise<void> {
    return this.listener.batch({ topic: TOPIC, partition, records: records(...offsets) });
  }

  pause(those: readonly TopicPartition[]): void {
    for (const { partition } of those) this.paused.add(partition);
  }

  resume(those: readonly TopicPartition[]): void {
    for (const { partition } of those) this.paused.delete(partition);
  }

  async commit(positions: readonly Position[]): Promise<void> {
    await this.onCommit();
    this.commits.push(named(positions));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

const named = (positions: readonly Position[]): string[] =>
  positions.map(({ partition, offset }) => `${partition}@${offset}`);

export class PaperClient implements KafkaClient {
  readonly members: PaperMember[] = [];
  readonly producers: PaperProducer[] = [];
  /** What each member has from the start. */
  owned: readonly TopicPartition[] = partitions(0);
  /** What happened, in its order. */
  readonly log: string[] = [];
  committed: () => Promise<readonly Position[]> = () => Promise.resolve([]);
  readonly admin: KafkaAdmin;

  constructor() {
    const done = (): Promise<void> => Promise.resolve();
    this.admin = {
      partitions: () => Promise.resolve([0, 1, 2, 3].map((partition) => ({ partition, leader: 1, replicas: [1] }))),
      topics: () => Promise.resolve([TOPIC]),
      createTopic: () => Promise.resolve(true),
      addPartitions: done,
      topicProperties: () => Promise.resolve({}),
      configureTopic: done,
      watermarks: () => Promise.resolve([0, 1, 2, 3].map((partition) => ({ partition, low: 0n, high: 10n }))),
      committed: () => {
        this.log.push('asked what is committed');
        return this.committed();
      },
      deleteGroup: done,
      cluster: () => Promise.resolve({ id: 'paper', brokers: 1 }),
    };
  }

  get current(): PaperMember {
    return this.members.at(-1)!;
  }

  member(): PaperMember {
    const member = new PaperMember(this.owned);
    this.members.push(member);
    return member;
  }

  producer({ transactionalId }: ProducerSettings): Promise<PaperProducer> {
    const producer = new PaperProducer();
    this.log.push(`producer ${transactionalId}`);
    this.producers.push(producer);
    return Promise.resolve(producer);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Transactional; what it has committed, a list of values and `partition@offset` for each transaction. */
export class PaperProducer implements KafkaProducer {
  readonly committed: string[][] = [];
  closed = false;
  /** Takes the place of what sending comes to. */
  onSend: (records: readonly OutgoingRecord[]) => Promise<void> = () => Promise.resolve();

  send(records: readonly OutgoingRecord[]): Promise<void> {
    return this.onSend(records);
  }

  begin(): Promise<KafkaTransaction> {
    const what: string[] = [];
    return Promise.resolve({
      send: async (sent: readonly OutgoingRecord[]) => {
        what.push(...sent.map(({ value }) => String(value)));
        await this.onSend(sent);
      },
      sendOffsets: (_: string, offsets: readonly Position[]) => Promise.resolve(void what.push(...named(offsets))),
      commit: () => Promise.resolve(void this.committed.push(what)),
      abort: () => Promise.resolve(),
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

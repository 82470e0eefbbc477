/**
 * What is touched of kafkajs, all of it here: its public door, and three classes behind it. Its version is fixed in
 * package.json, and `kafkajs.unit.test.ts` pins what the touches rely on.
 */
// oxlint-disable typescript/unbound-method -- methods of prototypes, called on what they are called on
import kafkajs from 'kafkajs';
import type { TopicPartitions } from 'kafkajs';
import Broker from 'kafkajs/src/broker/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

export const {
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  KafkaJSNonRetriableError,
  KafkaJSNotImplemented,
  Partitioners,
  logLevel: LogLevel,
} = kafkajs;

type Group = InstanceType<typeof ConsumerGroup>;

/** What a member of a group is told between leaving one generation and reading in the next. */
export interface Handover {
  revoking(): Promise<void>;
  /** It is about to join as a new member: for the first time, or because the group goes on without it. */
  joining(): Promise<void>;
  /** @returns offsets to start at */
  assigned(
    partitions: readonly TopicPartitions[],
    continuous: boolean,
  ): Promise<readonly { topic: string; partition: number; offset: string }[]>;
  outOfRange(topic: string, partition: number): Promise<string>;
  /** A topic, or a partition, is not there any more; it does not say which. */
  gone(): void;
}

interface Membership {
  group: Group | undefined;
  /** It has left a generation and is not in the next one yet. */
  between: boolean;
  joining: Promise<void> | undefined;
  /** The last generation that it got its partitions in, and as whom. */
  memberId: string | null;
  generation: number;
}

const handovers = new WeakMap<object, Handover>();
const memberships = new WeakMap<Handover, Membership>();

/** `assigner` is the first one that the consumer was made with; it is how its group is known. */
export function handOver(assigner: object, handover: Handover): void {
  handovers.set(assigner, handover);
  memberships.set(handover, {
    group: undefined,
    between: false,
    joining: undefined,
    memberId: null,
    generation: 0,
  });
}

/**
 * What the member waits for of its group, it waits for no longer: it leaves on a new connection. The client's own way to
 * end one waits for its answers.
 */
export function hangUp(handover: Handover): void {
  const { coordinator } = memberships.get(handover)?.group ?? {};
  for (const { socket } of coordinator?.connectionPool.pool ?? []) socket?.destroy(new Error('the member leaves'));
}

const leave = ConsumerGroup.prototype.leave;
ConsumerGroup.prototype.leave = async function leaveConnected(): Promise<void> {
  if (this.memberId) await this.cluster.findGroupCoordinator(this);
  await leave.call(this);
};

/**
 * Joining, as the client does it whenever a group changes: with a chance to finish and commit before, and to say where
 * to start after. Without it the client leaves its partitions while handlers run, and begins to read where it may.
 */
const join = ConsumerGroup.prototype.joinAndSync;
ConsumerGroup.prototype.joinAndSync = async function joinAndSync(): Promise<void> {
  const handover = handovers.get(this.assigners[0]!);
  if (!handover) return join.call(this);
  const membership = memberships.get(handover)!;
  // there is a reader for each broker, and all of them find out
  membership.joining ??= changeHands(this, handover, membership).finally(() => (membership.joining = undefined));
  return membership.joining;
};

async function changeHands(group: Group, handover: Handover, membership: Membership): Promise<void> {
  Object.assign(membership, { group, between: true });
  if (group.memberId) await keepingMembership(group, handover.revoking());
  else await handover.joining();
  try {
    await join.call(group);
  } catch (failed) {
    throwWithoutConnection(failed);
    throw failed;
  }
  const { memberId, generationId } = group;
  // in a generation that it missed its partitions were somebody else's
  const continuous = memberId === membership.memberId && generationId! <= membership.generation + 1;
  const assigned = group.assigned();
  group.seekOffset.clear();
  group.resume(assigned);
  for (const position of await handover.assigned(assigned, continuous)) group.seek(position);
  Object.assign(membership, { between: false, memberId, generation: generationId });
}

/**
 * After a join that failed the client goes on as if nothing was to be done. And with several brokers one of them may
 * answer what was asked before the group changed hands: that is not where reading goes on.
 */
const fetch = ConsumerGroup.prototype.fetch;
ConsumerGroup.prototype.fetch = async function read(nodeId): Promise<object[]> {
  const handover = handovers.get(this.assigners[0]!);
  if (handover && memberships.get(handover)!.between) await this.joinAndSync();
  const { offsetManager } = this;
  const batches = await fetch.call(this, nodeId);
  return offsetManager === this.offsetManager ? batches : [];
};

/** The client's own way commits a negative offset for the whole group. */
const recoverOffset = ConsumerGroup.prototype.recoverFromOffsetOutOfRange;
ConsumerGroup.prototype.recoverFromOffsetOutOfRange = async function recoverFromOffsetOutOfRange(error): Promise<void> {
  const handover = handovers.get(this.assigners[0]!);
  if (!handover) return recoverOffset.call(this, error);
  const { topic, partition } = error;
  this.seek({ topic, partition, offset: await handover.outOfRange(topic, partition) });
};

/**
 * A broker that is away for a moment must not end the consumer: a new one would have to wait until the group has given
 * up the old. So what failed for want of a connection stays what can be tried again, and no broker is forgotten for it.
 */
const recover = ConsumerGroup.prototype.recoverFromFetch;
ConsumerGroup.prototype.recoverFromFetch = async function recoverFromFetch(error): Promise<void> {
  throwWithoutConnection(error);
  tellOfMissing(this, error);
  try {
    await recover.call(this, error);
  } catch (failed) {
    throwWithoutConnection(failed);
    throw failed;
  }
};

const commit = ConsumerGroup.prototype.commitOffsets;
ConsumerGroup.prototype.commitOffsets = async function commitOffsets(offsets): Promise<void> {
  try {
    await commit.call(this, offsets);
  } catch (failed) {
    tellOfMissing(this, failed);
    throw failed;
  }
};

/**
 * The client would try again until there is a topic of that name, and then go on where it was in the old one: what the
 * new one has got up to there would be skipped.
 */
function tellOfMissing(group: InstanceType<typeof ConsumerGroup>, error: unknown): void {
  const { type } = error as { readonly type?: string };
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') handovers.get(group.assigners[0]!)?.gone();
}

const heartbeat = ConsumerGroup.prototype.heartbeat;
ConsumerGroup.prototype.heartbeat = async function beat(options): Promise<void> {
  try {
    await heartbeat.call(this, options);
  } catch (failed) {
    if (connectionError(failed) !== undefined) await findCoordinator(this);
    throwWithoutConnection(failed);
    throw failed;
  }
};

const finding = new WeakMap<object, Promise<unknown>>();

/** Every batch that is held waits for the same heartbeat; looking each for itself, each would open connections. */
function findCoordinator(group: InstanceType<typeof ConsumerGroup>): Promise<unknown> {
  let found = finding.get(group);
  if (!found) {
    found = group.cluster
      .findGroupCoordinator(group)
      .catch(() => undefined)
      .finally(() => finding.delete(group));
    finding.set(group, found);
  }
  return found;
}

const CONNECTION_ERRORS = /^KafkaJS(?:ConnectionError|ConnectionClosedError|BrokerNotFound|RequestTimeoutError)$/;

/** What the client wraps into an error that it does not try again. */
function connectionError(error: unknown): Error | undefined {
  for (let one = error; one instanceof Error; one = one.cause) if (CONNECTION_ERRORS.test(one.name)) return one;
  return undefined;
}

function throwWithoutConnection(error: unknown): void {
  const connection = connectionError(error);
  if (connection) throw connection;
}

/** A group waits for its members, but only for those whose heart beats. */
async function keepingMembership(group: Group, work: Promise<void>): Promise<void> {
  const { coordinator, groupId, memberId, generationId, sessionTimeout } = group;
  const beat = (): void => {
    // that the group is rebalancing is known
    coordinator?.heartbeat({ groupId, memberId, groupGenerationId: generationId }).catch(() => undefined);
  };
  const beating = setInterval(beat, sessionTimeout / 4);
  try {
    await work;
  } finally {
    clearInterval(beating);
  }
}

/** By whom a message of a producer is told what becomes of the requests that it goes with. */
export const TRACKER = Symbol('tracker');

export interface Tracker {
  /** `batches`: the messages of each partition. */
  request(batches: readonly (readonly object[])[], send: () => Promise<object>): Promise<object>;
}

const produce = Broker.prototype.produce;
Broker.prototype.produce = async function produceTracked(request): Promise<object> {
  const batches = request.topicData.flatMap(({ partitions }) => partitions.map(({ messages }) => messages));
  const { [TRACKER]: tracker } = (batches[0]?.[0] ?? {}) as { readonly [TRACKER]?: Tracker };
  const send = (): Promise<object> => produce.call(this, request);
  return tracker ? tracker.request(batches, send) : send();
};

/** An idle connection arms a timer of no time for ever: three thousand a second, and a few per cent of a core. */
const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};

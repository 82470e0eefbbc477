/**
 * How the leader of a group shares out the partitions, with the names and rules of Java's own assignors, so that a group
 * may have members of both kinds. The client's own one has a name that no Java member knows.
 */
import type { Assigner, GroupMember, PartitionAssigner } from 'kafkajs';
import type { Assignor } from '../port.js';
import { AssignerProtocol } from './library.js';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/** Partitions by topic, by member. */
type Shares = Map<string, Record<string, number[]>>;

interface Subscriber {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
}

const RULES: Readonly<Record<Assignor, (members: readonly Subscriber[], topics: Topics) => Shares>> = {
  range,
  roundrobin: roundRobin,
};

/** Partition numbers by topic, in the order of the names. */
type Topics = ReadonlyMap<string, readonly number[]>;

/** `made` is told the assigner: by the first one of a consumer its group is known. */
export function assigner(name: Assignor, made: (assigner: object) => void): PartitionAssigner {
  return ({ cluster }) => {
    const one: Assigner = {
      name,
      version: 0,
      protocol: ({ topics }) => ({
        name,
        metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
      }),
      assign: async ({ members }) => {
        const subscribers = members.map(subscriber).sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
        const named = [...new Set(subscribers.flatMap(({ topics }) => [...topics]))].sort();
        // another member may read topics that this one does not
        await cluster.addMultipleTargetTopics(named);
        const topics = new Map(
          named.map((topic) => [
            topic,
            cluster
              .findTopicPartitionMetadata(topic)
              .map(({ partitionId }) => partitionId)
              .sort((a, b) => a - b),
          ]),
        );
        const shares = RULES[name](subscribers, topics);
        return subscribers.map(({ memberId }) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: 0,
            assignment: shares.get(memberId) ?? {},
            userData: Buffer.alloc(0),
          }),
        }));
      },
    };
    made(one);
    return one;
  };
}

function subscriber({ memberId, memberMetadata }: GroupMember): Subscriber {
  return { memberId, topics: new Set(MemberMetadata.decode(memberMetadata)?.topics ?? []) };
}

/** Of each topic neighbours to the same member, and one more each for the first ones. Java: `RangeAssignor`. */
export function range(members: readonly Subscriber[], topics: Topics): Shares {
  const shares: Shares = new Map();
  for (const [topic, partitions] of topics) {
    const readers = members.filter((member) => member.topics.has(topic));
    const each = Math.floor(partitions.length / readers.length);
    const more = partitions.length % readers.length;
    let at = 0;
    for (const [index, { memberId }] of readers.entries()) {
      const count = each + (index < more ? 1 : 0);
      if (count > 0) give(shares, memberId, topic, partitions.slice(at, at + count));
      at += count;
    }
  }
  return shares;
}

/** One after the other to the next member that reads the topic. Java: `RoundRobinAssignor`. */
export function roundRobin(members: readonly Subscriber[], topics: Topics): Shares {
  const shares: Shares = new Map();
  let next = 0;
  for (const [topic, partitions] of topics) {
    for (const partition of partitions) {
      while (!members[next % members.length]!.topics.has(topic)) next++;
      give(shares, members[next++ % members.length]!.memberId, topic, [partition]);
    }
  }
  return shares;
}

function give(shares: Shares, memberId: string, topic: string, partitions: readonly number[]): void {
  const share = shares.get(memberId) ?? {};
  shares.set(memberId, share);
  (share[topic] ??= []).push(...partitions);
}

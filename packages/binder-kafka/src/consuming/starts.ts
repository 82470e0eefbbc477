/**
 * Where reading begins in partitions for which the group has no offset, or shall not use it. What is the end is asked
 * before the group is joined: a record sent after an input was bound must not be behind it.
 */
import type { KafkaAdmin, TopicPartition } from '../client/port.js';
import type { Start } from '../options/settings.js';
import { laneName } from './lane.js';

export class Starts {
  readonly #admin: KafkaAdmin;
  readonly #group: string;
  readonly #start: Start;
  /** The ends at the first time, by partition. Later ones did not exist then, and are read from their beginning. */
  #ends: ReadonlyMap<string, bigint> | undefined;
  /** Only what the input has at its start is reset: partitions that come to it later were read by others since. */
  #reset: boolean;

  constructor(start: Start, admin: KafkaAdmin, group: string) {
    this.#start = start;
    this.#reset = start.reset;
    this.#admin = admin;
    this.#group = group;
  }

  async prepare(topics: readonly string[]): Promise<void> {
    if (this.#ends || this.#start.from === 'earliest') return;
    const ends = new Map<string, bigint>();
    for (const topic of topics) {
      for (const { partition, high } of await this.#admin.watermarks(topic)) {
        ends.set(laneName({ topic, partition }), high);
      }
    }
    this.#ends = ends;
  }

  /** What there was is gone, and begins anew. */
  forget(): void {
    this.#ends = new Map();
  }

  /** Offsets by partition; none where the group's own offset holds, or the oldest record is meant. */
  async of(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const starts = new Map<string, bigint>();
    const { from } = this.#start;
    const reset = this.#reset;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const asked = topics.length > 0 && (from === 'latest' || reset);
    const committed = asked ? await this.#admin.committed(this.#group, topics) : [];
    this.#reset = false;
    if (!asked) return starts;
    const known = new Set(committed.map(laneName));
    for (const partition of partitions) {
      const name = laneName(partition);
      if (known.has(name) && !reset) continue;
      starts.set(name, from === 'latest' ? (this.#ends?.get(name) ?? 0n) : 0n);
    }
    return starts;
  }
}

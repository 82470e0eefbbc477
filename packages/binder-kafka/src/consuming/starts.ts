/**
 * Where reading begins in partitions for which the group has no offset, or shall not use it. What is the end is asked
 * before the group is joined: a record sent after an input was bound must not be behind it.
 */
import type { ConsumerSource } from '@streambind/core/binder';
import type { KafkaAdmin, TopicPartition } from '../client/port.js';
import type { KafkaConsumerOptions } from '../options/options.js';
import { laneName } from './lane.js';

export class Starts {
  readonly #admin: KafkaAdmin;
  readonly #group: string;
  readonly #from: 'earliest' | 'latest';
  readonly #reset: boolean;
  /** The ends at the first time, by partition. Later ones did not exist then, and are read from their beginning. */
  #ends: ReadonlyMap<string, bigint> | undefined;
  /** Partitions that were begun, and are not reset again. */
  readonly #begun = new Set<string>();

  constructor(source: ConsumerSource<KafkaConsumerOptions>, admin: KafkaAdmin, group: string) {
    this.#admin = admin;
    this.#group = group;
    this.#from = source.options.startOffset ?? source.startFrom ?? (source.group === undefined ? 'latest' : 'earliest');
    this.#reset = source.options.resetOffsets;
  }

  async prepare(topics: readonly string[]): Promise<void> {
    if (this.#ends || this.#from === 'earliest') return;
    const ends = new Map<string, bigint>();
    for (const topic of topics) {
      for (const { partition, high } of await this.#admin.watermarks(topic)) {
        ends.set(laneName({ topic, partition }), high);
      }
    }
    this.#ends = ends;
  }

  /** Offsets by partition; none where the group's own offset holds, or the oldest record is meant. */
  async of(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const starts = new Map<string, bigint>();
    if (partitions.length === 0 || (this.#from === 'earliest' && !this.#reset)) return starts;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const committed = new Set((await this.#admin.committed(this.#group, topics)).map(laneName));
    for (const partition of partitions) {
      const name = laneName(partition);
      const reset = this.#reset && !this.#begun.has(name);
      this.#begun.add(name);
      if (committed.has(name) && !reset) continue;
      starts.set(name, this.#from === 'latest' ? (this.#ends?.get(name) ?? 0n) : 0n);
    }
    return starts;
  }
}

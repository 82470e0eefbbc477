/** Components that decide about partitions. One that is the only one of its kind serves every partitioned output. */
import type { Message } from '../messaging/index.js';

export abstract class PartitionKeyExtractorStrategy {
  /** The partition key; null or undefined leaves it to the output's `partition-key-expression`. */
  abstract extractKey(message: Message): unknown;
}

export abstract class PartitionSelectorStrategy {
  /** A partition for the key; it is taken modulo the count. Not asked where there is a `partition-selector-expression`. */
  abstract selectPartition(key: unknown, partitionCount: number): number;
}

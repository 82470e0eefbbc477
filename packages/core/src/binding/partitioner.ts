import type { ProducerBinding } from '../binder/index.js';
import { parseExpression } from '../expression/index.js';
import { MessageHeaders, type Message } from '../messaging/index.js';
import { partitionOf } from './partition.js';
import type { Partitioning } from './plan-types.js';
import type { PartitionKeyExtractorStrategy, PartitionSelectorStrategy } from './strategies.js';

/** Components are there once the application has started, which is before anything is sent. */
export interface PartitionStrategies {
  readonly extractor?: () => PartitionKeyExtractorStrategy;
  readonly selector?: () => PartitionSelectorStrategy;
}

/**
 * How an output chooses the partition of a message: the header `scst_partitionOverride`, else the key's. The key is the
 * extractor's, else the expression's; the partition the selector expression's, else the selector's, else Java's hash. The
 * count is what the broker really has once that is known.
 * @throws EXPRESSION_SYNTAX
 */
export function partitioner(
  { keyExpression, selectorExpression, count }: Partitioning,
  { extractor, selector }: PartitionStrategies,
  producer: () => ProducerBinding | Promise<ProducerBinding>,
): (message: Message) => number {
  const key = keyExpression && parseExpression(keyExpression.text, keyExpression.where);
  const selection = selectorExpression && parseExpression(selectorExpression.text, selectorExpression.where);
  const select = (value: unknown, partitions: number): unknown =>
    selection ? selection.evaluate(value) : selector?.().selectPartition(value, partitions);
  return (message) => {
    const bound = producer();
    const partitions = (bound instanceof Promise ? undefined : bound.partitionCount) ?? count;
    const override = message.headers[MessageHeaders.PARTITION_OVERRIDE];
    if (typeof override === 'number') return Math.abs(Math.trunc(override) % partitions);
    const value = extractor?.().extractKey(message) ?? key?.evaluate(message);
    return partitionOf(value, partitions, select(value, partitions));
  };
}

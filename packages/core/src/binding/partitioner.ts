import type { ProducerBinding } from '../binder/index.js';
import { parseExpression } from '../expression/index.js';
import { MessageHeaders, type Message } from '../messaging/index.js';
import { partitionOf } from './partition.js';

export interface Partitioning {
  readonly keyExpression: string;
  readonly selectorExpression?: string;
  readonly count: number;
}

/**
 * How an output chooses the partition of a message: the header `scst_partitionOverride`, else the key's. The count is
 * what the broker really has once that is known.
 * @param where the key path of the producer: for messages
 * @throws EXPRESSION_SYNTAX
 */
export function partitioner(
  { keyExpression, selectorExpression, count }: Partitioning,
  where: string,
  producer: () => ProducerBinding | Promise<ProducerBinding>,
): (message: Message) => number {
  const key = parseExpression(keyExpression, `${where}.partition-key-expression`);
  const selector =
    selectorExpression === undefined
      ? undefined
      : parseExpression(selectorExpression, `${where}.partition-selector-expression`);
  const partitions = (): number => {
    const bound = producer();
    return (bound instanceof Promise ? undefined : bound.partitionCount) ?? count;
  };
  return (message) => {
    const override = message.headers[MessageHeaders.PARTITION_OVERRIDE];
    if (typeof override === 'number') return Math.abs(Math.trunc(override) % partitions());
    const value = key.evaluate(message);
    return partitionOf(value, partitions(), selector && (selector.evaluate(value as object) as number));
  };
}

/** Partitions that an application sends to and that no instance of its own group will read: silent in Spring. */
import type { Environment } from '../config/index.js';
import { PREFIX } from './keys.js';
import type { InputPlan, OutputPlan } from './plan-types.js';

/** @param inputs whose instances take partitions by their number, not by what the broker assigns */
export function adviseOnUnreadPartitions(
  inputs: readonly InputPlan[],
  outputs: readonly OutputPlan[],
  environment: Environment,
): void {
  for (const { name, binder, sources } of inputs) {
    for (const { destinations, partitioning } of sources) {
      if (!partitioning) continue;
      const { count } = partitioning;
      const output = outputs.find(
        ({ binder: same, target: { destination, partitionCount = 1 } }) =>
          same === binder && partitionCount > count && destinations.includes(destination),
      );
      if (!output) continue;
      const keys = [`${PREFIX}.bindings.${name}.consumer.instance-count`, `${PREFIX}.instance-count`];
      const key = keys.find((each) => environment.origin(each) !== undefined) ?? keys[1]!;
      const { file, line, column } = environment.keyOrigin(key) ?? {};
      const partitions = output.target.partitionCount!;
      environment.report({
        severity: 'warning',
        code: 'CONFIG_VALUE',
        ...(file !== undefined && { file }),
        ...(line !== undefined && { line }),
        ...(column !== undefined && { column }),
        path: key,
        message:
          `the output "${output.name}" sends to ${partitions} partitions of ${output.target.destination}; ` +
          `those from number ${count} on are read by no instance of the input "${name}"`,
        given: String(count),
        allowed: `${partitions}, or several partitions an instance with instance-index-list`,
      });
    }
  }
}

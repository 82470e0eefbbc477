/** From the properties of an output to what its binder and its pipeline are told. */
import type { BinderFactory } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { guaranteeErrors } from './guarantee.js';
import { headerModeOf } from './header-mode.js';
import { binderPaths, paths, whereOption } from './keys.js';
import type { OutputPlan, Partitioning, WrittenExpression } from './plan-types.js';
import { PRODUCER, type BindingProperties, type ProducerProperties } from './properties.js';

export interface OutputToPlan {
  readonly name: string;
  readonly binder: string;
  readonly binding: BindingProperties;
  readonly factory: BinderFactory;
  readonly environment: Environment;
}

/** @throws GUARANTEE */
export function planOutput(output: OutputToPlan): OutputPlan {
  const { name, binder, binding, factory, environment } = output;
  const producer: ProducerProperties = environment.options(PRODUCER, ...paths(name, '.producer'));
  const prefixes = binderPaths(factory, name, 'producer');
  const options = environment.options(factory.schemas.producer, ...prefixes) as Record<string, unknown>;
  const [weakness] = guaranteeErrors(name, producer.guarantee, output, { direction: 'output', options });
  if (weakness) throw weakness;
  const partitioning = partitioningOf(producer, (option) => whereOption(environment, paths(name, '.producer'), option));
  const expressions: Record<string, WrittenExpression> = {};
  for (const option of factory.producerExpressions) {
    const text = options[option];
    if (typeof text === 'string') expressions[option] = { text, where: whereOption(environment, prefixes, option) };
  }
  return {
    direction: 'output',
    name,
    binder,
    autoStartup: producer.autoStartup,
    target: {
      binding: name,
      destination: binding.destination ?? name,
      ...(partitioning === undefined ? {} : { partitionCount: partitioning.count }),
      ...(factory.capabilities.partitions === 'broker' ? { minPartitions: producer.partitionCount } : {}),
      requiredGroups: producer.requiredGroups,
      ...headerModeOf(producer.headerMode, factory, environment, paths(name, '.producer')),
      provision: 'create',
      options,
    },
    settings: {
      binding: name,
      contentType: binding.contentType,
      sendTimeout: producer.sendTimeout,
      maxInFlight: producer.maxInFlight,
    },
    partitioning,
    expressions,
  };
}

/** An output is partitioned by its key, wherever that comes from; a partition-count alone does nothing. */
function partitioningOf(producer: ProducerProperties, whereIs: (option: string) => string): Partitioning | undefined {
  const written = (option: 'partitionKeyExpression' | 'partitionSelectorExpression'): WrittenExpression | undefined => {
    const text = producer[option];
    return text === undefined ? undefined : { text, where: whereIs(option) };
  };
  const given = {
    keyExpression: written('partitionKeyExpression'),
    keyExtractor: producer.partitionKeyExtractorName,
    selectorExpression: written('partitionSelectorExpression'),
    selector: producer.partitionSelectorName,
  };
  if (given.keyExpression === undefined && given.keyExtractor === undefined) return undefined;
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...set, count: producer.partitionCount };
}

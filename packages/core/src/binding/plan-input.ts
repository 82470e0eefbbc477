/** From the properties of an input to what its binder and its pipeline are told. */
import { StreambindError } from '../errors/index.js';
import type { ListenerDescription } from '../annotations/index.js';
import type { BinderFactory, Capabilities, ConsumerPolicy, ConsumerSource } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { argumentErrors } from '../pipeline/index.js';
import { guaranteeErrors } from './guarantee.js';
import { headerModeOf } from './header-mode.js';
import { PREFIX, binderPaths, destinationsOf, paths, whereIs, whereSet } from './keys.js';
import type { InputPlan } from './plan-types.js';
import { CONSUMER, type BindingProperties, type ConsumerProperties, type StreamProperties } from './properties.js';

export interface InputToPlan {
  readonly name: string;
  readonly binder: string;
  readonly binding: BindingProperties;
  readonly factory: BinderFactory;
  readonly environment: Environment;
  readonly stream: StreamProperties;
  readonly listeners: readonly ListenerDescription[];
  readonly errorListeners: readonly ListenerDescription[];
  /** Where mistakes are left that do not keep the input from being planned. */
  readonly errors: StreambindError[];
}

/** @throws UNSUPPORTED_CAPABILITY, CONFIG_VALUE */
export function planInput(input: InputToPlan): InputPlan {
  const { name, binder, binding, factory, environment, listeners, errorListeners, errors } = input;
  const consumer: ConsumerProperties = environment.options(CONSUMER, ...paths(name, '.consumer'));
  const options = environment.options(factory.schemas.consumer, ...binderPaths(factory, name, 'consumer'));
  const policy: ConsumerPolicy = factory.policy?.(options) ?? {};
  const { capabilities } = factory;
  const where = whereIs(environment, name);
  const { group } = binding;
  const needs = (able: boolean, what: string): void => {
    if (!able)
      throw new StreambindError('UNSUPPORTED_CAPABILITY', `The binder "${binder}" (${factory.type}) has no ${what}.`, {
        where,
      });
  };
  needs(group !== undefined || capabilities.anonymousGroups, 'anonymous groups; give the binding a group');
  needs(
    consumer.startFrom !== 'earliest' || capabilities.replay,
    'replay, so a new group cannot start at the earliest message',
  );
  errors.push(
    ...guaranteeErrors(name, consumer.guarantee, input, {
      direction: 'input',
      options,
      ...(group === undefined ? {} : { group }),
      ...(consumer.handlerTimeout === undefined ? {} : { handlerTimeoutMs: consumer.handlerTimeout }),
    }),
  );
  const acknowledge = policy.acknowledge ?? 'auto';
  errors.push(...listeners.flatMap((listener) => argumentErrors(listener, acknowledge === 'manual')));

  const exhausted = consumer.onExhausted ?? policy.exhausted ?? (group === undefined ? 'drop' : 'dlq');
  if (exhausted === 'dlq' && group === undefined) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `The binding "${name}" has no group, so its messages have no dead letters.`,
      {
        where,
        given: 'on-exhausted: dlq',
        allowed: 'drop or requeue, or a group',
      },
    );
  }
  if (consumer.partitioned && group === undefined) {
    throw new StreambindError('CONFIG_VALUE', 'A consumer group is required for a partitioned subscription.', {
      where,
      given: 'partitioned: true',
      fix: 'Give the binding a group: its instances share the partitions under that name.',
    });
  }
  const assigned = capabilities.partitions === 'broker';
  const instances = consumer.instanceCount === -1 ? input.stream.instanceCount : consumer.instanceCount;
  const partitioning =
    consumer.partitioned && !assigned ? partitionsOf(input, consumer, capabilities, instances) : undefined;
  const ordered = consumer.ordered ?? (consumer.partitioned || assigned);
  const destinations = destinationsOf(name, binding.destination);
  const prefetch = Math.max(policy.prefetch ?? consumer.prefetch ?? 100, consumer.concurrency);
  const headerMode = headerModeOf(consumer.headerMode, factory, environment, paths(name, '.consumer'));
  const source = (several: readonly string[]): ConsumerSource => ({
    binding: name,
    destinations: several,
    ...(group === undefined ? {} : { group }),
    ...(consumer.startFrom === undefined ? {} : { startFrom: consumer.startFrom }),
    ...(instances > 1 ? { instances } : {}),
    ...(partitioning === undefined ? {} : { partitioning }),
    concurrency: consumer.concurrency,
    prefetch,
    ordered,
    ...headerMode,
    provision: 'create',
    options,
  });
  return {
    direction: 'input',
    name,
    binder,
    autoStartup: consumer.autoStartup,
    sources: consumer.multiplex ? [source(destinations)] : destinations.map((destination) => source([destination])),
    settings: {
      binding: name,
      destination: destinations.join(','),
      group,
      contentType: binding.contentType,
      retry: {
        maxAttempts: consumer.maxAttempts,
        backOffInitialInterval: consumer.backOffInitialInterval,
        backOffMultiplier: consumer.backOffMultiplier,
        backOffMaxInterval: consumer.backOffMaxInterval,
        defaultRetryable: consumer.defaultRetryable,
        retryable: consumer.retryableExceptions,
      },
      exhausted,
      acknowledge,
      ...(consumer.handlerTimeout === undefined ? {} : { handlerTimeout: consumer.handlerTimeout }),
    },
    listeners,
    errorListeners,
    ...(consumer.retryTemplateName === undefined ? {} : { retryTemplate: consumer.retryTemplateName }),
  };
}

function partitionsOf(
  { name, environment, stream }: Pick<InputToPlan, 'name' | 'environment' | 'stream'>,
  consumer: ConsumerProperties,
  capabilities: Capabilities,
  count: number,
): { count: number; mine: readonly number[] } | undefined {
  const index = consumer.instanceIndex === -1 ? stream.instanceIndex : consumer.instanceIndex;
  const list = consumer.instanceIndexList ?? stream.instanceIndexList;
  const mine = list.length > 0 ? list.map(Number) : [index];
  for (const one of mine) {
    if (!Number.isInteger(one) || one < 0 || one >= count) {
      throw new StreambindError(
        'CONFIG_VALUE',
        `The instance index of the binding "${name}" is not below its instance count.`,
        {
          where: whereSet(environment, instanceKeys(name)) ?? whereIs(environment, name),
          given: `instance-index ${one}, instance-count ${count}`,
          allowed: `0 to ${count - 1}`,
        },
      );
    }
  }
  const alone = count === 1 && list.length === 0;
  return alone && capabilities.loneInstance === 'all' ? undefined : { count, mine };
}

const instanceKeys = (name: string): readonly string[] =>
  ['instance-index-list', 'instance-index', 'instance-count'].flatMap((option) => [
    ...paths(name, `.consumer.${option}`),
    `${PREFIX}.${option}`,
  ]);

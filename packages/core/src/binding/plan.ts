/**
 * The pure step between descriptions and configuration on one side and brokers on the other: what to bind, or every
 * mistake that can be told before a broker is asked.
 */
import { StreambindError, isStreambindError, nearest } from '../errors/index.js';
import type { ChannelDescription, ListenerDescription } from '../annotations/index.js';
import type { BinderFactory, ConsumerPolicy, ConsumerSource, ProducerTarget } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { PollableMessageSource } from '../messaging/index.js';
import { argumentErrors, type InboundSettings, type OutboundSettings } from '../pipeline/index.js';
import {
  BINDING,
  CONSUMER,
  PRODUCER,
  STREAM,
  type BindingProperties,
  type ConsumerProperties,
  type ProducerProperties,
  type StreamProperties,
} from './properties.js';
import { selectBinder, type BinderCatalog } from './selection.js';

export const PREFIX = 'spring.cloud.stream';

export interface InputPlan {
  readonly direction: 'input';
  readonly name: string;
  readonly binder: string;
  readonly autoStartup: boolean;
  /** One a destination, unless the binding multiplexes. */
  readonly sources: readonly ConsumerSource[];
  readonly settings: InboundSettings;
  readonly listeners: readonly ListenerDescription[];
}

export interface OutputPlan {
  readonly direction: 'output';
  readonly name: string;
  readonly binder: string;
  readonly autoStartup: boolean;
  readonly target: ProducerTarget;
  readonly settings: OutboundSettings;
  readonly partitioning:
    { readonly keyExpression: string; readonly selectorExpression?: string; readonly count: number } | undefined;
  /** Binder options that are expressions over the message, by name. */
  readonly expressions: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly inputs: readonly InputPlan[];
  readonly outputs: readonly OutputPlan[];
  readonly errors: readonly StreambindError[];
}

export interface PlanInput {
  readonly channels: readonly ChannelDescription[];
  readonly listeners: readonly ListenerDescription[];
  readonly environment: Environment;
  readonly catalog: BinderCatalog;
  /** By binder type. One that could not be loaded is not there; whoever loads tells that. */
  readonly factories: ReadonlyMap<string, BinderFactory>;
}

/** Which binder each channel goes to; errors are told by `plan`. */
export function chosenBinders({
  channels,
  environment,
  catalog,
}: Omit<PlanInput, 'factories'>): Map<string, { name: string; type: string }> {
  const chosen = new Map<string, { name: string; type: string }>();
  for (const { name } of channels) {
    try {
      chosen.set(name, selectBinder(catalog, bindingProperties(environment, name).binder, whereIs(environment, name)));
    } catch (error) {
      if (!isStreambindError(error)) throw error;
    }
  }
  return chosen;
}

export function plan(input: PlanInput): Plan {
  const { environment } = input;
  const stream = environment.options(STREAM, PREFIX);
  const errors: StreambindError[] = [];
  const channels = distinctChannels(input.channels, errors);
  const byTarget = groupListeners(input.listeners, channels, errors);
  const inputs: InputPlan[] = [];
  const outputs: OutputPlan[] = [];
  for (const channel of channels.values()) {
    const attempt = (): void => {
      if (
        channel.type &&
        (channel.type === PollableMessageSource || (channel.type.prototype as unknown) instanceof PollableMessageSource)
      ) {
        throw new StreambindError('NOT_SUPPORTED_YET', 'Polled consumers come in a later version.', {
          where: `${channel.bindable.name}.${channel.field}`,
          fix: 'Declare the input as a SubscribableChannel and listen to it.',
        });
      }
      const binding = bindingProperties(environment, channel.name);
      const { name, type } = selectBinder(input.catalog, binding.binder, whereIs(environment, channel.name));
      const factory = input.factories.get(type);
      if (!factory) return;
      if (channel.direction === 'input')
        inputs.push(
          planInput(
            channel.name,
            name,
            binding,
            factory,
            stream,
            byTarget.get(channel.name) ?? [],
            environment,
            errors,
          ),
        );
      else outputs.push(planOutput(channel.name, name, binding, factory, environment));
    };
    try {
      attempt();
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      errors.push(error);
    }
  }
  return { inputs, outputs, errors };
}

const paths = (binding: string, rest = ''): [string, string] => [
  `${PREFIX}.bindings.${binding}${rest}`,
  `${PREFIX}.default${rest}`,
];

const bindingProperties = (environment: Environment, binding: string): BindingProperties =>
  environment.options(BINDING, ...paths(binding));

/** Where a binding is written down, or its key path where nothing is. */
function whereIs(environment: Environment, binding: string): string {
  for (const option of ['binder', 'destination']) {
    const key = `${PREFIX}.bindings.${binding}.${option}`;
    const origin = environment.origin(key);
    if (origin) return `${origin.text} (${key})`;
  }
  return `${PREFIX}.bindings.${binding}`;
}

function planInput(
  name: string,
  binder: string,
  binding: BindingProperties,
  factory: BinderFactory,
  stream: StreamProperties,
  listeners: readonly ListenerDescription[],
  environment: Environment,
  errors: StreambindError[],
): InputPlan {
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
  const partitioning = consumer.partitioned ? partitionsOf(name, consumer, stream, where) : undefined;
  const ordered = consumer.ordered ?? (consumer.partitioned || capabilities.partitions === 'broker');
  const destinations = (binding.destination ?? name).split(',').map((destination) => destination.trim());
  const prefetch = Math.max(policy.prefetch ?? consumer.prefetch ?? 100, consumer.concurrency);
  const source = (several: readonly string[]): ConsumerSource => ({
    binding: name,
    destinations: several,
    ...(group === undefined ? {} : { group }),
    ...(consumer.startFrom === undefined ? {} : { startFrom: consumer.startFrom }),
    ...(partitioning === undefined ? {} : { partitioning }),
    concurrency: consumer.concurrency,
    prefetch,
    ordered,
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
  };
}

function partitionsOf(
  name: string,
  consumer: ConsumerProperties,
  stream: StreamProperties,
  where: string,
): { count: number; mine: readonly number[] } | undefined {
  const count = consumer.instanceCount === -1 ? stream.instanceCount : consumer.instanceCount;
  const index = consumer.instanceIndex === -1 ? stream.instanceIndex : consumer.instanceIndex;
  const list = consumer.instanceIndexList ?? stream.instanceIndexList;
  const mine = list.length > 0 ? list.map(Number) : [index];
  for (const one of mine) {
    if (!Number.isInteger(one) || one < 0 || one >= count) {
      throw new StreambindError(
        'CONFIG_VALUE',
        `The instance index of the binding "${name}" is not below its instance count.`,
        {
          where,
          given: `instance-index ${one}, instance-count ${count}`,
          allowed: `0 to ${count - 1}`,
        },
      );
    }
  }
  // One instance that was told nothing takes all partitions, however many there are.
  return count === 1 && list.length === 0 ? undefined : { count, mine };
}

function planOutput(
  name: string,
  binder: string,
  binding: BindingProperties,
  factory: BinderFactory,
  environment: Environment,
): OutputPlan {
  const producer: ProducerProperties = environment.options(PRODUCER, ...paths(name, '.producer'));
  const options = environment.options(factory.schemas.producer, ...binderPaths(factory, name, 'producer')) as Record<
    string,
    unknown
  >;
  const keyExpression = producer.partitionKeyExpression;
  const expressions: Record<string, string> = {};
  for (const option of factory.producerExpressions) {
    if (typeof options[option] === 'string') expressions[option] = options[option];
  }
  return {
    direction: 'output',
    name,
    binder,
    autoStartup: producer.autoStartup,
    target: {
      binding: name,
      destination: binding.destination ?? name,
      ...(keyExpression === undefined ? {} : { partitionCount: producer.partitionCount }),
      requiredGroups: producer.requiredGroups,
      provision: 'create',
      options,
    },
    settings: {
      binding: name,
      contentType: binding.contentType,
      sendTimeout: producer.sendTimeout,
      maxInFlight: producer.maxInFlight,
    },
    partitioning:
      keyExpression === undefined
        ? undefined
        : {
            keyExpression,
            ...(producer.partitionSelectorExpression === undefined
              ? {}
              : { selectorExpression: producer.partitionSelectorExpression }),
            count: producer.partitionCount,
          },
    expressions,
  };
}

const binderPaths = ({ type }: BinderFactory, binding: string, side: 'consumer' | 'producer'): [string, string] => [
  `${PREFIX}.${type}.bindings.${binding}.${side}`,
  `${PREFIX}.${type}.default.${side}`,
];

/** The first declaration of a name wins, as in Spring; one name for an input and an output is refused. */
function distinctChannels(
  channels: readonly ChannelDescription[],
  errors: StreambindError[],
): Map<string, ChannelDescription> {
  const distinct = new Map<string, ChannelDescription>();
  for (const channel of channels) {
    const other = distinct.get(channel.name);
    if (!other) distinct.set(channel.name, channel);
    else if (other.direction !== channel.direction) {
      errors.push(
        new StreambindError(
          'CHANNEL_DUPLICATE',
          `The channel "${channel.name}" is declared as an input and as an output.`,
          {
            where: `${channel.bindable.name}.${channel.field}`,
            given: `${other.bindable.name}.${other.field} and ${channel.bindable.name}.${channel.field}`,
            fix: 'Give one of them another name.',
          },
        ),
      );
    }
  }
  return distinct;
}

function groupListeners(
  listeners: readonly ListenerDescription[],
  channels: ReadonlyMap<string, ChannelDescription>,
  errors: StreambindError[],
): Map<string, ListenerDescription[]> {
  const names = (direction: string): string[] =>
    [...channels.values()].filter((channel) => channel.direction === direction).map(({ name }) => name);
  const byTarget = new Map<string, ListenerDescription[]>();
  for (const listener of listeners) {
    const { target, at } = listener;
    const channel = channels.get(target);
    if (channel?.direction !== 'input') {
      const close = nearest(target, names('input'));
      errors.push(
        new StreambindError(
          'LISTENER_TARGET',
          channel
            ? `${at} listens to "${target}", which is an output.`
            : `${at} listens to "${target}", which no binding class declares.`,
          {
            where: at,
            given: target,
            allowed: names('input').join(', ') || 'no input is declared',
            ...(close === undefined ? {} : { nearest: close }),
            fix: `Declare it: @EnableBinding(Sink), or a class of your own with @Input('${target}').`,
          },
        ),
      );
      continue;
    }
    checkReply(listener, names('output'), channels, errors);
    byTarget.set(target, [...(byTarget.get(target) ?? []), listener]);
  }
  for (const [target, several] of byTarget) {
    const returning = several.filter(({ sendTo, returns }) => sendTo !== undefined || returns === 'value');
    if (several.length > 1 && returning.length > 0) {
      errors.push(
        new StreambindError(
          'LISTENER_RETURNS',
          'If multiple @StreamListener methods are listening to the same binding target, none of them may return a value',
          {
            where: returning.map(({ at }) => at).join(', '),
            given: `${several.length} listeners on "${target}"`,
          },
        ),
      );
    }
  }
  return byTarget;
}

/** Part of the declaration errors of `@StreamListener`, in Spring's words. */
function checkReply(
  { at, sendTo, returns, condition }: ListenerDescription,
  outputs: readonly string[],
  channels: ReadonlyMap<string, ChannelDescription>,
  errors: StreambindError[],
): void {
  const refuse = (code: 'LISTENER_RETURNS' | 'SEND_TO_TARGET', what: string, details: object = {}): void =>
    void errors.push(new StreambindError(code, what, { where: at, ...details }));
  if (sendTo === undefined) {
    if (returns === 'value')
      refuse(
        'LISTENER_RETURNS',
        'A method annotated with @StreamListener having a return type should also have an outbound target specified',
        { fix: "Add @SendTo('…'), or return nothing." },
      );
    return;
  }
  if (sendTo.length === 0) return refuse('SEND_TO_TARGET', 'At least one output must be specified');
  if (sendTo.length > 1)
    return refuse('SEND_TO_TARGET', 'Multiple destinations cannot be specified', { given: sendTo.join(', ') });
  const [name = ''] = sendTo;
  if (name === '') return refuse('SEND_TO_TARGET', 'An empty destination cannot be specified');
  if (channels.get(name)?.direction !== 'output') {
    const close = nearest(name, outputs);
    refuse('SEND_TO_TARGET', `@SendTo names "${name}", which is no output.`, {
      given: name,
      allowed: outputs.join(', ') || 'no output is declared',
      ...(close === undefined ? {} : { nearest: close }),
    });
  }
  if (returns === 'nothing')
    refuse('LISTENER_RETURNS', 'An output channel cannot be specified for a method that does not return a value');
  if (condition !== undefined) refuse('LISTENER_RETURNS', 'Cannot set a condition for methods that return a value');
}

/**
 * The pure step between descriptions and configuration on one side and brokers on the other: what to bind, or every
 * mistake that can be told before a broker is asked.
 */
import { isStreambindError, type StreambindError } from '../errors/index.js';
import type { ChannelDescription, ListenerDescription, TaskDescription } from '../annotations/index.js';
import type { BinderFactory } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import { checkChannel, distinctChannels } from './declared-channels.js';
import { ListenerPlanner } from './declared-listeners.js';
import { PREFIX, bindingProperties, errorChannelsOf, whereIs } from './keys.js';
import { planInput } from './plan-input.js';
import { planOutput } from './plan-output.js';
import type { InputPlan, OutputPlan, Plan } from './plan-types.js';
import { STREAM } from './properties.js';
import { selectBinder, type BinderCatalog } from './selection.js';
import { adviseOnUnreadPartitions } from './unread-partitions.js';

export interface PlanInput {
  readonly channels: readonly ChannelDescription[];
  /** Channels of binding classes that no `@EnableBinding` names: for better messages. */
  readonly notEnabled?: readonly ChannelDescription[];
  readonly listeners: readonly ListenerDescription[];
  readonly tasks?: readonly TaskDescription[];
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
}: Pick<PlanInput, 'channels' | 'environment' | 'catalog'>): Map<string, { name: string; type: string }> {
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

export function plan({ environment, catalog, factories, ...declared }: PlanInput): Plan {
  const stream = environment.options(STREAM, PREFIX);
  const errors: StreambindError[] = [];
  const collect = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      errors.push(error);
    }
  };
  const channels = distinctChannels(declared.channels, errors);
  const errorChannels = new Map(
    [...channels.values()]
      .filter(({ direction }) => direction === 'input')
      .map(({ name }) => [name, errorChannelsOf(name, bindingProperties(environment, name))]),
  );
  const listeners = new ListenerPlanner(channels, declared.notEnabled ?? [], errorChannels, environment);
  for (const listener of declared.listeners) listeners.add(listener);
  const tasks = (declared.tasks ?? []).map((task) => listeners.task(task));
  errors.push(...listeners.finish());

  const inputs: InputPlan[] = [];
  const outputs: OutputPlan[] = [];
  const numbered: InputPlan[] = [];
  for (const channel of channels.values()) {
    collect(() => {
      checkChannel(channel);
      const binding = bindingProperties(environment, channel.name);
      const { name: binder, type } = selectBinder(catalog, binding.binder, whereIs(environment, channel.name));
      const factory = factories.get(type);
      if (!factory) return;
      const common = { name: channel.name, binder, binding, factory, environment };
      if (channel.direction === 'output') outputs.push(planOutput(common));
      else {
        const heard = listeners.of(channel.name);
        const input = planInput({ ...common, ...heard, stream, errors });
        inputs.push(input);
        if (factory.capabilities.partitions === 'emulated') numbered.push(input);
      }
    });
  }
  adviseOnUnreadPartitions(numbered, outputs, environment);
  return { inputs, outputs, tasks, errorListeners: listeners.ofErrors, errors };
}

/** Bindings that are made while the application runs: planned, checked and bound as those of the start are. */
import { StreambindError } from '../errors/index.js';
import type { ListenerDescription } from '../annotations/index.js';
import {
  PREFIX,
  chosenBinders,
  plan,
  type BinderCatalog,
  type BindingService,
  type InputBinding,
  type OutputBinding,
  type Plan,
} from '../binding/index.js';
import type { Environment } from '../config/index.js';
import type { Context } from '../context/index.js';
import { kebab } from '../schema/index.js';
import type { MessageChannel, MessageHandler } from '../messaging/index.js';
import type { BinderFactories } from './binder-factories.js';
import type { BindingMaker } from './binding-maker.js';
import { keyGroups } from './keys.js';
import { problemError } from './problem-error.js';

type OptionValue = string | number | boolean | readonly (string | number)[];

export interface BindOptions {
  /** Default: the name of the binding. */
  readonly destination?: string;
  /** Default: the only binder, or the default one. */
  readonly binder?: string;
  readonly contentType?: string;
  /** The binder's own options for this binding, as below `spring.cloud.stream.<type>.bindings.<name>.consumer|producer`. */
  readonly extension?: Readonly<Record<string, OptionValue>>;
}

/** Options go above what the configuration says of a binding of that name; their names are camel or kebab case. */
export interface BindInputOptions extends BindOptions {
  /** Absent: an anonymous group. */
  readonly group?: string;
  readonly consumer?: Readonly<Record<string, OptionValue>>;
  /** Called with each message; its outcome settles the message, as a listener's does. */
  readonly handler: MessageHandler;
}

export interface BindOutputOptions extends BindOptions {
  readonly producer?: Readonly<Record<string, OptionValue>>;
}

export interface DynamicHost {
  readonly environment: Environment;
  readonly catalog: BinderCatalog;
  readonly factories: BinderFactories;
  readonly maker: BindingMaker;
  readonly context: Context;
  readonly bindings: BindingService;
  /** Listeners of the global error channel: they hear of these bindings too. */
  readonly errorListeners: readonly ListenerDescription[];
}

export class DynamicBindings {
  readonly #host: DynamicHost;
  /** Names whose binding is on its way. */
  readonly #planning = new Set<string>();
  readonly #bound = new Map<string, InputBinding | OutputBinding>();

  constructor(host: DynamicHost) {
    this.#host = host;
  }

  /** @throws BINDING_STATE the name is taken; whatever a start would refuse */
  async bindInput(name: string, options: BindInputOptions): Promise<InputBinding> {
    return this.#bind(name, 'input', options, (environment) => {
      const [planned] = this.#plan(name, 'input', environment).inputs;
      const { maker, context, errorListeners } = this.#host;
      const input = { ...planned!, errorListeners };
      maker.addChannel(name, 'input');
      maker.inputChannels.get(name)!.subscribe(options.handler);
      maker.attach(input, context);
      return maker.input(input, context);
    });
  }

  /** @throws as `bindInput` */
  async bindOutput(name: string, options: BindOutputOptions): Promise<MessageChannel> {
    await this.#bind(name, 'output', options, (environment) => {
      const [planned] = this.#plan(name, 'output', environment).outputs;
      const { maker, context } = this.#host;
      maker.addChannel(name, 'output');
      return maker.output(planned!, context);
    });
    return this.#host.maker.outputChannels.get(name)!;
  }

  /** @throws BINDING_UNKNOWN, BINDING_STATE it was not bound by hand */
  async unbind(name: string): Promise<void> {
    const binding = this.#bound.get(name);
    if (!binding) {
      this.#host.bindings.get(name);
      throw new StreambindError('BINDING_STATE', `The binding "${name}" is declared by a binding class.`, {
        where: name,
        fix: `Stop it instead: application.binding('${name}').stop()`,
      });
    }
    this.#bound.delete(name);
    try {
      await binding.unbind();
    } finally {
      this.#forget(name, binding);
    }
  }

  async #bind<B extends InputBinding | OutputBinding>(
    name: string,
    direction: 'input' | 'output',
    options: BindOptions,
    make: (environment: Environment) => B,
  ): Promise<B> {
    const { maker, bindings } = this.#host;
    if (this.#planning.has(name) || maker.inputChannels.has(name) || maker.outputChannels.has(name)) {
      throw new StreambindError('BINDING_STATE', `There is a binding "${name}" already.`, { where: name });
    }
    this.#planning.add(name);
    let binding: B | undefined;
    try {
      binding = make(await this.#configured(name, direction, options));
      this.#bound.set(name, binding);
      bindings.add(binding);
      await binding.start();
      if (binding.state === 'running') return binding;
      throw new StreambindError('CLOSED', `The binding "${name}" was ended while it was bound.`, { where: name });
    } catch (error) {
      this.#bound.delete(name);
      this.#forget(name, binding);
      throw error;
    } finally {
      this.#planning.delete(name);
    }
  }

  #forget(name: string, binding: InputBinding | OutputBinding | undefined): void {
    if (binding) this.#host.bindings.remove(binding);
    this.#host.maker.forget(name);
  }

  /** The application's configuration with the options on top. */
  async #configured(name: string, direction: 'input' | 'output', options: BindOptions): Promise<Environment> {
    const { environment, catalog, factories } = this.#host;
    const side = direction === 'input' ? 'consumer' : 'producer';
    const { destination, binder, contentType, extension = {}, ...more } = options;
    const { group, consumer, producer } = more as Partial<BindInputOptions & BindOutputOptions>;
    const base = `${PREFIX}.bindings.[${name}]`;
    const properties: Record<string, string> = {};
    const put = (prefix: string, values: Readonly<Record<string, OptionValue | undefined>>): void => {
      for (const [option, value] of Object.entries(values))
        if (value !== undefined) properties[`${prefix}.${kebab(option)}`] = String(value);
    };
    put(base, { destination, binder, contentType, group });
    put(`${base}.${side}`, { ...consumer, ...producer });
    const chosen = chosenBinders({
      channels: [channelOf(name, direction)],
      environment: environment.with(properties),
      catalog,
    });
    const errors = await factories.load(chosen.values());
    if (errors.length > 0) throw oneOrAll(errors);
    for (const { type } of chosen.values()) put(`${PREFIX}.${type}.bindings.[${name}].${side}`, extension);
    return environment.with(properties);
  }

  #plan(name: string, direction: 'input' | 'output', environment: Environment): Plan {
    const { catalog, factories } = this.#host;
    environment.check(keyGroups(factories.byType.values(), []));
    const channels = [channelOf(name, direction)];
    const planned = plan({ channels, listeners: [], environment, catalog, factories: factories.byType });
    const errors = [...environment.problems.map(problemError), ...planned.errors];
    if (errors.length > 0) throw oneOrAll(errors);
    return planned;
  }
}

const channelOf = (name: string, direction: 'input' | 'output') => ({ name, direction, field: name, bindable: Object });

const oneOrAll = (errors: readonly Error[]): Error =>
  errors.length === 1 ? errors[0]! : new AggregateError(errors, errors.map(({ message }) => message).join('\n'));

/** From components and configuration to an application that can start, with every mistake of both at once. */
import { isStreambindError } from '../errors/index.js';
import type { ChannelDescription, Class, ComponentDescription } from '../annotations/index.js';
import type { BinderFactory } from '../binder/index.js';
import { Binders, BindingService, chosenBinders, plan } from '../binding/index.js';
import { Environment, describeProblem } from '../config/index.js';
import { Context, definitionsOf, instanceDefinition, type Definition } from '../context/index.js';
import { Converters, MessageConverter } from '../converter/index.js';
import type { Logging } from '../logging/index.js';
import { MessageChannel, SubscribableChannel } from '../messaging/index.js';
import { Meters } from '../observability/index.js';
import { Application, RunningApplication } from './application.js';
import { BinderFactories } from './binder-factories.js';
import { BindingMaker } from './binding-maker.js';
import { catalogOf } from './catalog.js';
import { ConfiguredClasses } from './configured-classes.js';
import { declarationsOf } from './declarations.js';
import { DynamicBindings } from './dynamic-bindings.js';
import { keyGroups } from './keys.js';
import type { Location } from './locate.js';
import type { Module } from './module.js';
import { problemError } from './problem-error.js';
import { Scheduler } from './scheduler.js';
import { taskOf } from './tasks.js';

export interface Parts {
  readonly name: string;
  readonly components: readonly Class[];
  readonly environment: Environment;
  readonly location: Location;
  readonly logging: Logging;
  readonly modules: readonly Module[];
  /** Factories given by hand; they win over packages of the same type. */
  readonly factories: readonly BinderFactory[];
}

/** @throws AggregateError of everything that is wrong */
export async function assemble(parts: Parts): Promise<RunningApplication> {
  const { name, environment, logging, modules } = parts;
  const errors: unknown[] = [];
  const attempt = <T>(task: () => T, otherwise: T): T => {
    try {
      return task();
    } catch (error) {
      if (!isStreambindError(error) && !(error instanceof AggregateError)) throw error;
      errors.push(error);
      return otherwise;
    }
  };

  const active = (profiles: readonly string[]): boolean => isActive(profiles, environment);
  const declared = declarationsOf(parts.components, active, parts.location.mainFile);
  const { components: descriptions, bindables, channels } = declared;
  errors.push(...declared.errors);
  for (const warning of declared.warnings) logging.logger('binding').warn(warning);

  const catalog = catalogOf(environment, parts.location, parts.factories);
  const factories = new BinderFactories(parts);
  errors.push(...(await factories.load(chosenBinders({ channels, environment, catalog }).values())));
  const properties = new ConfiguredClasses(environment);
  for (const description of descriptions) attempt(() => properties.read(description), undefined);
  environment.check([...keyGroups(factories.byType.values(), modules), ...properties.keys]);
  const planned = plan({ ...declared, environment, catalog, factories: factories.byType });
  errors.push(...planned.errors);

  const converters = new Converters(customConverters(descriptions));
  const meters = new Meters();
  const binders = new Binders(
    environment,
    (binder) => factories.of(binder),
    (logger) => logging.logger(logger),
  );
  const application = new RunningApplication({ name, environment, logging, meters, binders, modules });

  const maker = new BindingMaker({ environment, binders, converters, meters, log: logging.logger('binding') });
  for (const { name: channel, direction } of channels) maker.addChannel(channel, direction);
  const { inputChannels, outputChannels } = maker;
  const definitions: Definition[] = [
    ...definitionsOf(descriptions, active, properties.instances),
    instanceDefinition('environment', Environment as unknown as Class, environment, 'the framework'),
    instanceDefinition('application', Application, application, 'the framework'),
    ...[...inputChannels].map(([input, channel]) =>
      instanceDefinition(input, SubscribableChannel, channel, `the input "${input}"`),
    ),
    ...[...outputChannels].map(([output, channel]) =>
      instanceDefinition(output, MessageChannel, channel, `the output "${output}"`),
    ),
    ...bindables.map((bindable) =>
      bindableDefinition(bindable, channels, (channel) => outputChannels.get(channel) ?? inputChannels.get(channel)),
    ),
  ];
  const context = attempt(() => new Context(definitions, (text, at) => environment.resolve(text, at)), undefined);

  const make = <P, B>(plans: readonly P[], one: (plan: P, context: Context) => B): B[] =>
    context ? plans.flatMap((each) => attempt(() => [one(each, context)], [])) : [];
  const outputs = make(planned.outputs, (output, ready) => maker.output(output, ready));
  const inputs = make(planned.inputs, (input, ready) => maker.input(input, ready));
  const tasks = make(planned.tasks, (task, ready) => taskOf(task, environment, ready, outputChannels));
  for (const problem of environment.problems) {
    if (problem.severity === 'warning') logging.logger('config').warn(describeProblem(problem));
    else errors.push(problemError(problem));
  }
  if (errors.length > 0 || !context) throw new AggregateError(errors);

  const bindings = new BindingService(inputs, outputs, binders);
  const { errorListeners } = planned;
  application.assemble({
    context,
    bindings,
    dynamic: new DynamicBindings({ environment, catalog, factories, maker, context, bindings, errorListeners }),
    scheduler: new Scheduler(tasks, logging.logger('scheduling')),
    attachListeners: () => {
      for (const input of planned.inputs) maker.attach(input, context);
    },
  });
  return application;
}

const isActive = (profiles: readonly string[], environment: Environment): boolean =>
  profiles.length === 0 || environment.acceptsProfiles(...profiles);

/** Converters are needed before components exist: a converter is a component without needs of its own. */
function customConverters(descriptions: readonly ComponentDescription[]): MessageConverter[] {
  return descriptions
    .filter(({ type }) => (type.prototype as unknown) instanceof MessageConverter)
    .map(({ type }) => new (type as unknown as new () => MessageConverter)());
}

/** An instance of the binding class whose fields are the channels. */
function bindableDefinition(
  bindable: Class,
  channels: readonly ChannelDescription[],
  channelOf: (name: string) => object | undefined,
): Definition {
  const instance = Object.create(bindable.prototype as object) as Record<string, unknown>;
  for (const channel of channels) if (channel.bindable === bindable) instance[channel.field] = channelOf(channel.name);
  return instanceDefinition(bindable.name, bindable, instance, `the binding class ${bindable.name}`);
}

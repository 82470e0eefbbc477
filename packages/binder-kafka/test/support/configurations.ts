/** What core plans from properties for this binder, and the options it is created with. */
import { Processor, Sink, Source } from '@streambind/core';
import type { BinderContext, BinderFactory, ConsumerSource, ProducerTarget } from '@streambind/core/binder';
import { keyGroups } from '@streambind/core/internal';
import { readChannels } from '../../../core/src/annotations/index.js';
import { plan } from '../../../core/src/binding/index.js';
import { binderOptions } from '../../../core/src/binding/binders.js';
import { loadEnvironment, type Problem } from '../../../core/src/config/index.js';
import { binderFactory } from '../../src/index.js';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions } from '../../src/options/options.js';

export type Given = Readonly<Record<string, string>>;

const factory = binderFactory as BinderFactory;

const MODELS = { input: Sink, output: Source, 'output,input': Processor };

export interface Planned {
  readonly options: KafkaOptions;
  readonly sources: readonly ConsumerSource<KafkaConsumerOptions>[];
  readonly targets: readonly ProducerTarget<KafkaProducerOptions>[];
  readonly problems: readonly Problem[];
  readonly context: Pick<BinderContext, 'name' | 'origin'>;
}

/** @throws AggregateError of what the plan refuses */
export function planned(model: keyof typeof MODELS, properties: Given): Planned {
  const args = Object.entries(properties).map(([key, value]) => `--${key}=${value}`);
  const environment = loadEnvironment({ directories: [], args, env: {} });
  const { inputs, outputs, errors } = plan({
    channels: readChannels(MODELS[model]),
    listeners: [],
    environment,
    catalog: { declared: [], defaultBinder: undefined, installed: ['kafka'], where: '' },
    factories: new Map([['kafka', factory]]),
  });
  if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'));
  environment.check(keyGroups([factory], []));
  return {
    options: binderOptions(factory, 'kafka', environment) as KafkaOptions,
    sources: inputs.flatMap(({ sources }) => sources as readonly ConsumerSource<KafkaConsumerOptions>[]),
    targets: outputs.map(({ target }) => target as ProducerTarget<KafkaProducerOptions>),
    problems: environment.problems,
    context: { name: 'kafka', origin: (key) => environment.origin(key)?.text },
  };
}

export const below = (prefix: string, given: Given): Given =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [`${prefix}.${key}`, value]));

export const BINDER = 'spring.cloud.stream.kafka.binder';
export const INPUT = 'spring.cloud.stream.kafka.bindings.input.consumer';
export const OUTPUT = 'spring.cloud.stream.kafka.bindings.output.producer';

export function thrown(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** The configurations of `golden/rabbit-topology.json`, and what core plans from each for this binder. */
import { Input, Processor, Sink, Source, SubscribableChannel } from '@streambind/core';
import type {
  BinderFactory,
  Capabilities,
  ConsumerSource,
  ProducerTarget,
  StreambindError,
} from '@streambind/core/binder';
import { keyGroups } from '@streambind/core/internal';
import { readChannels } from '../../../core/src/annotations/index.js';
import { plan } from '../../../core/src/binding/index.js';
import { loadEnvironment, type Problem } from '../../../core/src/config/index.js';
import { binderSchema, connectionSchema, consumerSchema, producerSchema } from '../../src/options/options.js';
import type { RabbitConsumerOptions, RabbitOptions, RabbitProducerOptions } from '../../src/options/options.js';
import { policy } from '../../src/options/policy.js';
import { golden } from './golden.js';

type Plain = Readonly<Record<string, string | number | boolean>>;

export interface RecordedExchange {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: Plain;
}

export interface RecordedQueue {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: Plain;
}

export interface RecordedBinding {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
  readonly arguments: Plain;
}

/** What is on a broker. */
export interface Objects {
  readonly exchanges: readonly RecordedExchange[];
  readonly queues: readonly RecordedQueue[];
  readonly bindings: readonly RecordedBinding[];
}

/** A method that the client sent, arguments with their AMQP types. */
export interface Frame {
  readonly method: string;
  readonly from?: string;
  readonly passive?: boolean;
  readonly exchange?: string;
  readonly type?: string;
  readonly queue?: string;
  readonly routingKey?: string;
  readonly durable?: boolean;
  readonly exclusive?: boolean;
  readonly autoDelete?: boolean;
  readonly arguments?: Readonly<Record<string, { readonly t: string; readonly v: string | number | boolean }>>;
}

export interface Run extends Objects {
  readonly started: boolean;
  readonly frames: readonly Frame[];
}

export interface Configuration {
  readonly id: string;
  readonly model: 'input' | 'output' | 'output,input' | 'two inputs';
  readonly properties: Readonly<Record<string, string>>;
  readonly before?: {
    readonly exchanges?: Readonly<Record<string, { readonly type: string; readonly durable: boolean }>>;
    readonly queues?: Readonly<Record<string, Plain>>;
  };
  readonly '3.2.10'?: Run;
  readonly '4.3.1': Run | 'same';
}

export const configurations: readonly Configuration[] = golden<{ configurations: Configuration[] }>(
  'rabbit-topology',
).configurations;

/** What Spring made; of 4.3.1 where 3.2.10 does not know the property. */
export const recorded = (one: Configuration): Run => one['3.2.10'] ?? (one['4.3.1'] as Run);

/** Why the broker ends up with something else than Spring made, by the id of a configuration. */
export const DIFFERENT: Readonly<Record<string, string>> = {
  'consumer-partitioned-fanout':
    'Spring leaves a queue without a binding behind and fails every 30 seconds; here nothing is made, and the start ends.',
  'delayed-exchange-without-plugin':
    'Spring consumes from a queue that nothing can reach; here nothing is made, and the start ends.',
  'existing-exchange-other-type':
    'Spring binds a topic key to whatever exchange is there; here the binding is refused, and names both types.',
};

class TwoInputs {
  @Input() readonly in1!: SubscribableChannel;
  @Input() readonly in2!: SubscribableChannel;
}

const MODELS = { input: Sink, output: Source, 'output,input': Processor, 'two inputs': TwoInputs };

const factory: BinderFactory<RabbitOptions, RabbitConsumerOptions, RabbitProducerOptions> = {
  type: 'rabbit',
  system: 'rabbitmq',
  capabilities: { partitions: 'emulated', anonymousGroups: true } as Capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: producerSchema },
  connection: { 'spring.rabbitmq': connectionSchema },
  producerExpressions: ['routingKeyExpression', 'delayExpression'],
  policy,
  create: () => Promise.reject(new Error('nothing is bound here')),
};

export interface Planned {
  readonly sources: readonly ConsumerSource<RabbitConsumerOptions>[];
  readonly targets: readonly ProducerTarget<RabbitProducerOptions>[];
  readonly problems: readonly Problem[];
  readonly errors: readonly StreambindError[];
}

export function planned({ properties, model }: Pick<Configuration, 'properties' | 'model'>): Planned {
  const args = Object.entries(properties).map(([key, value]) => `--${key}=${value}`);
  const environment = loadEnvironment({ directories: [], args, env: {} });
  const { inputs, outputs, errors } = plan({
    channels: readChannels(MODELS[model]),
    listeners: [],
    environment,
    catalog: { declared: [], defaultBinder: undefined, installed: ['rabbit'], where: '' },
    factories: new Map([['rabbit', factory as BinderFactory]]),
  });
  environment.check(keyGroups([factory as BinderFactory], []));
  return {
    sources: inputs.flatMap(({ sources }) => sources as readonly ConsumerSource<RabbitConsumerOptions>[]),
    targets: outputs.map(({ target }) => target as ProducerTarget<RabbitProducerOptions>),
    problems: environment.problems,
    errors,
  };
}

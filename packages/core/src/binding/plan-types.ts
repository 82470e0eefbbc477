/** What planning comes to: everything that binding needs to know, as data. */
import type { StreambindError } from '../errors/index.js';
import type { ListenerDescription, TaskDescription } from '../annotations/index.js';
import type { ConsumerSource, ProducerTarget } from '../binder/index.js';
import type { InboundSettings, OutboundSettings } from '../pipeline/index.js';

export interface InputPlan {
  readonly direction: 'input';
  readonly name: string;
  readonly binder: string;
  readonly autoStartup: boolean;
  /** One a destination, unless the binding multiplexes. */
  readonly sources: readonly ConsumerSource[];
  readonly settings: InboundSettings;
  readonly listeners: readonly ListenerDescription[];
  /** Those of its own error channel, then those of the global one. */
  readonly errorListeners: readonly ListenerDescription[];
  /** The name of the component that decides about retries instead of `settings.retry`. */
  readonly retryTemplate?: string;
}

export interface OutputPlan {
  readonly direction: 'output';
  readonly name: string;
  readonly binder: string;
  readonly autoStartup: boolean;
  readonly target: ProducerTarget;
  readonly settings: OutboundSettings;
  /** Undefined: not partitioned. */
  readonly partitioning: Partitioning | undefined;
  /** Binder options that are expressions over the message, by name. */
  readonly expressions: Readonly<Record<string, WrittenExpression>>;
}

/** An expression, and where in the configuration it stands. */
export interface WrittenExpression {
  readonly text: string;
  readonly where: string;
}

/** How the partition of a message is chosen; names are those of components. */
export interface Partitioning {
  readonly keyExpression?: WrittenExpression;
  readonly keyExtractor?: string;
  readonly selectorExpression?: WrittenExpression;
  readonly selector?: string;
  readonly count: number;
}

export interface Plan {
  readonly inputs: readonly InputPlan[];
  readonly outputs: readonly OutputPlan[];
  readonly tasks: readonly TaskDescription[];
  /** Listeners of the global error channel. */
  readonly errorListeners: readonly ListenerDescription[];
  readonly errors: readonly StreambindError[];
}

/** What classes with decorators come to: data, to plan with. */
import type { HeaderOptions, IdempotentReceiverOptions, PayloadOptions } from './bindings.js';
import type { Class } from './record.js';
import type { TriggerOptions } from './scheduling.js';

/** One thing to inject into a field or parameter. */
export interface Injection {
  /** `Listener.serverPort` or `new Listener(…, [1])`: for messages. */
  readonly at: string;
  /** Absent where only the type counts: a constructor's parameter has no name at run time. */
  readonly name?: string;
  /** The name was written down, so the type is no second chance. */
  readonly named: boolean;
  /** Where name and type differ: which is asked first. */
  readonly first: 'name' | 'type';
  readonly type?: Class;
  /** The compiler wrote nothing at all, so it is not told to. */
  readonly unwritten: boolean;
  readonly required: boolean;
  /** The text of `@Value`; then nothing else counts. */
  readonly value?: string;
  readonly valueType?: unknown;
}

export interface FieldInjection extends Injection {
  readonly field: string | symbol;
}

export interface BeanMethod {
  readonly method: string;
  readonly name: string;
  readonly type?: Class;
  readonly parameters: readonly Injection[];
  readonly primary: boolean;
  readonly profiles: readonly string[];
}

export interface ComponentDescription {
  readonly type: Class;
  readonly name: string;
  readonly file?: string;
  readonly primary: boolean;
  readonly profiles: readonly string[];
  readonly constructorParameters: readonly Injection[];
  readonly fields: readonly FieldInjection[];
  readonly postConstruct: readonly string[];
  readonly preDestroy: readonly string[];
  readonly beans: readonly BeanMethod[];
  readonly bindables: readonly Class[];
  readonly listeners: readonly ListenerDescription[];
  readonly tasks: readonly TaskDescription[];
  /** Of `@ConfigurationProperties`. */
  readonly propertiesPrefix?: string;
}

export interface ChannelDescription {
  readonly name: string;
  readonly direction: 'input' | 'output';
  readonly field: string;
  readonly type?: Class;
  readonly bindable: Class;
}

export interface ParameterDescription {
  readonly index: number;
  /** The class that the compiler wrote, if it says anything. */
  readonly type?: unknown;
  readonly payload?: PayloadOptions;
  readonly header?: HeaderOptions;
  readonly headers: boolean;
  /** `@Input` or `@Output` stands on it: declarative mode. */
  readonly channel: boolean;
}

export interface ListenerDescription {
  readonly owner: Class;
  readonly method: string;
  /** `ReceiveMessageListenerController.input`. */
  readonly at: string;
  /** The decorator that made it a listener. */
  readonly kind: 'StreamListener' | 'ServiceActivator' | 'Transformer';
  readonly target: string;
  readonly condition?: string;
  readonly copyHeaders: boolean;
  readonly sendTo: readonly string[] | undefined;
  /** Of `@IdempotentReceiver`. */
  readonly idempotent?: IdempotentReceiverOptions;
  readonly parameters: readonly ParameterDescription[];
  /** What the compiler wrote: `unknown` where nothing was declared, or a Promise. */
  readonly returns: 'nothing' | 'value' | 'unknown';
}

/** A method that is called by a timer. */
export interface TaskDescription {
  readonly owner: Class;
  readonly method: string;
  readonly at: string;
  readonly kind: 'Scheduled' | 'InboundChannelAdapter';
  readonly trigger: TriggerOptions;
  /** Where what it returns is sent; `@InboundChannelAdapter` only. */
  readonly channel?: string;
  readonly callsPerRun: number;
  /** How many it takes; a timer has none to give. */
  readonly parameters: number;
  readonly returns: ListenerDescription['returns'];
}

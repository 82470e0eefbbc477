/** Spring Integration's decorators that stand on bound channels. Spring: `org.springframework.integration.annotation`. */
import { methodDecorator } from './record.js';
import type { TriggerOptions } from './scheduling.js';

export interface ServiceActivatorOptions {
  /** The name of an input, or of an error channel: `errorChannel`, `<destination>.<group>.errors`. */
  readonly inputChannel: string;
  /** The name of an output for what the method returns. */
  readonly outputChannel?: string;
}

/**
 * The method handles the messages of an input, as with `@StreamListener`. Beside other listeners of that input it gets
 * every message too.
 */
export const ServiceActivator = (options: ServiceActivatorOptions): MethodDecorator =>
  methodDecorator('ServiceActivator', options);

export interface TransformerOptions {
  readonly inputChannel: string;
  readonly outputChannel: string;
}

/** What the method makes of each message of the input goes to the output; it has to make something. */
export const Transformer = (options: TransformerOptions): MethodDecorator => methodDecorator('Transformer', options);

export interface PollerOptions extends Omit<TriggerOptions, 'fixedRate'> {
  /** How often the method is called in one poll, as long as it returns something; below 0: without limit. Default 1. */
  readonly maxMessagesPerPoll?: number;
}

export interface InboundChannelAdapterOptions {
  /** The name of an output. */
  readonly value?: string;
  /** The same. */
  readonly channel?: string;
  /** Default: every 1000 ms, counted from the end of the last poll. */
  readonly poller?: PollerOptions;
}

/** The method takes no arguments; what it returns is sent to an output, unless it is null or undefined. */
export const InboundChannelAdapter = (channel: string | InboundChannelAdapterOptions): MethodDecorator =>
  methodDecorator('InboundChannelAdapter', typeof channel === 'string' ? { value: channel } : channel);

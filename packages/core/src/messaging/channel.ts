import type { Message } from './message.js';

export type MessageHandler = (message: Message) => void | Promise<void>;
export type Unsubscribe = () => void;

/**
 * Where messages are sent. Abstract classes and not interfaces: injection needs the type at run time. Import it by value
 * (`import { MessageChannel }`); `import type` would leave Node's global of the same name in the metadata.
 */
export abstract class MessageChannel {
  /**
   * Sends to the bound destination.
   * @param timeoutMs how long to wait for the confirmation; default: the binding's `producer.send-timeout` (30 s)
   * @returns resolves on the broker's confirmation
   * @throws PUBLISH_UNKNOWN no confirmation in time; BUFFER_FULL too many sends wait; PUBLISH_REFUSED, CONVERSION, CLOSED
   */
  abstract send(message: Message, timeoutMs?: number): Promise<void>;
}

/** An input: what arrives is handed to the subscribers. Sending to it hands a message to them directly. */
export abstract class SubscribableChannel extends MessageChannel {
  /** The handler's outcome settles the message, as a listener's does. */
  abstract subscribe(handler: MessageHandler): Unsubscribe;
}

/** An input that is asked. Known by name so that it can be refused clearly: this version does not bind it. */
export abstract class PollableMessageSource {
  abstract poll(handler: MessageHandler, type?: abstract new (...args: never[]) => unknown): Promise<boolean>;
}

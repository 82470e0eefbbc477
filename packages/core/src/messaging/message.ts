import { HeaderRecord, MessageHeaders } from './headers.js';

/**
 * What travels: a payload and its headers. Immutable. A class and not an interface, because a handler's
 * `message: Message<Order>` has to be visible at run time.
 */
export abstract class Message<T = unknown> {
  abstract readonly payload: T;
  abstract readonly headers: MessageHeaders;
}

/** A message made by the application. */
export class GenericMessage<T = unknown> extends Message<T> {
  constructor(
    readonly payload: T,
    readonly headers: MessageHeaders,
  ) {
    super();
  }
}

/** A message could not be handled; `cause` is what was thrown. Spring: `MessagingException`. */
export class MessageHandlingError extends Error {
  override readonly name: string = 'MessageHandlingError';

  constructor(
    message: string,
    /** As it arrived: the payload is the bytes of the wire, null for a tombstone. */
    readonly failedMessage: Message<Uint8Array | null>,
    cause: Error,
  ) {
    super(message, { cause });
  }
}

/** What error channels carry: the error, the message that failed, and in `sourceData` the broker client's own. */
export class ErrorMessage extends Message<MessageHandlingError> {
  constructor(
    readonly payload: MessageHandlingError,
    readonly headers: MessageHeaders,
    readonly originalMessage?: Message,
  ) {
    super();
  }
}

/** Builds messages. `id` and `timestamp` are made anew by every `build()` and cannot be set. */
export class MessageBuilder<T> {
  readonly #headers: Record<string, unknown> = new HeaderRecord();

  private constructor(readonly payload: T) {}

  static withPayload<T>(payload: T): MessageBuilder<T> {
    return new MessageBuilder(payload);
  }

  /** Starts from the payload and the headers of a message. */
  static fromMessage<T>(message: Message<T>): MessageBuilder<T> {
    return new MessageBuilder(message.payload).copyHeaders(message.headers);
  }

  /** `null` and `undefined` remove the header, as in Spring. */
  setHeader(name: string, value: unknown): this {
    if (value === undefined || value === null) return this.removeHeader(name);
    if (!isOwnedByMessage(name)) this.#headers[name] = value;
    return this;
  }

  setHeaderIfAbsent(name: string, value: unknown): this {
    return name in this.#headers ? this : this.setHeader(name, value);
  }

  copyHeaders(headers: Readonly<Record<string, unknown>>): this {
    for (const name in headers) this.setHeader(name, headers[name]);
    return this;
  }

  copyHeadersIfAbsent(headers: Readonly<Record<string, unknown>>): this {
    for (const name in headers) this.setHeaderIfAbsent(name, headers[name]);
    return this;
  }

  removeHeader(name: string): this {
    delete this.#headers[name];
    return this;
  }

  build(): Message<T> {
    return new GenericMessage(this.payload, new MessageHeaders(this.#headers));
  }
}

const isOwnedByMessage = (name: string): boolean => name === MessageHeaders.ID || name === MessageHeaders.TIMESTAMP;

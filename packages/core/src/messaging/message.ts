import { StreambindError } from '../errors/index.js';
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

/**
 * What only the framework sets, with what to do instead. Spring refuses `id` and `timestamp` alone; the others would be
 * dropped on the way out, so they are refused where somebody thinks to set them.
 */
const RESERVED: ReadonlyMap<string, string> = new Map([
  [MessageHeaders.ID, 'Every message is given its own; carry a number of yours under another name.'],
  [MessageHeaders.TIMESTAMP, 'Every message is given its own; carry a time of yours under another name.'],
  [MessageHeaders.DELIVERY_ATTEMPT, 'It is counted by whoever receives; use another name.'],
  [MessageHeaders.SOURCE_DATA, 'It comes with what is received; use another name.'],
  [MessageHeaders.PARTITION, `Choose the partition with ${MessageHeaders.PARTITION_OVERRIDE}.`],
]);

/** Builds messages. `id` and `timestamp` are made anew by every `build()`; copying leaves them out. */
export class MessageBuilder<T> {
  readonly #headers: Record<string, unknown> = new HeaderRecord();
  /** Of the first message whose headers were copied. */
  #received: unknown;

  private constructor(readonly payload: T) {}

  static withPayload<T>(payload: T): MessageBuilder<T> {
    return new MessageBuilder(payload);
  }

  /** Starts from the payload and the headers of a message. */
  static fromMessage<T>(message: Message<T>): MessageBuilder<T> {
    return new MessageBuilder(message.payload).copyHeaders(message.headers);
  }

  /**
   * `null` and `undefined` remove the header, as in Spring.
   * @throws HEADER_RESERVED for `id`, `timestamp`, `deliveryAttempt`, `sourceData` and `scst_partition`
   */
  setHeader(name: string, value: unknown): this {
    if (value === undefined || value === null) return this.removeHeader(name);
    const instead = RESERVED.get(name);
    if (instead !== undefined) {
      throw new StreambindError('HEADER_RESERVED', `The header "${name}" is set by the framework.`, {
        given: name,
        fix: instead,
      });
    }
    this.#headers[name] = value;
    return this;
  }

  setHeaderIfAbsent(name: string, value: unknown): this {
    return name in this.#headers ? this : this.setHeader(name, value);
  }

  copyHeaders(headers: Readonly<Record<string, unknown>>): this {
    this.#received ??= MessageHeaders.receivedWith(headers);
    for (const name in headers) this.#copy(name, headers[name]);
    return this;
  }

  copyHeadersIfAbsent(headers: Readonly<Record<string, unknown>>): this {
    this.#received ??= MessageHeaders.receivedWith(headers);
    for (const name in headers) if (!(name in this.#headers)) this.#copy(name, headers[name]);
    return this;
  }

  removeHeader(name: string): this {
    delete this.#headers[name];
    return this;
  }

  build(): Message<T> {
    return new GenericMessage(this.payload, new MessageHeaders(this.#headers, this.#received));
  }

  #copy(name: string, value: unknown): void {
    if (value === undefined || value === null) delete this.#headers[name];
    else if (!isOwnedByMessage(name)) this.#headers[name] = value;
  }
}

const isOwnedByMessage = (name: string): boolean => name === MessageHeaders.ID || name === MessageHeaders.TIMESTAMP;

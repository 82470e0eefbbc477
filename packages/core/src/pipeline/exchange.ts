import { Acknowledgment, Message, MessageHeaders } from '../messaging/index.js';
import type { Delivery } from '../binder/index.js';

/** One delivery on its way through the inbound steps. Headers are made when somebody asks for them. */
export class Exchange {
  /** Set where the binding is acknowledged by hand. */
  acknowledgment: Acknowledgment | undefined;
  #headers: MessageHeaders | undefined;

  constructor(
    readonly delivery: Delivery,
    /** What the binding says, for messages that say nothing themselves. */
    private readonly defaultContentType: string,
  ) {}

  get contentType(): string {
    const own = this.delivery.contentType ?? this.delivery.headers[MessageHeaders.CONTENT_TYPE];
    return typeof own === 'string' ? own : this.defaultContentType;
  }

  get headers(): MessageHeaders {
    if (this.#headers) return this.#headers;
    const headers: Record<string, unknown> = Object.assign(
      Object.create(null) as Record<string, unknown>,
      this.delivery.headers,
    );
    headers[MessageHeaders.CONTENT_TYPE] ??= this.defaultContentType;
    headers[MessageHeaders.DELIVERY_ATTEMPT] = this.delivery.attempt;
    return (this.#headers = new MessageHeaders(headers, this.delivery.received));
  }

  /** The wire's id, else the broker's name for the delivery: for log lines. */
  get id(): string {
    const own = this.delivery.headers[MessageHeaders.ID];
    return typeof own === 'string' ? own : this.delivery.id;
  }
}

/** What a handler gets that takes a `Message`. */
export class ReceivedMessage<T> extends Message<T> {
  readonly #exchange: Exchange;

  constructor(
    readonly payload: T,
    exchange: Exchange,
  ) {
    super();
    this.#exchange = exchange;
  }

  override get headers(): MessageHeaders {
    return this.#exchange.headers;
  }

  /** Printed whole, although its headers are made lazily. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { payload: this.payload, headers: Object.assign({}, this.headers) as object };
  }
}

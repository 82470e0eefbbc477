/** The channels that applications hold: injected at once, usable before their binding is up. */
import {
  Message,
  MessageChannel,
  SubscribableChannel,
  type MessageHandler,
  type Unsubscribe,
} from '../messaging/index.js';
import type { Converters } from '../converter/index.js';
import { StreambindError } from '../errors/index.js';
import { Exchange, ReceivedMessage, asSendFailure, type Listeners, type Outbound } from '../pipeline/index.js';

export class OutputChannel extends MessageChannel {
  #outbound: Outbound | undefined;
  #closed = false;

  constructor(readonly name: string) {
    super();
  }

  /** @internal Called once the binding is planned, before any component runs. */
  open(outbound: Outbound): void {
    this.#outbound = outbound;
    this.#closed = false;
  }

  /** @internal Later sends are refused; those under way go on. */
  shut(): void {
    this.#closed = true;
  }

  override send(message: Message, timeoutMs?: number): Promise<void> {
    if (!(message instanceof Message)) {
      const refused = new StreambindError('CONVERSION', 'A channel sends messages, not payloads.', {
        where: this.name,
        given: typeof message,
        fix: 'MessageBuilder.withPayload(payload).build()',
      });
      return Promise.reject(asSendFailure(refused, undefined, this.name));
    }
    if (this.#closed || !this.#outbound) {
      const closed = new StreambindError(
        'CLOSED',
        `The output "${this.name}" is ${this.#closed ? 'closed' : 'not bound'}.`,
        { where: this.name },
      );
      return Promise.reject(asSendFailure(closed, message, this.name));
    }
    return this.#outbound.send(message, timeoutMs);
  }
}

export class InputChannel extends SubscribableChannel {
  #subscriptions = 0;

  constructor(
    readonly name: string,
    private readonly listeners: Listeners,
    private readonly converters: Converters,
  ) {
    super();
  }

  override subscribe(handler: MessageHandler): Unsubscribe {
    const at = `${this.name} subscriber ${++this.#subscriptions}`;
    return this.listeners.add({
      at,
      call: (exchange) => {
        const payload = this.converters.reader(exchange.contentType, { kind: 'unknown' })(exchange.delivery.payload);
        return payload instanceof Promise
          ? payload.then((ready: unknown) => handler(new ReceivedMessage(ready, exchange)))
          : handler(new ReceivedMessage(payload, exchange));
      },
    });
  }

  /** Hands a message to the listeners without a broker; their failure is the sender's, nothing is tried again. */
  override async send(message: Message): Promise<void> {
    const own = message.headers['contentType'];
    const { bytes, contentType } = this.converters.encode(
      message.payload,
      typeof own === 'string' ? own : 'application/json',
      typeof own === 'string',
    );
    const exchange = new Exchange(
      {
        payload: bytes,
        headers: message.headers as Exchange['delivery']['headers'],
        id: String(message.headers['id']),
        attempt: 1,
        lane: this.name,
        lost: NEVER,
        native: message,
      },
      contentType,
    );
    try {
      await this.listeners.dispatch(exchange);
    } finally {
      this.listeners.forget(exchange);
    }
  }
}

const NEVER = new AbortController().signal;

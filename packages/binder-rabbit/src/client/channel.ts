/** One channel: declarations through amqplib, publishing, confirms and settlements by frames of our own. */
import type { Channel } from 'amqplib';
import type { StreambindError } from '@streambind/core/binder';
import { numberOf, type RawMessage } from './amqplib.js';
import { channelClosed } from './errors.js';
import type { RabbitConnection } from './connection.js';
import type { Properties } from './frames.js';

/** Milliseconds; a close handshake that takes longer is not waited for. */
const CLOSE_MS = 400;

/** `basic.ack` and `basic.nack` of the broker for what was published. */
export interface Confirm {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

export interface ReturnedMessage extends RawMessage {
  readonly fields: RawMessage['fields'] & { readonly replyCode: number; readonly replyText: string };
}

export interface ConfirmListener {
  confirmed(confirm: Confirm): void;
  refused(confirm: Confirm): void;
  /** Unroutable; the confirm follows. */
  returned(message: ReturnedMessage): void;
}

export class RabbitChannel {
  readonly #lost = new AbortController();
  readonly #number: number;
  #closing = false;
  #error: Error | undefined;
  #published = 0;

  /** @throws BROKER_UNAVAILABLE */
  static async open(connection: RabbitConnection, listener?: ConfirmListener): Promise<RabbitChannel> {
    return new RabbitChannel(connection, await connection.channel(listener !== undefined), listener);
  }

  private constructor(
    readonly connection: RabbitConnection,
    /** For declarations and consumers. */
    readonly amqp: Channel,
    listener: ConfirmListener | undefined,
  ) {
    this.#number = numberOf(amqp);
    amqp.on('error', (error: Error) => (this.#error = error));
    amqp.on('close', () => this.#ended());
    if (listener) {
      // amqplib keeps callbacks for what it published itself, which is nothing
      amqp.removeAllListeners('ack').removeAllListeners('nack');
      amqp.on('ack', (fields) => listener.confirmed(fields));
      amqp.on('nack', (fields) => listener.refused(fields));
      amqp.on('return', (message) => listener.returned(message as unknown as ReturnedMessage));
    }
    if (connection.lost.aborted) this.#ended();
  }

  /** Fires when the channel ended and `close` was not called; its reason is a StreambindError. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Set when the server closed this channel and not its connection. */
  get closedByServer(): Error | undefined {
    return this.#error;
  }

  /** @returns the tag by which it is confirmed @throws PUBLISH_REFUSED when AMQP has no room for its properties */
  publish(exchange: string, routingKey: string, mandatory: boolean, properties: Properties, body: Uint8Array): number {
    this.connection.writer.publish(this.#number, exchange, routingKey, mandatory, properties, body);
    return ++this.#published;
  }

  ack(tag: number, multiple: boolean): void {
    if (!this.#ending) this.connection.writer.ack(this.#number, tag, multiple);
  }

  nack(tag: number, requeue: boolean): void {
    if (!this.#ending) this.connection.writer.nack(this.#number, tag, requeue);
  }

  /** Idempotent; never rejects. What is unsettled goes back to its queue. */
  async close(): Promise<void> {
    if (this.#ending) return;
    this.#closing = true;
    this.connection.writer.flush();
    let late!: () => void;
    const given = new Promise<void>((resolve) => (late = resolve));
    const timer = setTimeout(late, CLOSE_MS);
    const { lost } = this.connection;
    lost.addEventListener('abort', late, { once: true });
    // what fails here fails because the channel is gone
    await Promise.race([given, this.amqp.close().catch(() => undefined)]);
    clearTimeout(timer);
    lost.removeEventListener('abort', late);
  }

  get #ending(): boolean {
    return this.#closing || this.#lost.signal.aborted;
  }

  #ended(): void {
    if (this.#ending) return;
    const { lost } = this.connection;
    // a connection tells its channels first
    queueMicrotask(() => {
      this.#lost.abort(
        this.#error || !lost.aborted
          ? channelClosed(this.#error, this.connection.address)
          : (lost.reason as StreambindError),
      );
    });
  }
}

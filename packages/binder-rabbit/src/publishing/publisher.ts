/**
 * Publishing with confirms: what is sent waits in the order of the calls, is written while the broker and the socket take
 * it, and ends with the broker's word. One confirm channel, which comes back after it was lost.
 */
import { Fifo, StreambindError, Supervisor, type FlushReport, type Reporter } from '@streambind/core/binder';
import { RabbitChannel, type Confirm, type ConfirmListener, type ReturnedMessage } from '../client/channel.js';
import type { RabbitConnection } from '../client/connection.js';
import { serverText } from '../client/errors.js';
import type { Publication } from '../client/frames.js';
import { Window } from '../client/window.js';

export interface PublisherOptions<T> {
  /** For errors: the destination. */
  readonly name: string;
  readonly connections: Supervisor<RabbitConnection>;
  /** Before each channel: topology. */
  prepare(connection: RabbitConnection): Promise<void>;
  /** Called when it is written, and again when it is written again; `properties.headers` may be overwritten by the next. */
  encode(record: T): Publication;
  /** An unroutable message was confirmed: rejects its send, or lets it pass. */
  unroutable(message: ReturnedMessage): StreambindError | undefined;
  readonly reporter: Reporter;
  permanent(error: Error): boolean;
}

class Pending<T> {
  returned: ReturnedMessage | undefined;
  /** How often its channel was closed by the server. */
  closings = 0;
  messageId: string | undefined;
  bytes = 0;

  constructor(
    readonly record: T,
    readonly resolve: () => void,
    readonly reject: (error: Error) => void,
  ) {}
}

export class Publisher<T> implements ConfirmListener {
  readonly #options: PublisherOptions<T>;
  readonly #channels: Supervisor<RabbitChannel>;
  readonly #window = new Window<Pending<T>>();
  #waiting = new Fifo<Pending<T>>();
  #channel: RabbitChannel | undefined;
  /** Sends that go one by one, because the server closed the channel on one of them and does not tell on which. */
  #suspects = 0;
  /** Bytes; learned from a broker that refused more. */
  #largest = Infinity;
  #everUp = false;
  #confirmed = 0;
  #drained: (() => void) | undefined;
  #closed: Promise<FlushReport> | undefined;

  constructor(options: PublisherOptions<T>) {
    this.#options = options;
    const { reporter } = options;
    this.#channels = new Supervisor<RabbitChannel>({
      connect: () => this.#connect(),
      dispose: (channel) => channel.close(),
      report: (error, nextTryMs) => reporter.report(error, nextTryMs),
      recovered: () => reporter.recovered(),
      // once it worked, what is refused may be allowed again
      permanent: (error) => !this.#everUp && options.permanent(error),
      backOff: { initialMs: 100, maxMs: 5000 },
    });
  }

  /** Resolves when the first channel is there. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    await this.#channels.get();
  }

  send(record: T): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      this.#waiting.push(new Pending(record, resolve, reject));
      this.#pump();
    });
  }

  /** Waits for what is pending, at most `deadlineMs` (default: no limit), then rejects it. */
  close(deadlineMs?: number): Promise<FlushReport> {
    return (this.#closed ??= this.#close(deadlineMs));
  }

  // from the channel

  confirmed({ deliveryTag, multiple }: Confirm): void {
    this.#window.settle(deliveryTag, multiple, this.#accepted);
    this.#next();
  }

  refused({ deliveryTag, multiple }: Confirm): void {
    this.#window.settle(deliveryTag, multiple, (pending) => {
      pending.reject(
        new StreambindError('PUBLISH_REFUSED', `RabbitMQ refused a message for ${this.#options.name}.`, {
          where: this.#options.name,
          given: 'basic.nack',
          fix: 'A queue behind it is full (x-overflow: reject-publish) or has failed; the log of the broker says more.',
        }),
      );
      this.#ended();
    });
    this.#next();
  }

  returned(message: ReturnedMessage): void {
    const { messageId } = message.properties;
    const pending = this.#window.find((each) => !each.returned && each.messageId === messageId);
    if (pending) pending.returned = message;
  }

  async #connect(): Promise<RabbitChannel> {
    const connection = await this.#options.connections.get();
    await this.#options.prepare(connection);
    const channel = await RabbitChannel.open(connection, this);
    const { lost } = channel;
    const whenLost = (): void => this.#lost(channel, lost.reason as StreambindError);
    if (lost.aborted) throw lost.reason as StreambindError;
    lost.addEventListener('abort', whenLost, { once: true });
    this.#everUp = true;
    this.#channel = channel;
    const stopListening = connection.onDrain(() => this.#pump());
    lost.addEventListener('abort', stopListening, { once: true });
    this.#pump();
    return channel;
  }

  readonly #accepted = (pending: Pending<T>): void => {
    const error = pending.returned && this.#options.unroutable(pending.returned);
    if (error) {
      pending.reject(error);
    } else {
      this.#confirmed++;
      pending.resolve();
    }
    this.#ended();
  };

  #ended(): void {
    if (this.#suspects > 0) this.#suspects--;
  }

  #next(): void {
    this.#pump();
    if (this.#drained && this.#window.size === 0 && this.#waiting.size === 0) this.#drained();
  }

  #pump(): void {
    const channel = this.#channel;
    if (!channel) return;
    while (this.#waiting.size > 0 && !channel.connection.congested) {
      if (this.#suspects > 0 && this.#window.size > 0) return;
      this.#write(channel, this.#waiting.shift()!);
    }
  }

  #write(channel: RabbitChannel, pending: Pending<T>): void {
    try {
      const { exchange, routingKey, properties, body } = this.#options.encode(pending.record);
      if (body.byteLength > this.#largest) throw this.#tooLarge(body.byteLength);
      pending.messageId = properties.messageId;
      pending.bytes = body.byteLength;
      channel.publish(exchange, routingKey, true, properties, body);
      this.#window.push(pending);
    } catch (error) {
      pending.reject(error as Error);
      this.#ended();
    }
  }

  /**
   * With its connection gone nobody knows what became of a message. When only the channel was closed the broker has
   * taken offence at one message and dropped what came after it: they are sent again, one by one, so that the next
   * closing tells which one it is. Those before it may arrive twice, with their message id.
   */
  #lost(channel: RabbitChannel, reason: StreambindError): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    const open = this.#window.takeAll();
    const { closedByServer } = channel;
    if (!closedByServer) {
      for (const pending of open) pending.reject(this.#unknown(reason));
    } else {
      this.#learn(closedByServer);
      this.#again(open, reason);
    }
    this.#channels.lost(reason, channel);
    if (this.#drained && this.#waiting.size === 0) this.#drained();
  }

  #again(open: readonly Pending<T>[], reason: StreambindError): void {
    const rest = this.#waiting;
    this.#waiting = new Fifo();
    this.#suspects = 0;
    for (const pending of open) {
      if (pending.bytes > this.#largest) pending.reject(this.#tooLarge(pending.bytes));
      else if (isHopeless(pending, reason, open.length)) pending.reject(this.#offence(reason));
      else this.#waiting.push(pending);
    }
    // a missing exchange is declared anew, and it was nobody's fault
    if (reason.code !== 'DESTINATION_GONE') this.#suspects = this.#waiting.size;
    for (let pending = rest.shift(); pending; pending = rest.shift()) this.#waiting.push(pending);
  }

  /** `message size 20 is larger than configured max size 10` */
  #learn(error: Error): void {
    const [, most] = /larger than (?:configured )?max size (\d+)/.exec(error.message) ?? [];
    if (most !== undefined) this.#largest = Number(most);
  }

  async #close(deadlineMs: number | undefined): Promise<FlushReport> {
    const confirmed = this.#confirmed;
    let timer: NodeJS.Timeout | undefined;
    if (this.#window.size + this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        if (deadlineMs !== undefined) timer = setTimeout(resolve, deadlineMs);
      });
      clearTimeout(timer);
    }
    const unconfirmed = this.#window.size + this.#waiting.size;
    for (const pending of this.#window.takeAll()) pending.reject(this.#unknown(this.#closedError()));
    for (let pending = this.#waiting.shift(); pending; pending = this.#waiting.shift()) {
      pending.reject(this.#closedError());
    }
    this.#channel = undefined;
    await this.#channels.close();
    this.#options.reporter.end();
    return { confirmed: this.#confirmed - confirmed, unconfirmed };
  }

  #unknown(cause: Error): StreambindError {
    return new StreambindError(
      'PUBLISH_UNKNOWN',
      `RabbitMQ had not confirmed a message for ${this.#options.name} when the connection ended; it may have arrived or not.`,
      { where: this.#options.name, fix: 'Send it again with the same id where the receivers are idempotent.' },
      cause,
    );
  }

  #tooLarge(bytes: number): StreambindError {
    return new StreambindError(
      'PAYLOAD_TOO_LARGE',
      `A message for ${this.#options.name} is larger than RabbitMQ takes.`,
      {
        where: this.#options.name,
        given: `${bytes} bytes`,
        allowed: `${this.#largest} bytes (max_message_size of the broker)`,
      },
    );
  }

  #offence(reason: StreambindError): StreambindError {
    const { code } = reason;
    return new StreambindError(
      code === 'ACCESS_REFUSED' || code === 'DESTINATION_GONE' ? code : 'PUBLISH_REFUSED',
      `RabbitMQ refused a message for ${this.#options.name}: ${serverText(reason.cause as Error)}.`,
      { where: this.#options.name },
      reason,
    );
  }

  #closedError(): StreambindError {
    return new StreambindError('CLOSED', `The producer of ${this.#options.name} is closed.`);
  }
}

/** How often the exchange of one message may turn out to be missing. */
const MOST_CLOSINGS = 3;

function isHopeless(pending: Pending<unknown>, { code }: StreambindError, together: number): boolean {
  pending.returned = undefined;
  pending.closings++;
  // permissions are those of the exchange, and so the same for all
  if (code === 'ACCESS_REFUSED') return true;
  return code === 'DESTINATION_GONE' ? pending.closings >= MOST_CLOSINGS : together === 1;
}

/** One connection to the broker, from the handshake to its end. It never comes back: the supervisor makes another. */
import { connect, type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Address, ConnectionTarget } from './address.js';
import { touch, type Internals } from './amqplib.js';
import { connectionLost, connectFailed } from './errors.js';
import { FrameWriter } from './frames.js';

/** Milliseconds; a close handshake that takes longer ends with the socket. */
const CLOSE_MS = 400;

export class RabbitConnection {
  readonly #model: ChannelModel;
  readonly #internals: Internals;
  readonly #lost = new AbortController();
  readonly #drains = new Set<() => void>();
  readonly writer: FrameWriter;
  #error: Error | undefined;
  #congested = false;
  #blocked: string | undefined;
  #closing = false;

  /** @throws AUTH, BROKER_UNAVAILABLE */
  static async open(address: Address, target: ConnectionTarget): Promise<RabbitConnection> {
    const { connectionTimeout, name } = target;
    try {
      const model = await connect(
        {
          protocol: address.tls ? 'amqps' : 'amqp',
          hostname: address.host,
          port: address.port,
          username: target.username,
          password: target.password,
          vhost: encodeURIComponent(target.virtualHost),
          ...(target.heartbeat === undefined ? {} : { heartbeat: target.heartbeat }),
          ...(target.channelMax === undefined ? {} : { channelMax: target.channelMax }),
        },
        {
          ...address.tls,
          noDelay: true,
          clientProperties: { connection_name: name, product: 'streambind' },
          ...(connectionTimeout > 0 ? { timeout: connectionTimeout } : {}),
        },
      );
      return new RabbitConnection(address, model);
    } catch (error) {
      throw connectFailed(error, address, target);
    }
  }

  private constructor(
    readonly address: Address,
    model: ChannelModel,
  ) {
    this.#model = model;
    this.#internals = touch(model);
    const { stream, frameMax } = this.#internals;
    this.writer = new FrameWriter(frameMax, (bytes) => {
      if (!stream.write(bytes)) this.#congested = true;
    });
    stream.on('drain', () => {
      this.#congested = false;
      this.#drained();
    });
    model.on('error', (error: Error) => (this.#error = error));
    model.on('close', (error?: Error) => this.#ended(error));
    model.on('blocked', (reason: string) => (this.#blocked = reason));
    model.on('unblocked', () => {
      this.#blocked = undefined;
      this.#drained();
    });
  }

  /** Fires when the connection ended and `close` was not called; its reason is a StreambindError. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Why the broker takes no publishes now (`connection.blocked`: memory, disk). */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  get frameMax(): number {
    return this.#internals.frameMax;
  }

  /** Whether publishes should wait: the broker blocks, or the socket has enough. `onDrain` tells the end. */
  get congested(): boolean {
    return this.#congested || this.#blocked !== undefined;
  }

  /** @returns ends it */
  onDrain(callback: () => void): () => void {
    this.#drains.add(callback);
    return () => void this.#drains.delete(callback);
  }

  channel(confirms: true): Promise<ConfirmChannel>;
  channel(confirms: boolean): Promise<Channel>;
  /** @throws BROKER_UNAVAILABLE when the connection is gone */
  async channel(confirms: boolean): Promise<Channel> {
    try {
      return await (confirms ? this.#model.createConfirmChannel() : this.#model.createChannel());
    } catch (error) {
      throw connectionLost(this.#error ?? error, this.address);
    }
  }

  /** Orderly when the broker answers in time. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const { stream } = this.#internals;
    let timer: NodeJS.Timeout | undefined;
    if (!this.#lost.signal.aborted) {
      this.writer.flush();
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([late, this.#model.close()]).catch(() => undefined);
      clearTimeout(timer);
    }
    // a socket that nobody answers would keep the process alive
    stream.destroy();
  }

  #drained(): void {
    if (this.congested) return;
    for (const drain of this.#drains) drain();
  }

  #ended(error: Error | undefined): void {
    this.#internals.stream.destroy();
    if (this.#closing) return;
    this.#lost.abort(connectionLost(error ?? this.#error, this.address));
  }
}

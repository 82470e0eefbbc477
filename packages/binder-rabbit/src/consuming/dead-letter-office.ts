/**
 * Dead letters that are published: declared where they go, confirmed, and routed to a queue before the message itself is
 * acknowledged. What fails is told to the kit, which keeps the message and tries again.
 */
import {
  StreambindError,
  asError,
  isStreambindError,
  type BinderContext,
  type ConsumerSource,
  type Supervisor,
} from '@streambind/core/binder';
import { RabbitChannel, type Confirm, type ConfirmListener, type ReturnedMessage } from '../client/channel.js';
import type { RabbitConnection } from '../client/connection.js';
import { deadLetter, type DeadLetter } from '../records/dead-letter.js';
import { serverText } from '../client/errors.js';
import { declare } from '../topology/declare.js';
import type { RabbitDelivery } from './delivery.js';
import type { RabbitConsumerOptions } from '../options/options.js';
import { whereIs } from '../client/settings.js';
import type { DeadLetters } from '../topology/topology.js';
import { Window } from '../client/window.js';

export type PublishedDeadLetters = Extract<DeadLetters, { by: 'publishing' }>;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly messageId: string | undefined;
  returned: boolean;
}

export class DeadLetterOffice {
  readonly #source: ConsumerSource<RabbitConsumerOptions>;
  readonly #connections: Supervisor<RabbitConnection>;
  readonly #context: Pick<BinderContext, 'log' | 'origin'>;
  #opening: Promise<Desk> | undefined;

  constructor(
    source: ConsumerSource<RabbitConsumerOptions>,
    connections: Supervisor<RabbitConnection>,
    context: Pick<BinderContext, 'log' | 'origin'>,
  ) {
    this.#source = source;
    this.#connections = connections;
    this.#context = context;
  }

  /**
   * Resolves when the dead letter is in its queue, or when the configuration says that it may be lost.
   * @throws what the broker refused it with; BROKER_UNAVAILABLE when the connection was lost meanwhile
   */
  async publish(delivery: RabbitDelivery, place: PublishedDeadLetters, reason: Error): Promise<void> {
    const connection = await this.#connections.get();
    if (place.whenMissing === 'drop' && !(await exists(connection, place.exchange))) {
      this.#drop(`the exchange "${place.exchange}" does not exist`, reason);
      return;
    }
    const desk = await this.#desk(connection, place);
    const letter = deadLetter(delivery.alone, reason, connection.frameMax, this.#source.options);
    try {
      await desk.publish(place, letter);
    } catch (error) {
      if (isStreambindError(error, 'ACCESS_REFUSED')) throw this.#forbidden(place, error);
      if (!(error instanceof Unroutable)) throw error;
      // the queue may have been deleted: it is declared with the next channel
      await this.close();
      const told = `no queue is bound to the exchange "${place.exchange}" with the key "${place.routingKey}"`;
      if (place.whenMissing === 'drop') {
        this.#drop(told, reason);
        return;
      }
      throw new StreambindError('UNROUTABLE', `A dead letter has no place: ${told}.`, {
        where: whereIs(this.#source.binding, this.#context),
        fix: 'Bind a queue to it, or let the binding do so: declare-dlx, auto-bind-dlq.',
      });
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const desk = await opening?.catch(() => undefined);
    await desk?.close();
  }

  #desk(connection: RabbitConnection, place: PublishedDeadLetters): Promise<Desk> {
    if (this.#opening) return this.#opening;
    const opening = this.#open(connection, place);
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.then(({ channel }) => channel.lost.addEventListener('abort', forget, { once: true }), forget);
    return (this.#opening = opening);
  }

  async #open(connection: RabbitConnection, { declarations }: PublishedDeadLetters): Promise<Desk> {
    const { provision, binding } = this.#source;
    const where = whereIs(binding, this.#context);
    const lines = await declare(() => RabbitChannel.open(connection), declarations, provision, where);
    for (const line of lines) this.#context.log.warn(line);
    return Desk.open(connection, binding);
  }

  #forbidden({ exchange }: PublishedDeadLetters, refused: StreambindError): StreambindError {
    return new StreambindError(
      'ACCESS_REFUSED',
      `The user may not publish dead letters to the exchange "${exchange}".`,
      {
        where: whereIs(this.#source.binding, this.#context),
        given: serverText(asError(refused.cause)),
        fix: 'Give the user the permission to write to it (rabbitmqctl set_permissions). The message is kept until then.',
      },
      refused,
    );
  }

  #drop(why: string, reason: Error): void {
    this.#context.log.error(
      `A message of the binding "${this.#source.binding}" is lost, as auto-bind-dlq: false asks for: ${why}. It failed with: ${reason.message}`,
    );
  }
}

/** One channel, and what was published on it. */
class Desk implements ConfirmListener {
  readonly #window = new Window<Pending>();
  #channel!: RabbitChannel;

  private constructor(private readonly binding: string) {}

  static async open(connection: RabbitConnection, binding: string): Promise<Desk> {
    const desk = new Desk(binding);
    desk.#channel = await RabbitChannel.open(connection, desk);
    const { lost } = desk.#channel;
    lost.addEventListener('abort', () => desk.#fail(lost.reason as Error), { once: true });
    return desk;
  }

  get channel(): RabbitChannel {
    return this.#channel;
  }

  /** @throws Unroutable, PUBLISH_REFUSED, why the channel was lost */
  publish({ exchange, routingKey }: PublishedDeadLetters, { properties, body }: DeadLetter): Promise<void> {
    if (this.#channel.lost.aborted) return Promise.reject(this.#channel.lost.reason as Error);
    return new Promise((resolve, reject) => {
      this.#channel.publish(exchange, routingKey, true, properties, body);
      this.#window.push({ resolve, reject, messageId: properties.messageId, returned: false });
    });
  }

  async close(): Promise<void> {
    await this.#channel.close();
    this.#fail(new StreambindError('CLOSED', 'The channel for dead letters was closed.'));
  }

  confirmed({ deliveryTag, multiple }: Confirm): void {
    this.#window.settle(deliveryTag, multiple, ({ returned, resolve, reject }) => {
      if (returned) reject(new Unroutable());
      else resolve();
    });
  }

  refused({ deliveryTag, multiple }: Confirm): void {
    const error = new StreambindError('PUBLISH_REFUSED', 'RabbitMQ refused a dead letter.', {
      where: this.binding,
      given: 'basic.nack',
      fix: 'Its queue is full (x-overflow: reject-publish) or has failed; the log of the broker says more.',
    });
    this.#window.settle(deliveryTag, multiple, ({ reject }) => reject(error));
  }

  returned({ properties: { messageId } }: ReturnedMessage): void {
    const pending = this.#window.find((each) => !each.returned && each.messageId === messageId);
    if (pending) pending.returned = true;
  }

  #fail(reason: Error): void {
    for (const { reject } of this.#window.takeAll()) reject(reason);
  }
}

class Unroutable extends Error {}

/** Asks on a channel of its own, which the answer "no" closes. */
async function exists(connection: RabbitConnection, exchange: string): Promise<boolean> {
  const channel = await RabbitChannel.open(connection);
  try {
    await channel.amqp.checkExchange(exchange);
    return true;
  } catch (error) {
    if (connection.lost.aborted) throw error;
    return false;
  } finally {
    await channel.close();
  }
}

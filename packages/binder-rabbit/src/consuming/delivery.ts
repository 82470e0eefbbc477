/** What came by one channel, and how it goes back: a batch of records that were sent as one message goes back as one. */
import { asError, type Delivery, type HeaderFilter } from '@streambind/core/binder';
import type { Acks } from './acks.js';
import type { RawMessage } from '../client/amqplib.js';
import type { RabbitChannel } from '../client/channel.js';
import { ReceivedRecord, partsOf, type Part } from '../records/inbound.js';
import type { ConsumedQueue } from '../topology/topology.js';

/** What the deliveries of one consumer share. */
export interface Origin {
  readonly channel: RabbitChannel;
  readonly acks: Acks;
  readonly queue: ConsumedQueue;
  readonly filter: HeaderFilter | undefined;
}

/** `Delivery.native`: the message as AMQP has it; `properties.headers` is its encoded field table. */
export type RabbitMessage = RawMessage;

/** What the broker is told of a message. */
export type Outcome = 'ack' | 'reject' | 'requeue';

const WEIGHT: Readonly<Record<Outcome, number>> = { ack: 0, reject: 1, requeue: 2 };

/** Records of one message: the broker hears of it when the last of them is settled, and then the worst. */
class Batch {
  #worst: Outcome = 'ack';

  constructor(private open: number) {}

  settle(outcome: Outcome): Outcome | undefined {
    if (WEIGHT[outcome] > WEIGHT[this.#worst]) this.#worst = outcome;
    return --this.open === 0 ? this.#worst : undefined;
  }
}

export class RabbitDelivery extends ReceivedRecord implements Delivery {
  readonly id: string;
  readonly attempt = 1;
  /** A quorum queue counts what came back unsettled. */
  readonly crashes?: number;
  readonly lane: string;
  readonly lost: AbortSignal;

  /** The records of a message; of one that only looks like a batch, the one that says so when its payload is read. */
  static of(origin: Origin, message: RawMessage): readonly RabbitDelivery[] {
    let parts: readonly Part[] | undefined;
    try {
      parts = partsOf(message);
    } catch (error) {
      const delivery = new RabbitDelivery(origin, message);
      delivery.received.failure = asError(error);
      return [delivery];
    }
    if (!parts || parts.length === 0) return [new RabbitDelivery(origin, message)];
    const batch = new Batch(parts.length);
    return parts.map((part, index) => new RabbitDelivery(origin, message, part, index, batch));
  }

  private constructor(
    readonly origin: Origin,
    message: RawMessage,
    part?: Part,
    index?: number,
    private readonly batch?: Batch,
  ) {
    super(message, origin.queue.name, origin.filter, part);
    const { deliveryTag, redelivered } = message.fields;
    this.id = index === undefined ? String(deliveryTag) : `${deliveryTag}/${index}`;
    this.lane = origin.queue.name;
    this.lost = origin.channel.lost;
    if (redelivered) {
      const count = this.received.values['x-delivery-count'];
      if (typeof count === 'number') this.crashes = count;
    }
  }

  /** @returns what the broker is to be told now */
  settle(outcome: Outcome): Outcome | undefined {
    return this.batch ? this.batch.settle(outcome) : outcome;
  }
}

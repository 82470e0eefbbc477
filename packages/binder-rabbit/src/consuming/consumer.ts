/**
 * One input: a channel with its consumers, which comes back after it was lost, and what becomes of the deliveries. A
 * delivery belongs to the channel it came by; with that channel it is lost, and the broker hands it out again.
 */
import {
  Intake,
  StreambindError,
  Supervisor,
  asError,
  type BinderContext,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type HeaderFilter,
  type Settler,
  type Trouble,
} from '@streambind/core/binder';
import { Acks } from './acks.js';
import type { RawMessage } from '../client/amqplib.js';
import { RabbitChannel } from '../client/channel.js';
import type { RabbitConnection } from '../client/connection.js';
import { channelClosed, isPermanent, replyCode } from '../client/errors.js';
import { declare, declareAgain } from '../topology/declare.js';
import { RabbitDelivery, type Origin, type Outcome } from './delivery.js';
import { mappedHeaders } from '../records/headers.js';
import { DeadLetterOffice } from './dead-letter-office.js';
import type { RabbitConsumerOptions } from '../options/options.js';
import { anonymousName } from '../topology/names.js';
import { consumerRefused } from '../topology/refusals.js';
import { whereIs } from '../client/settings.js';
import { consumerTopology, type ConsumedQueue, type ConsumerTopology } from '../topology/topology.js';

export interface Connections {
  readonly consuming: Supervisor<RabbitConnection>;
  readonly publishing: Supervisor<RabbitConnection>;
}

/** A channel with its consumers. */
interface Session {
  readonly channel: RabbitChannel;
  readonly acks: Acks;
  readonly tags: readonly string[];
}

export class RabbitConsumer implements Settler<RabbitDelivery> {
  readonly binding: ConsumerBinding;
  readonly #source: ConsumerSource<RabbitConsumerOptions>;
  readonly #sink: ConsumerSink;
  readonly #context: Pick<BinderContext, 'log' | 'origin'>;
  readonly #connections: Connections;
  readonly #topology: ConsumerTopology;
  readonly #filter: HeaderFilter | undefined;
  readonly #intake: Intake<RabbitDelivery>;
  readonly #sessions: Supervisor<Session>;
  readonly #deadLetters: DeadLetterOffice;
  readonly #noAck: boolean;
  #everUp = false;

  constructor(
    source: ConsumerSource<RabbitConsumerOptions>,
    sink: ConsumerSink,
    connections: Connections,
    capabilities: Capabilities,
    trouble: Trouble,
    context: Pick<BinderContext, 'log' | 'origin'>,
  ) {
    this.#source = source;
    this.#sink = sink;
    this.#context = context;
    this.#connections = connections;
    this.#topology = consumerTopology(source, anonymousName());
    this.#noAck = source.options.acknowledgeMode === 'none';
    this.#filter = mappedHeaders(source.options.headerPatterns);
    this.#intake = new Intake({ source, sink, settler: this, capabilities });
    this.#deadLetters = new DeadLetterOffice(source, connections.publishing, context);
    const reporter = trouble.reporter();
    this.#sessions = new Supervisor<Session>({
      connect: () => this.#connect(),
      dispose: ({ channel, acks }) => {
        acks.flush();
        return channel.close();
      },
      report: (error, nextTryMs) => reporter.report(error, nextTryMs),
      recovered: () => reporter.recovered(),
      // once it worked, what is refused may be allowed again
      permanent: (error) => !this.#everUp && isPermanent(error),
      backOff: { initialMs: 100, maxMs: 5000 },
    });
    this.binding = this.#intake.binding(
      () => this.#cancel(),
      async () => {
        await this.#sessions.close();
        await this.#deadLetters.close();
        reporter.end();
      },
    );
  }

  /** Resolves when the broker has its consumers. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    for (const notice of this.#topology.notices) this.#context.log.warn(notice);
    await this.#sessions.get();
  }

  get degraded(): string | undefined {
    return this.#intake.degraded;
  }

  // from the intake

  ack(delivery: RabbitDelivery): void {
    this.#settle(delivery, 'ack');
  }

  requeue(delivery: RabbitDelivery): void {
    this.#settle(delivery, 'requeue');
  }

  async deadLetter(delivery: RabbitDelivery, reason: Error): Promise<void> {
    const { deadLetters } = delivery.origin.queue;
    if (deadLetters?.by === 'publishing') {
      await this.#deadLetters.publish(delivery, deadLetters, reason);
      this.#settle(delivery, 'ack');
    } else {
      this.#settle(delivery, 'reject');
    }
  }

  #settle(delivery: RabbitDelivery, outcome: Outcome): void {
    const told = delivery.settle(outcome);
    // without acknowledgements the broker has forgotten it
    if (told === undefined || this.#noAck) return;
    const { channel, acks } = delivery.origin;
    const { deliveryTag } = delivery.native.fields;
    if (told === 'ack') {
      acks.ack(deliveryTag);
    } else {
      acks.settled(deliveryTag);
      channel.nack(deliveryTag, told === 'requeue');
    }
  }

  async #connect(): Promise<Session> {
    const connection = await this.#connections.consuming.get();
    await this.#declare(connection);
    const channel = await RabbitChannel.open(connection);
    try {
      return await this.#consume(channel);
    } catch (error) {
      await channel.close();
      if (replyCode(error) === undefined) throw error;
      const where = whereIs(this.#source.binding, this.#context);
      throw consumerRefused(asError(error), where) ?? channelClosed(asError(error), connection.address);
    }
  }

  async #declare(connection: RabbitConnection): Promise<void> {
    const { declarations } = this.#topology;
    const { provision, binding } = this.#source;
    const where = whereIs(binding, this.#context);
    const open = (): Promise<RabbitChannel> => RabbitChannel.open(connection);
    if (this.#everUp) {
      for (const name of await declareAgain(open, declarations, provision, where)) {
        this.#sink.fault(
          new StreambindError('DESTINATION_RESET', `The queue "${name}" was gone and is made anew.`, {
            where,
            fix: 'It was deleted, or the broker came back without its data: messages that were in it are lost.',
          }),
        );
      }
    } else {
      for (const line of await declare(open, declarations, provision, where)) this.#context.log.warn(line);
    }
  }

  async #consume(channel: RabbitChannel): Promise<Session> {
    const { concurrency, options, prefetch } = this.#source;
    const { queues } = this.#topology;
    const acks = new Acks(channel);
    const tags: string[] = [];
    const session: Session = { channel, acks, tags };
    const { lost } = channel;
    lost.addEventListener('abort', () => this.#sessions.lost(lost.reason as StreambindError, session), { once: true });
    if (lost.aborted) throw lost.reason as StreambindError;
    // several consumers on one channel keep the order of their queue; each has the prefetch for itself, as in Spring
    // nobody may consume beside an exclusive one, not even the same channel
    const consumers = options.exclusive ? 1 : concurrency;
    const each = options.prefetch ?? Math.max(1, Math.floor(prefetch / concurrency));
    await channel.amqp.prefetch(Math.min(65_535, each * (concurrency / consumers)));
    for (const queue of queues) {
      const origin: Origin = { channel, acks, queue, filter: this.#filter };
      for (let n = 0; n < consumers; n++) {
        const tag = options.consumerTagPrefix === undefined ? undefined : `${options.consumerTagPrefix}#${tags.length}`;
        const { consumerTag } = await channel.amqp.consume(
          queue.name,
          (message) => {
            if (message) this.#deliver(origin, message as unknown as RawMessage);
            else this.#cancelled(session, queue);
          },
          {
            noAck: this.#noAck,
            exclusive: options.exclusive,
            ...(tag === undefined ? {} : { consumerTag: tag }),
            ...(options.consumerPriority < 0
              ? {}
              : { arguments: { 'x-priority': { '!': 'int', value: options.consumerPriority } } }),
          },
        );
        tags.push(consumerTag);
      }
    }
    this.#everUp = true;
    return session;
  }

  #deliver(origin: Origin, message: RawMessage): void {
    this.#intake.offerAll(RabbitDelivery.of(origin, message));
  }

  /** The broker ended a consumer: its queue was deleted, or moved. */
  #cancelled(session: Session, { name }: ConsumedQueue): void {
    const error = new StreambindError('DESTINATION_GONE', `RabbitMQ ended the consumer of the queue "${name}".`, {
      where: this.#source.binding,
      fix: 'The queue was deleted, or its node went away; it is declared again.',
    });
    this.#sessions.lost(error, session);
  }

  async #cancel(): Promise<void> {
    const session = this.#sessions.current;
    if (!session) return;
    const { channel, tags } = session;
    // what fails here fails because the channel is gone, and its consumers with it
    await Promise.all(tags.map((tag) => channel.amqp.cancel(tag))).catch(() => undefined);
  }
}

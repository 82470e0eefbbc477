/** One output: its exchange, what it sends, and what it makes of messages that no queue takes. */
import {
  StreambindError,
  type BinderContext,
  type FlushReport,
  type ProducerBinding,
  type ProducerTarget,
  type Supervisor,
  type Trouble,
  type WireRecord,
} from '@streambind/core/binder';
import { Batcher } from './batcher.js';
import { RabbitChannel, type ReturnedMessage } from '../client/channel.js';
import type { RabbitConnection } from '../client/connection.js';
import { isPermanent } from '../client/errors.js';
import { declare } from '../topology/declare.js';
import type { RabbitOptions, RabbitProducerOptions } from '../options/options.js';
import { Publisher } from './publisher.js';
import { encoder } from '../records/outbound.js';
import { lossNotices, producerTopology } from '../topology/topology.js';
import { whereIs } from '../client/settings.js';

/** What goes in one message. */
type Records = readonly [WireRecord, ...WireRecord[]];

export class RabbitProducer implements ProducerBinding {
  readonly partitionCount: number | undefined;
  readonly #target: ProducerTarget<RabbitProducerOptions>;
  readonly #publisher: Publisher<Records>;
  readonly #log: BinderContext['log'];
  readonly #where: string;
  readonly #mandatory: boolean;
  readonly #batcher: Batcher | undefined;
  #unroutable = 0;

  constructor(
    target: ProducerTarget<RabbitProducerOptions>,
    options: RabbitOptions,
    connections: Supervisor<RabbitConnection>,
    trouble: Trouble,
    context: Pick<BinderContext, 'log' | 'origin'>,
  ) {
    const { log } = context;
    const { binding, destination, provision } = target;
    const { declarations, exchange, routingKey } = producerTopology(target);
    this.partitionCount = target.partitionCount;
    this.#target = target;
    this.#log = log;
    this.#where = whereIs(binding, context);
    if (target.requiredGroups.length > 0) for (const notice of lossNotices(binding, target.options)) log.warn(notice);
    this.#mandatory = target.options.mandatory ?? options['template.mandatory'] ?? options.publisherReturns;
    const encode = encoder({ exchange, routingKey }, { ...target.options, compressionLevel: options.compressionLevel });
    this.#publisher = new Publisher<Records>({
      name: binding,
      connections,
      prepare: async (connection) => {
        const lines = await declare(() => RabbitChannel.open(connection), declarations, provision, this.#where);
        for (const line of lines) log.warn(line);
      },
      encode: (records) => encode(...records),
      unroutable: (message) => this.#unroutableMessage(message, destination),
      reporter: trouble.reporter(),
      permanent: isPermanent,
    });
    if (target.options.batchingEnabled) {
      this.#batcher = new Batcher(target.options, (records) => this.#publisher.send(records));
    }
  }

  /** Messages that were confirmed although no queue took them. */
  get unroutable(): number {
    return this.#unroutable;
  }

  get binding(): string {
    return this.#target.binding;
  }

  /** Resolves when messages can be sent. @throws what cannot be cured by trying again, CLOSED */
  open(): Promise<void> {
    return this.#publisher.open();
  }

  send(record: WireRecord): Promise<void> {
    return this.#batcher ? this.#batcher.add(record) : this.#publisher.send([record]);
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    this.#batcher?.flush();
    return this.#publisher.close(deadlineMs);
  }

  #unroutableMessage(
    { fields: { exchange, routingKey } }: ReturnedMessage,
    destination: string,
  ): StreambindError | undefined {
    this.#unroutable++;
    const told = `No queue takes messages that are sent to the exchange "${exchange}" with the key "${routingKey}"`;
    if (this.#mandatory) {
      return new StreambindError('UNROUTABLE', `${told}.`, {
        where: this.#where,
        fix: 'Start a consumer with a group first, name it in producer.required-groups, or set mandatory: false.',
      });
    }
    if (this.#unroutable === 1) {
      this.#log.warn(
        `${told}; they are lost, as in Spring. They are counted from here on; required-groups keeps messages of ${destination} for groups that come later, and mandatory: true makes such a send fail.`,
      );
    }
    return undefined;
  }
}

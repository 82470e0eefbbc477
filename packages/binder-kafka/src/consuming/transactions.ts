/**
 * What handlers of one partition sent, their dead letters and the offsets of their messages, committed together. Messages
 * that were settled meanwhile share the next transaction. Its id belongs to group, topic and partition, so that a new
 * owner of the partition ends what an earlier one left open, and the earlier one can commit nothing any more.
 */
import { asError } from '@streambind/core/binder';
import { KafkaTrouble } from '../client/errors.js';
import type { KafkaProducer, OutgoingRecord } from '../client/port.js';
import type { KafkaDelivery } from './delivery.js';
import type { Lane } from './lane.js';

export interface TransactionsOptions {
  readonly group: string;
  /** A producer with this transactional id, once no other one can commit with it. */
  open(transactionalId: string): Promise<KafkaProducer>;
  readonly prefix: string;
  /** The lane cannot commit any more: it has to be read again from where the group is. */
  failed(lane: Lane, error: Error): void;
}

interface Settled {
  readonly records: readonly OutgoingRecord[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The transactions of one lane, one after the other. */
export class LaneTransactions {
  readonly #lane: Lane;
  readonly #options: TransactionsOptions;
  readonly #producer: Promise<KafkaProducer>;
  #waiting: Settled[] = [];
  #running: Promise<void> | undefined;
  #failed: Error | undefined;

  constructor(lane: Lane, options: TransactionsOptions) {
    this.#lane = lane;
    this.#options = options;
    const { topic, partition } = lane.origin;
    this.#producer = options.open(`${options.prefix}${options.group}.${topic}.${partition}`);
    this.#producer.catch(() => undefined);
    lane.lost.addEventListener('abort', () => void this.close(), { once: true });
  }

  /** Resolves when what others have begun for the partition is over, and they cannot commit anything more. */
  async ready(): Promise<void> {
    await this.#producer;
  }

  /** Resolves when the delivery is committed, with these records and every one before it. */
  settle(delivery: KafkaDelivery, records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#lane.settle(delivery);
      this.#waiting.push({ records, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#failed ??= new KafkaTrouble('fenced', 'the partition is not ours any more');
    const producer = await this.#producer.catch(() => undefined);
    await producer?.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    // what is settled in this turn is committed together
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const settled = this.#waiting;
      this.#waiting = [];
      // what is settled from now on moves it, and is in the next one
      const offset = this.#lane.position;
      try {
        await this.#commit(
          settled.flatMap(({ records }) => records),
          offset,
        );
        for (const { resolve } of settled) resolve();
      } catch (error) {
        const failure = asError(error);
        this.#failed ??= failure;
        for (const { reject } of [...settled, ...this.#waiting]) reject(failure);
        this.#waiting = [];
        if (!this.#lane.lost.aborted) this.#options.failed(this.#lane, failure);
      }
    }
    this.#running = undefined;
  }

  async #commit(records: readonly OutgoingRecord[], offset: bigint | undefined): Promise<void> {
    const { group } = this.#options;
    const { topic, partition } = this.#lane.origin;
    const producer = await this.#producer;
    const transaction = await producer.begin();
    try {
      if (records.length > 0) await transaction.send(records);
      if (offset !== undefined) await transaction.sendOffsets(group, [{ topic, partition, offset }]);
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
  }
}

/**
 * One partition while it is ours: what was read of it and is not settled, up to where everything is done, and how much
 * may wait before reading has to stop.
 */
import { Fifo } from '@streambind/core/binder';
import type { IncomingRecord, TopicPartition } from '../client/port.js';
import type { Origin } from '../records/inbound.js';
import { KafkaDelivery } from './delivery.js';

export class Lane {
  readonly name: string;
  readonly origin: Origin;
  /** What handlers send is committed with their messages. */
  readonly transactional: boolean;
  /** The partition is not read because of what waits here, until no more than `enough` does. */
  paused = false;
  enough = 0;
  readonly #ownership = new AbortController();
  /** In the order of their offsets, the first one not done. */
  readonly #open = new Fifo<KafkaDelivery>();
  #next: bigint | undefined;
  #done: bigint | undefined;
  /** The offset of the last record of the done ones, as digits: arithmetic is for commits. */
  #lastDone: string | undefined;
  /** Read, and not handed out yet. */
  readonly #queue = new Fifo<IncomingRecord>();
  #handedOut = 0;
  #waiting: { readonly below: number; readonly resolve: () => void } | undefined;

  constructor(origin: Origin, transactional: boolean) {
    this.origin = origin;
    this.name = laneName(origin);
    this.transactional = transactional;
  }

  /** Before anything was taken. Otherwise it starts where the group has committed. */
  startAt(offset: bigint): void {
    this.#next = offset;
    this.#done = offset;
  }

  /** Fires when the partition is not ours any more. */
  get lost(): AbortSignal {
    return this.#ownership.signal;
  }

  /** The offset to read next, once it is known. */
  get next(): bigint | undefined {
    return this.#next;
  }

  /** Records that were read and are not settled. */
  get unsettled(): number {
    return this.#handedOut + this.#queue.size;
  }

  /** Everything before this offset is done; what is to be committed. */
  get position(): bigint | undefined {
    if (this.#lastDone !== undefined) {
      this.#done = BigInt(this.#lastDone) + 1n;
      this.#lastDone = undefined;
    }
    return this.#done;
  }

  take(records: readonly IncomingRecord[]): void {
    for (const record of records) this.#queue.push(record);
    const last = records.at(-1);
    if (last) this.#next = BigInt(last.offset) + 1n;
  }

  /** What may be handed out now: up to `most` at a time, and more only when fewer than `least` are left. */
  draw(least: number, most: number): KafkaDelivery[] {
    const deliveries: KafkaDelivery[] = [];
    if (this.#queue.size === 0 || this.#handedOut >= least) return deliveries;
    for (let room = Math.min(most - this.#handedOut, this.#queue.size); room > 0; room--) {
      const delivery = new KafkaDelivery(this.#queue.shift()!, this);
      this.#open.push(delivery);
      deliveries.push(delivery);
    }
    this.#handedOut += deliveries.length;
    return deliveries;
  }

  /** @returns whether the position has moved, which it does when nothing before is open */
  settle(delivery: KafkaDelivery): boolean {
    delivery.done = true;
    this.#handedOut--;
    if (this.#waiting && this.unsettled <= this.#waiting.below) this.release();
    let moved = false;
    for (let first = this.#open.peek(); first?.done; first = this.#open.peek()) {
      this.#lastDone = first.native.offset;
      this.#open.shift();
      moved = true;
    }
    return moved;
  }

  /** Resolves when no more than `below` are unsettled, after `ms`, or when it is lost or released. */
  async shrink(below: number, ms: number): Promise<void> {
    if (this.unsettled <= below || this.lost.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting = { below, resolve };
      if (ms !== Infinity) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
  }

  /** Ends a `shrink`. */
  release(): void {
    this.#waiting?.resolve();
  }

  lose(): void {
    this.#ownership.abort();
    this.release();
  }
}

export const laneName = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** One input: its streams, each with a reader of its own, and what becomes of the deliveries. */
import {
  Intake,
  headerFilter,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type Settler,
  type Supervisor,
  type Trouble,
} from '@streambind/core/binder';
import type { DirectConnection } from '../client/direct.js';
import type { RedisConnection } from '../client/connection.js';
import { commandFailed, isStale } from '../client/errors.js';
import type { RedisConsumerOptions, RedisOptions } from '../options/options.js';
import { deadLetterFields } from '../records/dead-letter.js';
import { deadLetterStream, partitionsKey, streamOf } from '../streams/names.js';
import { BroadcastReader } from './broadcast-reader.js';
import type { RedisDelivery } from './delivery.js';
import { GroupReader, type ReaderOptions } from './group-reader.js';

type Reader = GroupReader | BroadcastReader;

/** Milliseconds between two looks for partitions that a destination did not have. */
const LOOK_EVERY_MS = 2000;

export interface ConsumerOptions {
  readonly source: ConsumerSource<RedisConsumerOptions>;
  readonly sink: ConsumerSink;
  readonly links: Supervisor<RedisConnection>;
  /** A connection for blocking reads. */
  readonly connect: (blockMs: number, signal: AbortSignal) => Promise<DirectConnection>;
  readonly capabilities: Capabilities;
  readonly binder: RedisOptions;
  readonly trouble: Trouble;
}

export class RedisConsumer implements Settler<RedisDelivery> {
  readonly binding: ConsumerBinding;
  readonly #options: ConsumerOptions;
  readonly #intake: Intake<RedisDelivery>;
  /** By stream. */
  readonly #readers = new Map<string, Reader>();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: ConsumerOptions) {
    const { source, sink, capabilities } = options;
    this.#options = options;
    this.#intake = new Intake({ source, sink, settler: this, capabilities });
    this.binding = this.#intake.binding(
      async () => {
        clearInterval(this.#looking);
        await Promise.all([...this.#readers.values()].map((reader) => reader.stop()));
      },
      async () => {
        await Promise.all([...this.#readers.values()].map((reader) => reader.leave()));
      },
    );
  }

  /** Resolves when every stream is read. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    const { destinations, partitioning, startFrom = 'latest' } = this.#options.source;
    for (const destination of destinations) {
      // whoever has the first partition also has what is sent without one
      const streams =
        partitioning?.mine.map((index) => streamOf(destination, index)) ?? (await this.#partitionsOf(destination));
      if (!partitioning || partitioning.mine.includes(0)) streams.push(streamOf(destination));
      for (const stream of streams) this.#reader(stream, destination, startFrom);
    }
    await Promise.all([...this.#readers.values()].map((reader) => reader.open()));
    if (!partitioning) this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Why messages pile up here, if they do. */
  get degraded(): string | undefined {
    for (const { stream, trouble } of this.#readers.values()) {
      if (trouble) return `${stream} is not read: ${trouble.message.split('\n', 1)[0]}`;
    }
    return this.#intake.degraded;
  }

  // from the intake

  ack(delivery: RedisDelivery): void {
    delivery.origin.ack(delivery.id);
  }

  failed(delivery: RedisDelivery): void {
    delivery.failures++;
  }

  async deadLetter(delivery: RedisDelivery, reason: Error): Promise<void> {
    const { links, source } = this.#options;
    const { id, lane, fields, attempts } = delivery;
    const group = source.group ?? '';
    const stream = source.options.dlqName ?? deadLetterStream(delivery.origin.destination, group);
    const letter = deadLetterFields(fields, { stream: lane, id, group, reason, attempts });
    const connection = await links.get();
    try {
      await connection.client.xadd(stream, '*', ...letter);
    } catch (error) {
      if (isStale(error)) connection.fail(error);
      throw commandFailed(error, `a dead letter for ${stream}`, connection.target);
    }
    delivery.origin.ack(id);
  }

  #reader(stream: string, destination: string, startFrom: 'earliest' | 'latest'): Reader {
    const { source, sink, links, connect, binder, trouble } = this.#options;
    const { group, options, provision, ordered, partitioning } = source;
    const common: ReaderOptions = {
      destination,
      links,
      connect: (signal) => connect(options.block, signal),
      intake: this.#intake,
      share: () => Math.max(1, Math.floor(source.prefetch / this.#readers.size)),
      batchSize: options.batchSize ?? Infinity,
      blockMs: options.block,
      leaseMs: binder.lease,
      filter: headerFilter(options.headerPatterns),
      reporter: () => trouble.reporter(),
      fault: (error) => sink.fault(error),
    };
    const reader =
      group === undefined
        ? new BroadcastReader(stream, { ...common, startFrom })
        : new GroupReader(stream, {
            ...common,
            group,
            startFrom,
            provision,
            ordered,
            indexed: partitioning !== undefined,
            trim: binder.trim ? { keepMs: binder.keep } : undefined,
          });
    this.#readers.set(stream, reader);
    return reader;
  }

  /** The streams of the partitions that a destination is known to have. */
  async #partitionsOf(destination: string): Promise<string[]> {
    for (;;) {
      const connection = await this.#options.links.get();
      try {
        const count = Number((await connection.client.get(partitionsKey(destination))) ?? 0);
        return Array.from({ length: count }, (_, index) => streamOf(destination, index));
      } catch (error) {
        if (!connection.lost.aborted)
          throw commandFailed(error, `GET ${partitionsKey(destination)}`, connection.target);
      }
    }
  }

  /** Nobody read those that are new: all that is in them counts. */
  async #look(): Promise<void> {
    const { source, links, sink } = this.#options;
    if (!links.current) return;
    try {
      for (const destination of source.destinations) {
        for (const stream of await this.#partitionsOf(destination)) {
          if (this.#readers.has(stream) || this.#intake.closed) continue;
          await this.#reader(stream, destination, 'earliest').open();
        }
      }
    } catch (error) {
      if (!this.#intake.closed) sink.fault(error as Error);
    }
  }
}

/** One output: what is sent in one turn of the event loop, or while an earlier request runs, goes out in one pipeline. */
import {
  StreambindError,
  gather,
  headerFilter,
  type FlushReport,
  type Gathering,
  type HeaderFilter,
  type ProducerBinding,
  type ProducerTarget,
  type Supervisor,
  type WireRecord,
} from '@streambind/core/binder';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'ioredis';
import type { RedisConnection } from '../client/connection.js';
import type { DirectConnection } from '../client/direct.js';
import { commandFailed, connectionLost, isStale, publishFailed } from '../client/errors.js';
import type { RedisProducerOptions } from '../options/options.js';
import { encodeFields, type Encoded } from '../records/entry.js';
import { join } from '../streams/groups.js';
import { partitionsKey, streamOf } from '../streams/names.js';

/** Bytes. Redis takes more, and serves nobody else meanwhile. */
export const MAX_PAYLOAD = 16 * 1024 * 1024;

/** Of one pipeline. */
const MOST_ENTRIES = 1000;
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Milliseconds for which entries wait while Redis is full, before they are refused: shorter than the usual send-timeout,
 * so that the sender is told what is known, and long enough for consumers to catch up.
 */
const FULL_PATIENCE_MS = 20_000;
/** Milliseconds between two tries on one connection. */
const PAUSE_MS = 200;

interface Outgoing {
  readonly stream: string;
  readonly fields: Encoded;
  readonly bytes: number;
}

export interface Publishing {
  readonly links: Supervisor<RedisConnection>;
  /** For entries alone. */
  readonly connections: Supervisor<DirectConnection>;
  /** Told whether Redis takes messages. */
  readonly full: (error: StreambindError | undefined) => void;
}

export class RedisProducer implements ProducerBinding {
  readonly partitionCount: number | undefined;
  readonly #target: ProducerTarget<RedisProducerOptions>;
  readonly #publishing: Publishing;
  readonly #filter: HeaderFilter | undefined;
  readonly #limit: readonly string[];
  readonly #gathering: Gathering<Outgoing>;
  /** Since when Redis has been full. */
  #fullSince: number | undefined;
  #closing = false;

  constructor(target: ProducerTarget<RedisProducerOptions>, publishing: Publishing) {
    const { maxLength, headerPatterns } = target.options;
    this.#target = target;
    this.#publishing = publishing;
    this.partitionCount = target.partitionCount;
    this.#filter = headerFilter(headerPatterns);
    this.#limit = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)];
    this.#gathering = gather({
      flush: (entries) => this.#flush(entries),
      maxCount: MOST_ENTRIES,
      maxBytes: MOST_BYTES,
      size: ({ bytes }) => bytes,
    });
  }

  /** Resolves when messages can be sent. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    for (;;) {
      const connection = await this.#publishing.links.get();
      try {
        await this.#provision(connection);
        break;
      } catch (error) {
        if (isStale((error as Error).cause)) connection.fail(error);
        if (!connection.lost.aborted) throw error;
      }
    }
    await this.#publishing.connections.get();
  }

  send(record: WireRecord): Promise<void> {
    const { destination } = this.#target;
    const bytes = record.payload?.byteLength ?? 0;
    if (bytes > MAX_PAYLOAD) {
      return Promise.reject(
        new StreambindError('PAYLOAD_TOO_LARGE', `A payload for ${destination} is too large.`, {
          given: `${bytes} bytes`,
          allowed: `${MAX_PAYLOAD} bytes`,
        }),
      );
    }
    const fields = encodeFields(record, this.#filter);
    return this.#gathering.send({ stream: streamOf(destination, record.partition), fields, bytes });
  }

  async close(deadlineMs?: number): Promise<FlushReport> {
    try {
      return await this.#gathering.close(deadlineMs);
    } finally {
      this.#closing = true;
    }
  }

  async #provision(connection: RedisConnection): Promise<void> {
    const { destination, partitionCount, requiredGroups, provision } = this.#target;
    const { client, target } = connection;
    const streams =
      partitionCount === undefined
        ? [streamOf(destination)]
        : Array.from({ length: partitionCount }, (_, index) => streamOf(destination, index));
    for (const group of requiredGroups) {
      for (const stream of streams) await join(connection, stream, group, 'earliest', provision);
    }
    if (partitionCount === undefined || provision !== 'create') return;
    const key = partitionsKey(destination);
    try {
      const known = Number((await client.get(key)) ?? 0);
      if (partitionCount > known) await client.set(key, partitionCount);
    } catch (error) {
      throw commandFailed(error, `SET ${key}`, target);
    }
  }

  /** What Redis certainly has not taken is sent again: on the next connection, or when it may have room. */
  async #flush(entries: readonly Outgoing[]): Promise<readonly (Error | undefined)[]> {
    const { connections } = this.#publishing;
    const outcomes: (StreambindError | undefined)[] = entries.map(() => undefined);
    let rest = [...entries.keys()];
    while (rest.length > 0) {
      const connection = await connections.get();
      const { target } = connection;
      const results = await this.#add(
        connection,
        rest.map((index) => entries[index]!),
      );
      const failures = results.map((error, at) =>
        error ? publishFailed(error, entries[rest[at]!]!.stream, target) : undefined,
      );
      const full = this.#waits(failures.find((failure) => failure?.code === 'BROKER_FULL'));
      const again: number[] = [];
      for (const [at, index] of rest.entries()) {
        const failure = failures[at];
        if (!failure) continue;
        const away = failure.code === 'BROKER_UNAVAILABLE';
        // of a cluster the other nodes may be well
        if (away && !connection.cluster) connection.fail(results[at]);
        if ((away && !this.#closing) || (full && failure.code === 'BROKER_FULL')) again.push(index);
        else outcomes[index] = failure;
      }
      rest = again;
      if (rest.length > 0 && !connection.lost.aborted) await sleep(PAUSE_MS);
    }
    return outcomes;
  }

  /** Whether what Redis had no room for is tried again. */
  #waits(full: StreambindError | undefined): boolean {
    this.#publishing.full(full);
    if (!full) {
      this.#fullSince = undefined;
      return false;
    }
    this.#fullSince ??= performance.now();
    return !this.#closing && performance.now() - this.#fullSince < FULL_PATIENCE_MS;
  }

  async #add(connection: DirectConnection, entries: readonly Outgoing[]): Promise<readonly (Error | undefined)[]> {
    const { cluster, target } = connection;
    const commands = entries.map(({ stream, fields }) => ['XADD', stream, ...this.#limit, '*', ...fields] as const);
    if (!cluster) {
      const replies = await connection.exchange(commands).catch((error: Error) => commands.map(() => error));
      return replies.map((reply) => (reply instanceof Error ? reply : undefined));
    }
    // of a cluster each stream may have another node
    const sends = commands.map(([name, ...args]) => new Sending(name, args));
    const results = await Promise.allSettled(sends.map((each) => cluster.sendCommand(each)));
    return results.map((result, at) => {
      if (result.status === 'fulfilled') return undefined;
      return sends[at]!.written ? (result.reason as Error) : connectionLost(result.reason, target);
    });
  }
}

/** Knows whether it was ever written: a cluster says of what waits for a node that is away no more than that it failed. */
class Sending extends Command {
  written = false;

  override toWritable(socket: object): string | Buffer {
    this.written = true;
    return super.toWritable(socket);
  }
}

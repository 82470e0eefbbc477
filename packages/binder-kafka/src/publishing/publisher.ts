/**
 * Sending records so that what is confirmed is stored, once, and in the order of the calls. What is sent while a request
 * is out goes with the next one. A request whose fate is not known is sent again as it was, which an idempotent producer
 * may; a refused one is taken apart, so that one record does not fail its neighbours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  StreambindError,
  Supervisor,
  asError,
  gather,
  type FlushReport,
  type Gathering,
  type Reporter,
} from '@streambind/core/binder';
import { KafkaTrouble, type TroubleKind } from '../client/errors.js';
import type { KafkaProducer, OutgoingRecord } from '../client/port.js';
import { bytesOf } from './size.js';

/** Records of one request. */
const MOST_RECORDS = 10_000;
/** A request that is out so long, in milliseconds, is trouble that health tells of, whatever becomes of it. */
const SLOW_MS = 5000;
/** What another try cures. */
const PASSING: ReadonlySet<TroubleKind> = new Set(['unavailable', 'unknown']);
/** Milliseconds between tries of the same request. */
const BACK_OFF = { initialMs: 100, maxMs: 2000 };

export interface PublisherOptions {
  /** For errors: the binding. */
  readonly name: string;
  /** A connected producer; what it sends to exists. */
  open(): Promise<KafkaProducer>;
  /** What is sent to is not there: makes it again, or rejects. Absent: the record is refused. */
  provision?(): Promise<void>;
  /** Bytes of one request that the broker takes, and so of a record, once `open` has resolved. */
  maxBytes(): number;
  /** Records are compressed, so that larger ones may fit. */
  readonly compressed: boolean;
  readonly reporter: Reporter;
  permanent(error: Error): boolean;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #producers: Supervisor<KafkaProducer>;
  readonly #stop = new AbortController();
  #gathering: Gathering<OutgoingRecord> | undefined;
  #closed: Promise<FlushReport> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { reporter } = options;
    this.#producers = new Supervisor<KafkaProducer>({
      connect: () => options.open(),
      dispose: (producer) => producer.close(),
      report: (error, nextTryMs) => reporter.report(error, nextTryMs),
      recovered: () => reporter.recovered(),
      permanent: (error) => options.permanent(error),
      backOff: { initialMs: 200, maxMs: 5000 },
    });
  }

  /** Resolves when records can be sent. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    await this.#producers.get();
    this.#gathering ??= gather<OutgoingRecord>({
      flush: (records) => this.#flush(records),
      maxCount: MOST_RECORDS,
      maxBytes: this.#options.maxBytes(),
      size: bytesOf,
    });
  }

  /** Only once it is open. @throws PAYLOAD_TOO_LARGE, PUBLISH_REFUSED, PUBLISH_UNKNOWN, CLOSED */
  send(record: OutgoingRecord): Promise<void> {
    this.requireFits(record);
    return this.#gathering!.send(record);
  }

  /** @throws PAYLOAD_TOO_LARGE */
  requireFits(record: OutgoingRecord): void {
    const { compressed, name } = this.#options;
    const most = this.#options.maxBytes();
    if (!compressed && bytesOf(record) > most) throw tooLarge(name, bytesOf(record), most);
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    return (this.#closed ??= this.#close(deadlineMs));
  }

  async #close(deadlineMs: number | undefined): Promise<FlushReport> {
    const report = (await this.#gathering?.close(deadlineMs)) ?? { confirmed: 0, unconfirmed: 0 };
    this.#stop.abort();
    await this.#producers.close();
    this.#options.reporter.end();
    return report;
  }

  async #flush(records: readonly OutgoingRecord[]): Promise<readonly (Error | undefined)[] | void> {
    try {
      await this.#send(records);
      return;
    } catch (error) {
      if (!(error instanceof KafkaTrouble) || records.length === 1) throw this.#told(error, records);
    }
    // the broker does not say which one it refuses
    const outcomes: (Error | undefined)[] = [];
    for (const record of records) {
      outcomes.push(
        await this.#send([record]).then(
          () => undefined,
          (error: unknown) => this.#told(error, [record]),
        ),
      );
    }
    return outcomes;
  }

  /** @throws KafkaTrouble the request was refused; PUBLISH_UNKNOWN */
  async #send(records: readonly OutgoingRecord[]): Promise<void> {
    const { name, reporter } = this.#options;
    for (let waitMs = BACK_OFF.initialMs; ; waitMs = Math.min(waitMs * 2, BACK_OFF.maxMs)) {
      const producer = await this.#producers.get();
      const slow = setTimeout(() => reporter.report(unanswered(name), SLOW_MS), SLOW_MS);
      try {
        await producer.send(records);
        reporter.recovered();
        return;
      } catch (error) {
        if (!(error instanceof KafkaTrouble)) throw error;
        const { kind } = error;
        const passes = kind === 'missing' ? await this.#provisionAgain(waitMs) : PASSING.has(kind);
        if (!passes) {
          // what comes next must not be taken for what this one has numbered already
          this.#producers.lost(error, producer);
          if (kind === 'fenced') throw unknown(name, error);
          throw error;
        }
        reporter.report(error, waitMs);
        await this.#wait(waitMs, error);
      } finally {
        clearTimeout(slow);
      }
    }
  }

  /** @returns whether there is any use in another try */
  async #provisionAgain(waitMs: number): Promise<boolean> {
    const options = this.#options;
    if (!options.provision) return false;
    try {
      await options.provision();
    } catch (error) {
      if (options.permanent(asError(error))) return false;
      options.reporter.report(asError(error), waitMs);
    }
    return true;
  }

  async #wait(ms: number, cause: Error): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stop.signal });
    } catch {
      throw unknown(this.#options.name, cause);
    }
  }

  #told(error: unknown, records: readonly OutgoingRecord[]): Error {
    if (!(error instanceof KafkaTrouble)) return asError(error);
    const { name } = this.#options;
    if (error.kind === 'too-large') return tooLarge(name, bytesOf(records[0]!), this.#options.maxBytes(), error);
    const given = `a record for the topic ${records[0]!.topic}`;
    return new StreambindError(
      'PUBLISH_REFUSED',
      `Kafka refused a record: ${error.message}`,
      { where: name, given },
      error,
    );
  }
}

const unanswered = (name: string): KafkaTrouble =>
  new KafkaTrouble('unavailable', `Kafka has not confirmed a request of the binding ${name} for ${SLOW_MS / 1000} s`);

const unknown = (name: string, cause: Error): StreambindError =>
  new StreambindError(
    'PUBLISH_UNKNOWN',
    `Nobody knows whether Kafka has the record: ${cause.message}`,
    { where: name },
    cause,
  );

const tooLarge = (name: string, bytes: number, most: number, cause?: Error): StreambindError =>
  new StreambindError(
    'PAYLOAD_TOO_LARGE',
    'A record is larger than the topic takes.',
    {
      where: name,
      given: `${bytes} bytes with key and headers`,
      allowed: `${most} bytes (max.message.bytes of the topic, less what a request needs)`,
    },
    cause,
  );

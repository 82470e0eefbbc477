/**
 * Reads one stream on a connection of its own, because a read that blocks holds up everything behind it, for as long as
 * there is room; and beats beside it on the shared one. A read that does not come back in time is given up with its
 * connection: what its answer would have brought is found when the next connection catches up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor, asError, type Reporter } from '@streambind/core/binder';
import type { DirectConnection } from '../client/direct.js';
import { MOST_BETWEEN_TRIES_MS, type RedisConnection } from '../client/connection.js';
import type { Batch } from './delivery.js';
import { commandFailed, isPermanent, isStale, replyCode } from '../client/errors.js';

/** Milliseconds between two attempts to make anew what is gone. */
const HEAL_EVERY_MS = 1000;

/** The stream, or the group. Commands that are not for groups alone say it in words. */
const isGone = (error: unknown): boolean =>
  ['NOGROUP', 'UNBLOCKED'].includes(replyCode(error) ?? '') || /no such key/.test(asError(error).message);

export interface ReadLoopOptions {
  readonly stream: string;
  readonly links: Supervisor<RedisConnection>;
  /** A connection for blocking reads. */
  readonly connect: (signal: AbortSignal) => Promise<DirectConnection>;
  /** Before each new connection, on the shared one: groups, a place to start. */
  readonly prepare: (link: RedisConnection) => Promise<void>;
  /** How many entries to read now, once some may be; 0 to be asked again. */
  readonly room: () => Promise<number>;
  readonly read: (connection: DirectConnection, count: number) => Promise<Batch>;
  readonly offer: (batch: Batch, connection: DirectConnection) => void | Promise<void>;
  /** A sign of life. */
  readonly beat: (link: RedisConnection) => Promise<void>;
  readonly beatMs: number;
  readonly reporter: Reporter;
  readonly fault: (error: Error) => void;
}

export class ReadLoop {
  readonly #options: ReadLoopOptions;
  readonly #sessions: Supervisor<DirectConnection>;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #beating = false;
  #everUp = false;
  #healedAt = -Infinity;
  #trouble: Error | undefined;

  constructor(options: ReadLoopOptions) {
    this.#options = options;
    const { reporter } = options;
    this.#sessions = new Supervisor<DirectConnection>({
      connect: (signal) => this.#connect(signal),
      dispose: (connection) => connection.close(),
      report: (error, nextTryMs) => {
        this.#trouble = error;
        reporter.report(error, nextTryMs);
      },
      recovered: () => {
        this.#trouble = undefined;
        reporter.recovered();
      },
      // once it worked, what is refused may be allowed again
      permanent: (error) => !this.#everUp && isPermanent(error),
      backOff: { initialMs: 100, maxMs: MOST_BETWEEN_TRIES_MS },
    });
  }

  /** Why it does not read now. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Resolves when it reads. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    await this.#sessions.get();
    this.#timer = setInterval(() => void this.#beat(), this.#options.beatMs).unref();
    this.#running = this.#run();
  }

  /** Reads no more; resolves when nothing more will be offered. It still beats. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sessions.close();
    await this.#running;
  }

  /** After `stop`. */
  end(): void {
    clearInterval(this.#timer);
    this.#options.reporter.end();
  }

  async #connect(signal: AbortSignal): Promise<DirectConnection> {
    const { links, connect, prepare } = this.#options;
    const link = await links.get();
    try {
      await prepare(link);
    } catch (error) {
      if (isStale(error) || isStale(asError(error).cause)) link.fail(error);
      throw error;
    }
    const connection = await connect(signal);
    const { lost } = connection;
    lost.addEventListener('abort', () => this.#sessions.lost(lost.reason as Error, connection), { once: true });
    this.#everUp = true;
    return connection;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let connection: DirectConnection | undefined;
      try {
        connection = await this.#sessions.get();
        await this.#readOn(connection);
      } catch (error) {
        if (signal.aborted) return;
        if (connection && !(await this.#healed(error))) {
          const what = `to read ${this.#options.stream}`;
          this.#sessions.lost(commandFailed(error, what, connection.target), connection);
        }
        // the supervisor waits between its tries, and reports them
        await sleep(1);
      }
    }
  }

  /** A group or a stream that is gone is made anew, on the connection that there is; not again and again. */
  async #healed(error: unknown): Promise<boolean> {
    const { links, prepare } = this.#options;
    const link = links.current;
    if (!isGone(error) || !link || performance.now() - this.#healedAt < HEAL_EVERY_MS) return false;
    this.#healedAt = performance.now();
    try {
      await prepare(link);
      return true;
    } catch {
      // the next connection is prepared in the same way, and what is wrong is reported then
      return false;
    }
  }

  async #readOn(connection: DirectConnection): Promise<void> {
    const { room, read, offer } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const count = await room();
      if (count === 0) {
        // between the beginning of a close and its \`stop\` there never is room
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const batch = await read(connection, count);
      if (batch.entries.length > 0) await offer(batch, connection);
    }
  }

  async #beat(): Promise<void> {
    const { links, beat, fault, stream } = this.#options;
    const link = links.current;
    if (this.#beating || !link) return;
    this.#beating = true;
    try {
      await beat(link);
    } catch (error) {
      if (isStale(error)) link.fail(error);
      if (await this.#healed(error)) return;
      const failure = commandFailed(asError(error), `to keep what is read of ${stream}`, link.target);
      // who reads finds it out by itself, and a connection that was lost is told of elsewhere
      if (!isGone(error) && failure.code !== 'BROKER_UNAVAILABLE') fault(failure);
    } finally {
      this.#beating = false;
    }
  }
}

/**
 * XACK for what was settled in one turn, or while an earlier one runs, at once. One that failed is sent again until Redis
 * has confirmed it: what is pending in the name of a consumer that lives is delivered to nobody else.
 */
import type { Supervisor } from '@streambind/core/binder';
import type { RedisConnection } from '../client/connection.js';
import { commandFailed, isStale } from '../client/errors.js';

const MOST = 1000;
const PAUSE_MS = 200;

export interface AcksOptions {
  readonly stream: string;
  readonly group: string;
  readonly connections: Supervisor<RedisConnection>;
  /** Told of a refusal, once until one works again. */
  readonly fault: (error: Error) => void;
}

export class Acks {
  readonly #options: AcksOptions;
  #waiting: string[] = [];
  #sending: readonly string[] = [];
  /** What goes along with a read. */
  #along: readonly string[] = [];
  #scheduled = false;
  #refused = false;
  #emptied: (() => void)[] = [];

  constructor(options: AcksOptions) {
    this.#options = options;
  }

  /** Acknowledgements that are not confirmed. */
  get pending(): number {
    return this.#waiting.length + this.#sending.length + this.#along.length;
  }

  has(id: string): boolean {
    return [this.#waiting, this.#sending, this.#along].some((ids) => ids.includes(id));
  }

  ack(id: string): void {
    this.#waiting.push(id);
    this.#schedule();
  }

  /** What waits, to go along with a read: \`alongWas\` tells what became of it. None while others are under way. */
  takeAlong(): readonly string[] {
    if (this.#sending.length === 0) this.#along = this.#waiting.splice(0, MOST);
    return this.#along;
  }

  alongWas(confirmed: boolean): void {
    const ids = this.#along;
    this.#along = [];
    if (!confirmed) {
      this.#waiting = [...ids, ...this.#waiting];
      this.#schedule();
    }
    this.#tell();
  }

  /** Resolves when all are confirmed. */
  async drained(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#sending = this.#waiting.splice(0, MOST);
      if (!(await this.#send(this.#sending))) {
        this.#waiting = [...this.#sending, ...this.#waiting];
        this.#sending = [];
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
      }
      this.#sending = [];
    }
    this.#scheduled = false;
    this.#tell();
  }

  #tell(): void {
    if (this.pending === 0) for (const emptied of this.#emptied.splice(0)) emptied();
  }

  async #send(ids: readonly string[]): Promise<boolean> {
    const { stream, group, connections, fault } = this.#options;
    let connection: RedisConnection;
    try {
      connection = await connections.get();
    } catch {
      // the binder is closed: who reads the stream next gets them again
      return true;
    }
    try {
      await connection.client.xack(stream, group, ...ids);
      this.#refused = false;
      return true;
    } catch (error) {
      if (isStale(error)) connection.fail(error);
      const failure = commandFailed(error, `XACK ${stream} ${group}`, connection.target);
      if (failure.code !== 'BROKER_UNAVAILABLE' && !this.#refused) {
        this.#refused = true;
        fault(failure);
      }
      return false;
    }
  }
}

import { StreambindError, asError } from '../../errors/index.js';
import { retryUntil } from '../../retry/index.js';

export interface SupervisorOptions<T extends object> {
  /** One attempt. The signal fires at close; what comes all the same is disposed of. */
  connect(signal: AbortSignal): Promise<T>;
  /** Lets go of a thing that was lost, came too late, or is there at close. What it throws is of no interest. */
  dispose?(thing: T): void | Promise<void>;
  /** A failed attempt, or a loss, and the milliseconds to the next attempt; 0 when there is none. */
  report(error: Error, nextTryMs: number): void;
  /** Connected again after something was reported. */
  recovered?(): void;
  /** Errors that no further attempt can cure. Default: none. */
  permanent?(error: Error): boolean;
  /** Milliseconds. Default: 500, doubling up to 10000. */
  readonly backOff?: { readonly initialMs: number; readonly maxMs: number };
}

/**
 * Keeps one thing alive: a connection, a store. One attempt at a time, with back-off and jitter, from the first `get`
 * until `close`. A thing that lived shorter than the longest back-off does not reset it, so that one which breaks as soon
 * as it is made is not made in a tight loop.
 */
export class Supervisor<T extends object> {
  readonly #options: SupervisorOptions<T>;
  readonly #backOff: { readonly initialMs: number; readonly maxMs: number };
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(thing: T) => void | Promise<void>>();
  /** Things that broke before their connect had returned. */
  readonly #stillborn = new WeakMap<T, Error>();
  #current: T | undefined;
  #since = 0;
  #failures = 0;
  #lostBy: Error | undefined;
  /** Anything so far: a loss always is, so that only a first connection can come without. */
  #reported = false;
  #connecting = false;
  #pending: Pending<T> | undefined;
  #ended: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SupervisorOptions<T>) {
    this.#options = options;
    this.#backOff = options.backOff ?? { initialMs: 500, maxMs: 10_000 };
  }

  /** The thing while it is there. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Pending while the thing is away. @throws the permanent error, or CLOSED */
  get(): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#current) return Promise.resolve(this.#current);
    this.#pending ??= pending();
    void this.#connect();
    return this.#pending.promise;
  }

  /**
   * The thing broke: it is disposed of and made anew. Nothing happens while that is under way, nor when `thing` is given
   * and is not the current one: late news of an earlier one must not end its successor.
   */
  lost(error: Error, thing?: T): void {
    if (this.#ended) return;
    if (!this.#current || (thing && thing !== this.#current)) {
      if (thing) this.#stillborn.set(thing, error);
      return;
    }
    const lived = performance.now() - this.#since;
    this.#failures = lived >= this.#backOff.maxMs ? 1 : this.#failures + 1;
    this.#lostBy = error;
    const old = this.#current;
    this.#current = undefined;
    void this.#dispose(old);
    void this.#connect();
  }

  /**
   * Calls back with each thing that is made from now on, before `get` resolves with it: the place for topology and
   * consumers to come back. What it throws is reported.
   * @returns ends it
   */
  onConnected(callback: (thing: T) => void | Promise<void>): () => void {
    this.#listeners.add(callback);
    return () => void this.#listeners.delete(callback);
  }

  /** Resolves when the current thing is disposed of; no attempt starts after the call. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    try {
      await retryUntil({
        ...this.#backOff,
        failures: this.#failures,
        signal: this.#stop.signal,
        attempt: (signal) => this.#attempt(signal),
        waiting: (nextTryMs, error) => {
          if (error) this.#failures++;
          this.#report(error ?? this.#lostBy!, nextTryMs);
        },
        permanent: (error) => this.#options.permanent?.(error) ?? false,
      });
    } catch (error) {
      if (!this.#ended) {
        this.#report(asError(error), 0);
        this.#end(asError(error));
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const thing = await this.#options.connect(signal);
    const broken = this.#stillborn.get(thing);
    if (this.#ended || broken) {
      void this.#dispose(thing);
      if (broken) throw broken;
      return;
    }
    this.#current = thing;
    this.#since = performance.now();
    this.#connecting = false;
    if (this.#reported) this.#options.recovered?.();
    for (const listener of this.#listeners) void this.#tell(listener, thing);
    // a listener may have lost it again
    if (this.#current !== thing) return;
    this.#pending?.resolve(thing);
    this.#pending = undefined;
  }

  async #tell(listener: (thing: T) => void | Promise<void>, thing: T): Promise<void> {
    try {
      await listener(thing);
    } catch (error) {
      this.#report(asError(error), 0);
    }
  }

  #report(error: Error, nextTryMs: number): void {
    this.#reported = true;
    this.#options.report(error, nextTryMs);
  }

  #end(error: Error): void {
    this.#ended = error;
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  async #close(): Promise<void> {
    this.#end(new StreambindError('CLOSED', 'the binder is closed'));
    this.#stop.abort(this.#ended);
    const thing = this.#current;
    this.#current = undefined;
    if (thing) await this.#dispose(thing);
  }

  async #dispose(thing: T): Promise<void> {
    try {
      await this.#options.dispose?.(thing);
    } catch {
      // it is gone either way
    }
  }
}

interface Pending<T> {
  readonly promise: Promise<T>;
  resolve(thing: T): void;
  reject(error: Error): void;
}

/** A promise that nobody has to watch: `get` hands it to those who ask. */
function pending<T>(): Pending<T> {
  let settle!: Pick<Pending<T>, 'resolve' | 'reject'>;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return { promise, ...settle };
}

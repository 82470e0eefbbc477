/**
 * Consume, process, produce as one: what a handler sends to outputs of the binder that its message came by is committed
 * with the message's acknowledgement, or nobody ever sees it. Only bindings of a transactional binder know of this.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { StreambindError } from '../errors/index.js';
import type { Binder, Delivery } from '../binder/index.js';

/** One attempt at a delivery, and what was sent in it. */
export class Attempt {
  #state: 'open' | 'done' | 'failed' = 'open';
  #pending = 0;
  #sent = false;
  #failure: Error | undefined;
  #drained: (() => void) | undefined;

  constructor(readonly delivery: Delivery) {}

  get settled(): boolean {
    return this.#state === 'done';
  }

  /** Counts a send that belongs to it. A rejection fails the attempt even when its caller catches it. */
  add(sending: Promise<void>): Promise<void> {
    this.#sent = true;
    this.#pending++;
    const ended = (): void => {
      if (--this.#pending === 0) this.#drained?.();
    };
    sending.then(ended, (error: Error) => {
      this.#failure ??= error;
      ended();
    });
    return sending;
  }

  /** Resolves when nothing is being sent any more. @throws what the first send failed with */
  async drained(): Promise<void> {
    while (this.#pending > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    if (this.#failure) throw this.#failure;
  }

  /** Later sends are none of its own. */
  done(): void {
    this.#state = 'done';
  }

  /** Later sends are refused. @returns whether the binder may have been given anything */
  fail(): boolean {
    this.#state = 'failed';
    return this.#sent;
  }

  /** @throws PUBLISH_REFUSED the attempt has failed meanwhile */
  check(): void {
    if (this.#state !== 'failed') return;
    throw new StreambindError('PUBLISH_REFUSED', 'The attempt that sends this has failed, so nothing of it is sent.', {
      where: `delivery ${this.delivery.id}`,
    });
  }
}

/** The transactions of one binder. */
export class Transactions {
  readonly #running = new AsyncLocalStorage<Attempt>();

  constructor(private readonly binder: NonNullable<Binder['transactions']>) {}

  /** The attempt that runs here, also after awaits. Undefined outside of handlers, and once the message is settled. */
  get current(): Attempt | undefined {
    const attempt = this.#running.getStore();
    return attempt?.settled ? undefined : attempt;
  }

  run<T>(attempt: Attempt, task: () => T): T {
    return this.#running.run(attempt, task);
  }

  async abort(attempt: Attempt): Promise<void> {
    if (attempt.fail()) await this.binder.abort(attempt.delivery);
  }
}

import {
  LinkedList,
  StreambindError,
  type FlushReport,
  type Links,
  type ProducerBinding,
  type ProducerTarget,
  type WireRecord,
} from '@streambind/core/binder';
import { encodeHeaders } from './records.js';
import type { Send } from './store/link.js';
import type { Store } from './store/store.js';

/** Bytes. */
export const MAX_PAYLOAD = 16 * 1024 * 1024;

export async function bindProducer(
  store: Store,
  target: ProducerTarget,
  durable: boolean,
  signal: AbortSignal,
): Promise<EmbeddedProducer> {
  const id = store.nextId();
  const partitions = await store.declare(
    {
      target: id,
      destination: target.destination,
      partitions: target.partitionCount ?? 1,
      requiredGroups: target.requiredGroups,
      create: target.provision === 'create',
      verify: target.provision === 'verify',
      durable,
    },
    signal,
  );
  return new EmbeddedProducer(store, target, id, partitions);
}

export class EmbeddedProducer implements ProducerBinding {
  readonly #store: Store;
  readonly #destination: string;
  readonly #id: number;
  readonly #pending = new LinkedList<Pending>();
  #closed: Promise<FlushReport> | undefined;
  #drained: (() => void) | undefined;
  #confirmed = 0;

  constructor(
    store: Store,
    { destination }: Pick<ProducerTarget, 'destination'>,
    id: number,
    readonly partitionCount: number | undefined,
  ) {
    this.#store = store;
    this.#destination = destination;
    this.#id = id;
  }

  send({ payload, headers, key, partition }: WireRecord): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (payload !== null && payload.byteLength > MAX_PAYLOAD) {
      return Promise.reject(
        new StreambindError('PAYLOAD_TOO_LARGE', `A payload for ${this.#destination} is too large.`, {
          given: `${payload.byteLength} bytes`,
          allowed: `${MAX_PAYLOAD} bytes`,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const pending = new Pending(this, resolve, reject);
      this.#pending.add(pending);
      // a key that is a view would take its whole buffer along
      const ownKey = key instanceof Uint8Array ? Uint8Array.from(key) : (key ?? null);
      this.#store.send(pending, this.#id, partition ?? 0, ownKey, encodeHeaders(headers), payload);
    });
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    return (this.#closed ??= this.#close(deadlineMs));
  }

  /** @internal for Pending. */
  done(pending: Pending, confirmed: boolean): void {
    if (!this.#pending.delete(pending)) return;
    if (this.#closed && confirmed) this.#confirmed++;
    if (this.#pending.size === 0) this.#drained?.();
  }

  async #close(deadlineMs: number | undefined): Promise<FlushReport> {
    if (this.#pending.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        if (deadlineMs !== undefined) timer = setTimeout(resolve, deadlineMs);
      });
      clearTimeout(timer);
    }
    const unconfirmed = this.#pending.size;
    for (const pending of this.#pending) pending.failed(this.#closedError());
    this.#store.forget(this.#id);
    return { confirmed: this.#confirmed, unconfirmed };
  }

  #closedError(): StreambindError {
    return new StreambindError('CLOSED', `The producer of ${this.#destination} is closed.`);
  }
}

/** One send that waits for its confirmation. */
class Pending implements Send, Links<Pending> {
  before: Pending | undefined;
  after: Pending | undefined;

  settled = false;

  constructor(
    private readonly producer: EmbeddedProducer,
    private readonly resolve: () => void,
    private readonly reject: (error: Error) => void,
  ) {}

  confirmed(): void {
    this.settled = true;
    this.resolve();
    this.producer.done(this, true);
  }

  failed(error: StreambindError): void {
    this.settled = true;
    this.reject(error);
    this.producer.done(this, false);
  }
}

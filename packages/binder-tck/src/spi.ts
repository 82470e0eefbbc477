/** Both sides of the SPI as the cases use them: every event goes to the ledger. */
import { isStreambindError } from '@streambind/core/binder';
import type {
  Binder,
  ConsumerBinding,
  ConsumerSink,
  ConsumerSource,
  Delivery,
  DrainReport,
  FlushReport,
  Later,
  ProducerBinding,
  ProducerTarget,
  Settlement,
  WireRecord,
} from '@streambind/core/binder';
import type { Ledger } from './ledger.js';

/** The header by which a message is known, whatever its payload is. */
export const ID_HEADER = 'tck-id';

/** Bytes that a broker may leave for headers beside the largest payload. */
export const BESIDE = 64 * 1024;

export const ACK: Settlement = { kind: 'ack' };
/** What a failed handler comes to. */
export const nack = (delayMs = 0, failure = new Error('the case wants it to fail')): Settlement => ({
  kind: 'requeue',
  delayMs,
  failure,
});
export const deadLetter = (reason = new Error('the case wants it dead')): Settlement => ({
  kind: 'deadLetter',
  reason,
});

type Outcome = Settlement | Later;
export type Handle = (delivery: Delivery, id: string) => Outcome | Promise<Outcome>;

export interface ConsumeOptions extends Partial<Omit<ConsumerSource, 'binding' | 'destinations'>> {
  readonly destination?: string;
  /** Default: acknowledges. */
  readonly handle?: Handle;
}

export const textOf = ({ payload }: Pick<WireRecord, 'payload'>): string =>
  payload === null ? '' : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();

export const idOf = (record: Pick<WireRecord, 'payload' | 'headers'>): string => {
  const id = record.headers[ID_HEADER];
  return typeof id === 'string' ? id : textOf(record);
};

export class Consumer implements ConsumerSink {
  readonly deliveries: Delivery[] = [];
  readonly faults: Error[] = [];
  #binding!: ConsumerBinding;
  #closed: Promise<DrainReport> | undefined;

  constructor(
    readonly name: string,
    readonly group: string | undefined,
    private readonly ledger: Ledger,
    private readonly handle: Handle,
  ) {}

  async open(binder: Binder, source: ConsumerSource): Promise<this> {
    this.#binding = await binder.bindConsumer(source, this);
    return this;
  }

  get ids(): string[] {
    return this.deliveries.map(idOf);
  }

  get count(): number {
    return this.deliveries.length;
  }

  pause(): void {
    this.#binding.pause();
  }

  resume(): void {
    this.#binding.resume();
  }

  close(deadlineMs?: number): Promise<DrainReport> {
    return (this.#closed ??= this.#binding.close(deadlineMs));
  }

  deliver(delivery: Delivery): Outcome | Promise<Outcome> {
    const id = idOf(delivery);
    this.deliveries.push(delivery);
    this.#write('delivered', id, { attempt: delivery.attempt });
    const outcome = this.handle(delivery, id);
    if (outcome instanceof Promise) return outcome.then((settled) => this.#settled(settled, id));
    return this.#settled(outcome, id);
  }

  fault(error: Error): void {
    this.faults.push(error);
  }

  #settled(outcome: Outcome, id: string): Outcome {
    if (outcome.kind !== 'later') {
      const event = { ack: 'acked', requeue: 'nacked', deadLetter: 'deadLettered' } as const;
      this.#write(event[outcome.kind], id);
      return outcome;
    }
    return {
      kind: 'later',
      settlement: outcome.settlement.then((settled) => this.#settled(settled, id) as Settlement),
    };
  }

  #write(event: Parameters<Ledger['write']>[0], id: string, more: object = {}): void {
    this.ledger.write(event, id, {
      ...(this.group === undefined ? {} : { group: this.group }),
      consumer: this.name,
      ...more,
    });
  }
}

export type Sent = Partial<Omit<WireRecord, 'evaluated'>>;

export class Producer {
  #binding!: ProducerBinding;

  constructor(private readonly ledger: Ledger) {}

  async open(binder: Binder, target: ProducerTarget): Promise<this> {
    this.#binding = await binder.bindProducer(target);
    return this;
  }

  get partitionCount(): number | undefined {
    return this.#binding.partitionCount;
  }

  /** @throws what the binder rejects with */
  async send(id: string, { payload = Buffer.from(id), headers, key, partition }: Sent = {}): Promise<void> {
    this.ledger.write('attempt', id);
    try {
      await this.#binding.send({
        payload,
        headers: { [ID_HEADER]: id, ...headers },
        ...(key === undefined ? {} : { key }),
        ...(partition === undefined ? {} : { partition }),
      });
    } catch (error) {
      this.ledger.write(isStreambindError(error, 'PUBLISH_UNKNOWN') ? 'unknown' : 'refused', id);
      throw error;
    }
    this.ledger.write('confirmed', id);
  }

  /** All of them at once; resolves when each is confirmed. */
  async sendAll(ids: readonly string[], of: (id: string, index: number) => Sent = () => ({})): Promise<void> {
    await Promise.all(ids.map((id, index) => this.send(id, of(id, index))));
  }

  close(deadlineMs?: number): Promise<FlushReport> {
    return this.#binding.close(deadlineMs);
  }
}

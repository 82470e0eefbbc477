/**
 * Several records in one message, as Spring AMQP's BatchingRabbitTemplate sends them: until there are enough of them, or
 * enough bytes, or none came for a while. All that a batch has is that of its first record, so one with another routing
 * key or partition begins another batch.
 */
import type { WireRecord } from '@streambind/core/binder';
import type { RabbitProducerOptions } from '../options/options.js';

type Records = readonly [WireRecord, ...WireRecord[]];

interface Open {
  readonly key: unknown;
  readonly records: WireRecord[];
  readonly waiting: { resolve(): void; reject(error: Error): void }[];
  bytes: number;
  timer: NodeJS.Timeout;
}

/** Bytes before each body. */
const LENGTH = 4;

export class Batcher {
  readonly #options: Pick<RabbitProducerOptions, 'batchSize' | 'batchBufferLimit' | 'batchTimeout'>;
  readonly #send: (records: Records) => Promise<void>;
  #open: Open | undefined;

  constructor(
    options: Pick<RabbitProducerOptions, 'batchSize' | 'batchBufferLimit' | 'batchTimeout'>,
    send: (records: Records) => Promise<void>,
  ) {
    this.#options = options;
    this.#send = send;
  }

  /** Ends with the batch that the record is in. */
  add(record: WireRecord): Promise<void> {
    const { batchSize, batchBufferLimit, batchTimeout } = this.#options;
    const bytes = (record.payload?.byteLength ?? 0) + LENGTH;
    const key = keyOf(record);
    if (this.#open && (this.#open.key !== key || this.#open.bytes + bytes > batchBufferLimit)) this.flush();
    const open = (this.#open ??= { key, records: [], waiting: [], bytes: 0, timer: undefined! });
    open.records.push(record);
    open.bytes += bytes;
    clearTimeout(open.timer);
    return new Promise((resolve, reject) => {
      open.waiting.push({ resolve, reject });
      if (open.records.length >= batchSize || open.bytes >= batchBufferLimit) this.flush();
      else open.timer = setTimeout(() => this.flush(), batchTimeout);
    });
  }

  /** Sends what is there. */
  flush(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    clearTimeout(open.timer);
    this.#send(open.records as unknown as Records).then(
      () => open.waiting.forEach(({ resolve }) => resolve()),
      (error: unknown) => open.waiting.forEach(({ reject }) => reject(error as Error)),
    );
  }
}

const keyOf = ({ partition, evaluated }: WireRecord): string =>
  `${partition ?? ''}/${String(evaluated?.['routingKeyExpression'] ?? '')}`;

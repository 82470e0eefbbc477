/**
 * Several records in one message, as Spring AMQP's BatchingRabbitTemplate sends them: until there are enough of them, or
 * enough bytes, or none came for a while. All that a batch has is that of its first record, so one with another routing
 * key or partition begins another batch.
 */
import type { WireRecord } from '@streambind/core/binder';
import type { RabbitProducerOptions } from '../options/options.js';

type Records = readonly [WireRecord, ...WireRecord[]];

interface Open {
  readonly key: string;
  readonly records: [WireRecord, ...WireRecord[]];
  bytes: number;
  /** Ends the wait for more. */
  timer: NodeJS.Timeout | undefined;
  /** The end of all its records. */
  readonly sent: Promise<void>;
  readonly send: (sending: Promise<void>) => void;
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
    // what cannot be sent must not take others along
    if (record.payload === null) return this.#send([record]);
    const { batchSize, batchBufferLimit, batchTimeout } = this.#options;
    const bytes = record.payload.byteLength + LENGTH;
    const key = keyOf(record);
    if (this.#open && (this.#open.key !== key || this.#open.bytes + bytes > batchBufferLimit)) this.flush();
    const open = this.#open ?? opened(key, record);
    if (this.#open) open.records.push(record);
    this.#open = open;
    open.bytes += bytes;
    clearTimeout(open.timer);
    if (open.records.length >= batchSize || open.bytes >= batchBufferLimit) this.flush();
    else open.timer = setTimeout(() => this.flush(), batchTimeout);
    return open.sent;
  }

  /** Sends what is there. */
  flush(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    clearTimeout(open.timer);
    open.send(this.#send(open.records));
  }
}

function opened(key: string, first: WireRecord): Open {
  let send!: Open['send'];
  const sent = new Promise<void>((resolve) => (send = resolve));
  return { key, records: [first], bytes: 0, timer: undefined, sent, send };
}

const keyOf = ({ partition, evaluated }: WireRecord): string =>
  `${partition ?? ''}/${String(evaluated?.['routingKeyExpression'] as string | undefined)}`;

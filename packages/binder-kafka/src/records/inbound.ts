/** Records on their way in: what a handler sees of them, by Spring's names. Headers are read when somebody asks for them. */
import { HeaderRecord, type HeaderMode, type HeaderValue } from '@streambind/core/binder';
import type { IncomingRecord, RecordHeaders, TopicPartition } from '../client/port.js';
import { readEmbedded, type Embedded } from './embedded-headers.js';
import { KafkaHeaders, NATIVE_HEADERS_PRESENT } from './headers.js';
import { ReceivedHeaders, contentTypeOf } from './received-headers.js';

/** Where a record was read, and how its headers travel. One for all records of a partition. */
export interface Origin extends TopicPartition {
  readonly group: string;
  readonly headerMode: HeaderMode;
  /** Java packages whose classes a header may name, beside those that always are trusted; `*`: all. */
  readonly trustedPackages: readonly string[];
}

type Headers = Record<string, HeaderValue>;

/**
 * What a delivery of this binder shows of its record; the consumer extends it. All state is in plain members, because the
 * kit copies a delivery with its prototype when it raises the attempt.
 */
export class ReceivedRecord {
  private madeReceived: ReceivedHeaders | undefined;
  private madeHeaders: Headers | undefined;
  private readonly embedded: Embedded | undefined;

  constructor(
    readonly native: IncomingRecord,
    readonly origin: Origin,
  ) {
    if (origin.headerMode === 'embeddedHeaders' && native.value && isEmpty(native.headers)) {
      this.embedded = readEmbedded(native.value);
    }
  }

  get received(): ReceivedHeaders | undefined {
    const { headerMode, trustedPackages } = this.origin;
    if (headerMode === 'none') return undefined;
    return (this.madeReceived ??= new ReceivedHeaders(this.native.headers, trustedPackages));
  }

  /** Undefined where it is embedded, or there is none. */
  get contentType(): string | undefined {
    return this.origin.headerMode === 'none' ? undefined : contentTypeOf(this.native.headers);
  }

  /** With `id`, which is the record's place: the same whenever it is delivered. */
  get headers(): Readonly<Headers> {
    return (this.madeHeaders ??= inboundHeaders(this.native, this.origin, this.received, this.embedded));
  }

  get key(): Buffer | undefined {
    return this.native.key ?? undefined;
  }

  get payload(): Buffer | null {
    return this.embedded ? this.embedded.payload : this.native.value;
  }
}

function inboundHeaders(
  record: IncomingRecord,
  { topic, partition, group }: Origin,
  received: ReceivedHeaders | undefined,
  embedded: Embedded | undefined,
): Headers {
  const headers = new HeaderRecord() as Headers;
  if (received) {
    received.copyTo(headers, NOT_FROM_RECORD);
    if (!isEmpty(record.headers)) headers[NATIVE_HEADERS_PRESENT] = true;
  }
  if (embedded) {
    for (const [name, value] of Object.entries(embedded.headers)) {
      if (!NOT_FROM_RECORD.has(name)) headers[name] = value;
    }
  }
  // what the broker says cannot be said by a header of the record
  const { offset, key, timestamp, timestampType } = record;
  headers[KafkaHeaders.RECEIVED_TOPIC] = topic;
  headers[KafkaHeaders.RECEIVED_PARTITION_ID] = partition;
  headers[KafkaHeaders.OFFSET] = Number(offset);
  headers[KafkaHeaders.RECEIVED_TIMESTAMP] = Number(timestamp);
  headers[KafkaHeaders.TIMESTAMP_TYPE] = timestampType === 'CreateTime' ? 'CREATE_TIME' : 'LOG_APPEND_TIME';
  headers[KafkaHeaders.GROUP_ID] = group;
  // a copy: a handler that keeps it must not keep the whole fetch
  if (key) headers[KafkaHeaders.RECEIVED_MESSAGE_KEY] = Buffer.from(key);
  headers['id'] = `${topic}-${partition}@${offset}`;
  return headers;
}

/** `id` and `timestamp` are the receiver's own. */
const NOT_FROM_RECORD: ReadonlySet<string> = new Set(['id', 'timestamp']);

function isEmpty(headers: RecordHeaders): boolean {
  for (const _ in headers) return false;
  return true;
}

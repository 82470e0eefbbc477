/** Messages on their way in: what a handler sees of them, by Spring's names. Nothing is read before somebody asks for it. */
import { StreambindError, type HeaderFilter, type HeaderValue } from '@streambind/core/binder';
import type { RawMessage } from '../client/amqplib.js';
import type { RawProperties } from '../client/properties.js';
import { compressionOf, decompress } from './compression.js';
import { AmqpHeaders, LENGTH_HEADER_4, TableHeaders } from './headers.js';
import { ReceivedTable, emptyRecord, type Headers } from './table.js';

const EMPTY = Buffer.alloc(0);

/** One of the records of a batch. */
export interface Part {
  readonly body: Buffer;
  readonly last: boolean;
}

/**
 * What a delivery of this binder shows of its message; the consumer extends it. All state is in plain members, because
 * the kit copies a delivery with its prototype when it raises the attempt.
 */
export class ReceivedRecord {
  readonly received: ReceivedTable;
  private madeHeaders: Headers | undefined;
  private madePayload: Buffer | undefined;

  /**
   * @param queue where it was taken from
   * @param filter `mappedHeaders` of the input's patterns
   * @param part absent: the message is one record
   */
  constructor(
    readonly native: RawMessage,
    private readonly queue: string,
    private readonly filter: HeaderFilter | undefined,
    private readonly part?: Part,
  ) {
    this.received = new ReceivedTable(native.properties.headers ?? EMPTY);
  }

  /** Never throws: what is broken shows when the payload is read. */
  get headers(): Readonly<Record<string, HeaderValue>> {
    return (this.madeHeaders ??= inboundHeaders(this.native, this.received, this.queue, this.filter, this.part));
  }

  /** @throws CONVERSION the header table or the compressed body is broken */
  get payload(): Uint8Array {
    if (this.madePayload) return this.madePayload;
    const body = this.part?.body ?? bodyOf(this.native, this.received);
    const { failure } = this.received;
    if (failure) throw failure;
    return (this.madePayload = body);
  }

  /** The message that this record would be by itself: the one that came, unless that was a batch. */
  get alone(): RawMessage {
    if (!this.part) return this.native;
    const { fields, properties } = this.native;
    const { contentEncoding, ...others } = properties;
    const compression = compressionOf(properties, this.received);
    const encoding = compression ? compression.rest : contentEncoding;
    return {
      fields,
      content: this.part.body,
      properties: {
        ...others,
        ...(encoding === undefined ? {} : { contentEncoding: encoding }),
        headers: this.received.without(compression ? OF_COMPRESSED_BATCHES : OF_BATCHES),
      },
    };
  }
}

const OF_BATCHES: ReadonlySet<string> = new Set([TableHeaders.BATCH_FORMAT, TableHeaders.BATCH_SIZE]);
const OF_COMPRESSED_BATCHES: ReadonlySet<string> = new Set([...OF_BATCHES, TableHeaders.AUTO_DECOMPRESS]);

/** Without compression. @throws CONVERSION */
function bodyOf({ content, properties }: RawMessage, table: ReceivedTable): Buffer {
  const compression = compressionOf(properties, table);
  return compression ? decompress(content, compression.algorithm) : content;
}

/**
 * The records of a message that is a batch, in their order; undefined where it is none.
 * @throws CONVERSION what is said about lengths does not fit the body
 */
export function partsOf(message: RawMessage): readonly Part[] | undefined {
  const { headers } = message.properties;
  if (!headers || headers.length === 0 || !headers.includes(TableHeaders.BATCH_FORMAT)) return undefined;
  const table = new ReceivedTable(headers);
  if (table.values[TableHeaders.BATCH_FORMAT] !== LENGTH_HEADER_4) return undefined;
  const body = bodyOf(message, table);
  const parts: Part[] = [];
  for (let at = 0; at < body.length;) {
    const from = at + 4;
    const end = from > body.length ? Infinity : from + body.readUInt32BE(at);
    if (end > body.length) throw brokenBatch(at, body.length);
    parts.push({ body: body.subarray(from, end), last: end === body.length });
    at = end;
  }
  return parts;
}

/** Headers by Spring's names. Spring Integration: `DefaultAmqpHeaderMapper`, but `id` is the wire's where it has one. */
function inboundHeaders(
  { fields, properties }: RawMessage,
  table: ReceivedTable,
  queue: string,
  passes: HeaderFilter | undefined,
  part: Part | undefined,
): Headers {
  const headers = emptyRecord();
  const { values } = table;
  for (const name in values) if (!NOT_FROM_TABLE.has(name)) headers[name] = values[name]!;
  const compression = compressionOf(properties, table);
  if (compression) delete headers[TableHeaders.AUTO_DECOMPRESS];
  if (part) delete headers[TableHeaders.BATCH_FORMAT];

  // what the broker and the properties say cannot be said by a header of the table
  const delay = values[TableHeaders.DELAY];
  if (delay !== undefined) headers[AmqpHeaders.RECEIVED_DELAY] = delay;
  headers[AmqpHeaders.CONSUMER_QUEUE] = queue;
  if (fields.consumerTag !== undefined) headers[AmqpHeaders.CONSUMER_TAG] = fields.consumerTag;
  headers[AmqpHeaders.DELIVERY_TAG] = fields.deliveryTag;
  headers[AmqpHeaders.RECEIVED_EXCHANGE] = fields.exchange;
  headers[AmqpHeaders.RECEIVED_ROUTING_KEY] = fields.routingKey;
  headers[AmqpHeaders.REDELIVERED] = fields.redelivered;
  if (part?.last) headers[AmqpHeaders.LAST_IN_BATCH] = true;
  propertyHeaders(headers, properties, compression ? compression.rest : properties.contentEncoding);

  if (passes) for (const name in headers) if (!passes(name)) delete headers[name];
  if (properties.messageId) headers['id'] = properties.messageId;
  return headers;
}

/** `id` and `timestamp` are the receiver's own; of a delay only Spring's name is shown, so that it is not passed on. */
const NOT_FROM_TABLE: ReadonlySet<string> = new Set(['id', 'timestamp', TableHeaders.DELAY]);

function propertyHeaders(headers: Headers, properties: RawProperties, contentEncoding: string | undefined): void {
  // spelled out: with one assignment for all names, none of them is fast
  const { contentType, messageId, correlationId, replyTo, expiration, type, appId, clusterId, userId } = properties;
  if (contentType) headers['contentType'] = contentType;
  if (contentEncoding) headers[AmqpHeaders.CONTENT_ENCODING] = contentEncoding;
  if (messageId) headers[AmqpHeaders.MESSAGE_ID] = messageId;
  if (correlationId) headers[AmqpHeaders.CORRELATION_ID] = correlationId;
  if (replyTo) headers[AmqpHeaders.REPLY_TO] = replyTo;
  if (expiration) headers[AmqpHeaders.EXPIRATION] = expiration;
  if (type) headers[AmqpHeaders.TYPE] = type;
  if (appId) headers[AmqpHeaders.APP_ID] = appId;
  if (clusterId) headers[AmqpHeaders.CLUSTER_ID] = clusterId;
  if (userId) headers[AmqpHeaders.RECEIVED_USER_ID] = userId;
  const { priority, deliveryMode, timestamp } = properties;
  if (priority) headers[AmqpHeaders.PRIORITY] = priority;
  if (deliveryMode !== undefined) {
    headers[AmqpHeaders.RECEIVED_DELIVERY_MODE] = deliveryMode === 2 ? 'PERSISTENT' : 'NON_PERSISTENT';
  }
  if (timestamp !== undefined) {
    const date = new Date(timestamp * 1000);
    if (!Number.isNaN(date.getTime())) headers[AmqpHeaders.TIMESTAMP] = date;
  }
}

const brokenBatch = (at: number, length: number): StreambindError =>
  new StreambindError('CONVERSION', 'A batch of messages is cut off.', {
    given: `${length} bytes, the record at ${at} goes beyond them`,
  });

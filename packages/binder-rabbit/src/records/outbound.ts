/** Records on their way out: routing key, properties, header table and body as Spring Cloud Stream makes them. */
import { StreambindError, type HeaderFilter, type WireRecord } from '@streambind/core/binder';
import { gzip } from './compression.js';
import { AmqpHeaders, LENGTH_HEADER_4, TableHeaders, isAmqpHeader, mappedHeaders } from './headers.js';
import { partitionKey } from '../topology/names.js';
import type { DeliveryMode, RabbitBinderOptions, RabbitProducerOptions } from '../options/options.js';
import type { Properties, Publication } from '../client/frames.js';
import { ReceivedTable } from './table.js';
import { TableWriter } from './table-writer.js';

export type EncodingOptions = Pick<
  RabbitProducerOptions,
  'headerPatterns' | 'deliveryMode' | 'compress' | 'routingKeyExpression' | 'delayExpression'
> &
  Pick<RabbitBinderOptions, 'compressionLevel'>;

/** What an output publishes to. */
export interface Target {
  readonly exchange: string;
  /** Where no expression says another: the destination. */
  readonly routingKey: string;
}

/** Content type of a message that does not say one. Spring AMQP: `MessageProperties.DEFAULT_CONTENT_TYPE`. */
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

export const modeNumber = (mode: DeliveryMode): number => (mode === 'persistent' ? 2 : 1);

/**
 * Makes the encoder of one output. What it returns has to be written before it is called again: the next header table is
 * encoded into the same memory. Several records become one message: each body behind its length, all else from the first
 * one (Spring AMQP: `SimpleBatchingStrategy`).
 * @throws (the encoder) CONVERSION a header that AMQP has no place for; PUBLISH_REFUSED a record without a body
 */
export function encoder(target: Target, options: EncodingOptions) {
  const { exchange } = target;
  const mapper = new OutboundMapper(options);
  return (record: WireRecord, ...more: readonly WireRecord[]): Publication => {
    const key = routingKey(record, options, target.routingKey);
    const body = more.length === 0 ? bodyOf(record) : framed([record, ...more]);
    return {
      exchange,
      routingKey: record.partition === undefined ? key : partitionKey(key, record.partition),
      properties: mapper.map(record, key, 1 + more.length),
      body: options.compress ? gzip(body, options.compressionLevel) : body,
    };
  };
}

/** An expression without a result gives the empty key, as in Spring. */
function routingKey({ evaluated }: WireRecord, options: EncodingOptions, otherwise: string): string {
  if (options.routingKeyExpression === undefined) return otherwise;
  const key = evaluated?.['routingKeyExpression'] ?? '';
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof key)) return String(key as string);
  throw wrongValue('routing-key-expression', key, 'a result that is text');
}

/** Headers to properties and table. Spring Integration: `DefaultAmqpHeaderMapper`. */
class OutboundMapper {
  readonly #passes: HeaderFilter | undefined;
  readonly #mode: number;
  readonly #writer = new TableWriter();
  /** Spring evaluates what names the payload into a header, which stays on the message. */
  readonly #keepsKey: boolean;
  readonly #keepsDelay: boolean;

  constructor(private readonly options: EncodingOptions) {
    const { headerPatterns, deliveryMode, routingKeyExpression = '', delayExpression = '' } = options;
    this.#passes = mappedHeaders(headerPatterns);
    this.#mode = modeNumber(deliveryMode);
    const needsPayload = `${routingKeyExpression} ${delayExpression}`.includes('payload');
    this.#keepsKey = needsPayload && routingKeyExpression !== '';
    this.#keepsDelay = needsPayload && delayExpression !== '';
  }

  map(record: WireRecord, key: string, batchSize: number): Properties {
    const { headers } = record;
    const writer = this.#writer;
    const received = record.received instanceof ReceivedTable ? record.received : undefined;
    const properties: Properties = { contentType: DEFAULT_CONTENT_TYPE, deliveryMode: this.#mode, priority: 0 };
    for (const name in headers) {
      if (name === 'id' || name === 'timestamp') continue;
      const value: unknown = headers[name];
      if (value === null || value === undefined || (this.#passes && !this.#passes(name))) continue;
      if (name === 'contentType') {
        if (typeof value === 'string') properties.contentType = value;
      } else if (isAmqpHeader(name)) {
        setProperty(properties, name, value);
      } else if (name !== TableHeaders.DELAY) {
        // the one property without the prefix stays in the table, too
        if (name === AmqpHeaders.PRIORITY && isByte(value)) properties.priority = value;
        const unchanged = received?.unchanged(name, value);
        if (unchanged) writer.raw(unchanged);
        else writer.field(name, value);
      }
    }
    properties.messageId ??= idOf(headers['id']);
    properties.timestamp ??= secondsOf(headers['timestamp']);
    const delay = this.#delay(record);
    if (delay !== undefined) writer.field(TableHeaders.DELAY, delay);
    if (this.#keepsKey) writer.field('scst_routingKey', key);
    if (this.#keepsDelay && delay !== undefined) writer.field('scst_delay', delay);
    if (this.options.compress) {
      writer.field(TableHeaders.AUTO_DECOMPRESS, true);
      const { contentEncoding } = properties;
      properties.contentEncoding = contentEncoding === undefined ? 'gzip' : `gzip, ${contentEncoding}`;
    }
    if (batchSize > 1) {
      writer.field(TableHeaders.BATCH_FORMAT, LENGTH_HEADER_4);
      writer.field(TableHeaders.BATCH_SIZE, batchSize);
    }
    properties.headers = writer.take();
    return properties;
  }

  #delay({ headers, evaluated }: WireRecord): unknown {
    const computed = this.options.delayExpression === undefined ? undefined : evaluated?.['delayExpression'];
    if (computed !== undefined && computed !== null) return milliseconds('delay-expression', computed);
    for (const name of [AmqpHeaders.DELAY, TableHeaders.DELAY]) {
      const value: unknown = headers[name];
      if (value === null || value === undefined || (this.#passes && !this.#passes(name))) continue;
      return name === AmqpHeaders.DELAY ? milliseconds(name, value) : value;
    }
    return undefined;
  }
}

type TextProperty = Exclude<keyof Properties, 'headers' | 'deliveryMode' | 'priority' | 'timestamp'>;

const TEXT_PROPERTIES: Readonly<Record<string, TextProperty>> = {
  [AmqpHeaders.APP_ID]: 'appId',
  [AmqpHeaders.CLUSTER_ID]: 'clusterId',
  [AmqpHeaders.CONTENT_ENCODING]: 'contentEncoding',
  [AmqpHeaders.CORRELATION_ID]: 'correlationId',
  [AmqpHeaders.EXPIRATION]: 'expiration',
  [AmqpHeaders.MESSAGE_ID]: 'messageId',
  [AmqpHeaders.REPLY_TO]: 'replyTo',
  [AmqpHeaders.TYPE]: 'type',
  [AmqpHeaders.USER_ID]: 'userId',
};

/** Nothing for the headers of this kind that tell how a message was received: they are never sent back. */
function setProperty(properties: Properties, name: string, value: unknown): void {
  const text = TEXT_PROPERTIES[name];
  if (text !== undefined) {
    if (!['string', 'number', 'bigint'].includes(typeof value)) throw wrongValue(name, value, 'a string');
    if (value !== '') properties[text] = String(value as string | number | bigint);
  } else if (name === AmqpHeaders.TIMESTAMP) {
    const seconds = value instanceof Date ? secondsOf(value.getTime()) : undefined;
    if (seconds === undefined) throw wrongValue(name, value, 'a Date from 1970 on');
    properties.timestamp = seconds;
  } else if (name === AmqpHeaders.DELIVERY_MODE) {
    const mode = value === 'PERSISTENT' ? 2 : value === 'NON_PERSISTENT' ? 1 : value;
    if (mode !== 1 && mode !== 2) throw wrongValue(name, value, 'PERSISTENT, NON_PERSISTENT, 2, 1');
    properties.deliveryMode = mode;
  }
}

const isByte = (value: unknown): value is number => Number.isInteger(value) && value === (Number(value) & 0xff);

const idOf = (id: unknown): string | undefined => (typeof id === 'string' && id !== '' ? id : undefined);

const secondsOf = (milliseconds: unknown): number | undefined =>
  typeof milliseconds === 'number' && milliseconds >= 0 ? Math.floor(milliseconds / 1000) : undefined;

function milliseconds(name: string, value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw wrongValue(name, value, 'whole milliseconds');
  return number as number;
}

function bodyOf({ payload }: WireRecord): Uint8Array {
  if (payload !== null) return payload;
  throw new StreambindError(
    'PUBLISH_REFUSED',
    'A message without a payload cannot be sent: RabbitMQ has no tombstones.',
    {
      given: 'null',
      fix: 'Send an empty Buffer, or say it in a header.',
    },
  );
}

const framed = (records: readonly WireRecord[]): Buffer =>
  Buffer.concat(
    records.map(bodyOf).flatMap((body) => {
      const length = Buffer.allocUnsafe(4);
      length.writeInt32BE(body.byteLength);
      return [length, body];
    }),
  );

const wrongValue = (name: string, value: unknown, allowed: string): StreambindError =>
  new StreambindError('CONVERSION', `The value of "${name}" cannot be sent.`, {
    given: typeof value === 'string' ? value : `${typeof value} ${String(value)}`,
    allowed,
  });

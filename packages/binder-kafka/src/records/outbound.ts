/** Records on their way out: topic, partition, key, headers and value as Spring Cloud Stream makes them. */
import {
  HeaderRecord,
  StreambindError,
  type HeaderFilter,
  type HeaderMode,
  type WireRecord,
} from '@streambind/core/binder';
import type { OutgoingRecord, RecordHeaders } from '../client/port.js';
import { embedHeaders } from './embedded-headers.js';
import { STRING, asBuffer, encodeHeader, type RawHeader } from './header-values.js';
import { CONTENT_TYPE, EVALUATED_KEY, HEADER_TYPES, KafkaHeaders, PARTITION, mappedHeaders } from './headers.js';
import { ReceivedHeaders } from './received-headers.js';

export interface EncodingSettings {
  readonly topic: string;
  readonly headerMode: HeaderMode;
  /** Of the headers that are sent, in the order in which they are tried. Absent or none: all. */
  readonly headerPatterns?: readonly string[];
  /** The header `kafka_topic` names the topic. */
  readonly useTopicHeader: boolean;
  /** Its result is the key: `messageKeyExpression` of `WireRecord.evaluated`. */
  readonly messageKeyExpression?: string;
  /** Names that are embedded beside the standard ones, where headers are embedded. */
  readonly embeddedHeaders: readonly string[];
}

export type Encode = (record: WireRecord) => OutgoingRecord;

const NO_HEADERS: RecordHeaders = Object.freeze({});

/** Makes the encoder of one output. @throws (the encoder) CONVERSION a key or a header that cannot be sent */
export function encoder(settings: EncodingSettings): Encode {
  const { topic, headerMode, useTopicHeader, embeddedHeaders } = settings;
  const mapper = new OutboundMapper(settings);
  return (record) => {
    const { headers, payload } = record;
    const key = keyOf(record);
    const partition = record.partition ?? partitionOf(headers[KafkaHeaders.PARTITION_ID]);
    const timestamp = timestampOf(headers[KafkaHeaders.TIMESTAMP]);
    const value =
      payload !== null && headerMode === 'embeddedHeaders'
        ? embedHeaders(headers, payload, embeddedHeaders)
        : payload && asBuffer(payload);
    return {
      topic: useTopicHeader ? topicOf(headers[KafkaHeaders.TOPIC], topic) : topic,
      ...(partition === undefined ? {} : { partition }),
      key,
      value,
      headers: headerMode === 'headers' ? mapper.map(record) : NO_HEADERS,
      ...(timestamp === undefined ? {} : { timestamp }),
    };
  };
}

function keyOf({ evaluated, headers, key }: WireRecord): Buffer | null {
  const given = evaluated?.['messageKeyExpression'] ?? headers[KafkaHeaders.MESSAGE_KEY] ?? key ?? null;
  if (given === null) return null;
  if (given instanceof Uint8Array) return asBuffer(given);
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof given)) return Buffer.from(String(given as string));
  throw wrongValue('the message key', given, 'bytes, a string, a number or a boolean');
}

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

function partitionOf(value: unknown): number | undefined {
  if (isAbsent(value)) return undefined;
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw wrongValue(KafkaHeaders.PARTITION_ID, value, 'an integer from 0 on');
}

function timestampOf(value: unknown): number | undefined {
  if (isAbsent(value)) return undefined;
  const time = value instanceof Date ? value.getTime() : typeof value === 'bigint' ? Number(value) : value;
  if (Number.isSafeInteger(time) && (time as number) >= 0) return time as number;
  throw wrongValue(KafkaHeaders.TIMESTAMP, value, 'a Date, or milliseconds since 1970');
}

function topicOf(value: unknown, otherwise: string): string {
  if (isAbsent(value)) return otherwise;
  if (typeof value === 'string' && value !== '') return value;
  throw wrongValue(KafkaHeaders.TOPIC, value, 'the name of a topic');
}

/** Headers and the header that tells their Java classes, which comes last. */
class OutboundMapper {
  readonly #passes: HeaderFilter;
  /** Spring evaluates an expression that names the payload into a header, which stays on the message. */
  readonly #keepsKey: boolean;
  readonly #contentTypes = new Map<string, { readonly plain: RawHeader; readonly quoted: RawHeader }>();
  readonly #classes = new Map<string, Buffer>();
  readonly #names = new Map<string, string>();

  constructor({ headerPatterns = [], messageKeyExpression = '' }: EncodingSettings) {
    this.#passes = mappedHeaders(headerPatterns);
    this.#keepsKey = messageKeyExpression.includes('payload');
  }

  map(record: WireRecord): RecordHeaders {
    const { headers, partition, evaluated } = record;
    const received = record.received instanceof ReceivedHeaders ? record.received : undefined;
    const sent = new HeaderRecord() as RecordHeaders;
    let classes = '';
    const add = (name: string, { bytes, javaClass }: RawHeader): void => {
      sent[name] = bytes;
      if (javaClass !== undefined) classes += `${classes === '' ? '{' : ','}${this.#quotedName(name)}:"${javaClass}"`;
    };
    for (const name in headers) {
      const value: unknown = headers[name];
      if (isAbsent(value) || !this.#passes(name)) continue;
      if (name === CONTENT_TYPE && typeof value === 'string') add(name, this.#contentType(value, record, received));
      else add(name, received?.unchanged(name, value) ?? encodeHeader(value, name));
    }
    if (partition !== undefined && this.#passes(PARTITION)) add(PARTITION, encodeHeader(partition, PARTITION));
    const key = this.#keepsKey ? evaluated?.['messageKeyExpression'] : undefined;
    if (!isAbsent(key) && this.#passes(EVALUATED_KEY)) add(EVALUATED_KEY, encodeHeader(key, EVALUATED_KEY));
    if (classes !== '') sent[HEADER_TYPES] = this.#classesHeader(`${classes}}`);
    return sent;
  }

  /** Spring has a MimeType where its framework set it, which its mapper quotes, and text where a program did. */
  #contentType(value: string, record: WireRecord, received: ReceivedHeaders | undefined): RawHeader {
    const known = remember(this.#contentTypes, value, () => ({
      plain: { bytes: Buffer.from(value), javaClass: STRING },
      quoted: { bytes: Buffer.from(JSON.stringify(value)), javaClass: STRING },
    }));
    const byFramework = record.contentTypeBy === 'binding' || received?.isMimeType(value) === true;
    return byFramework ? known.quoted : known.plain;
  }

  #classesHeader(json: string): Buffer {
    return remember(this.#classes, json, () => Buffer.from(json));
  }

  #quotedName(name: string): string {
    return remember(this.#names, name, () => JSON.stringify(name));
  }
}

// what messages say is mostly the same with each; what comes from outside must not stay for ever
const REMEMBERED = 500;

function remember<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= REMEMBERED) cache.clear();
  const made = make();
  cache.set(key, made);
  return made;
}

const wrongValue = (name: string, value: unknown, allowed: string): StreambindError =>
  new StreambindError('CONVERSION', `The value of "${name}" cannot be sent.`, {
    given: typeof value === 'string' ? value : `${typeof value} ${String(value)}`,
    allowed,
  });

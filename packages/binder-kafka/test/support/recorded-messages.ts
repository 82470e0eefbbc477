/** `golden/kafka-messages.json`: what it has, and its Java values as a JavaScript program would write them. */
import { MessageBuilder, MessageHeaders, type Message } from '@streambind/core';
import { UntrustedHeader, kafkaTyped } from '../../src/index.js';
import { TEXT, type Instead } from '../golden/left-out.js';
import { golden } from './golden.js';

export type Properties = Readonly<Record<string, string | number | boolean>>;

/** Text, or bytes that are none. */
export type RecordedHeader = readonly [
  name: string,
  value: string | { readonly hex: string } | { readonly base64: string },
];

/** A record on the wire. */
export interface WireMessage {
  /** Undefined where the client chooses. */
  readonly partition: number | undefined;
  /** hex */
  readonly key: string | null;
  /** base64 */
  readonly value: string | null;
  readonly headers: readonly RecordedHeader[];
}

type Sent = Readonly<{
  payload?: unknown;
  as?: 'pojo' | 'bytes' | 'utf8';
  contentType?: string;
  headers?: Readonly<Record<string, unknown>>;
}>;

export interface RecordedPublication {
  readonly id: string;
  readonly properties: Properties;
  readonly sent: Sent;
  readonly annotation: WireMessage | { readonly error: readonly string[] };
}

/** What a foreign client sent. */
export interface Foreign {
  readonly partition?: number;
  readonly key?: string;
  readonly value: string | null;
  readonly headers?: readonly RecordedHeader[];
}

export interface RecordedProcessing {
  readonly model: string;
  readonly received: Foreign;
  readonly sent: readonly WireMessage[];
}

export interface RecordedDeadLetter {
  readonly case: string;
  readonly properties: Properties;
  readonly topicPartitions: number;
  readonly sent: Foreign;
  readonly dlqName: string;
  readonly dlqPartitions: number;
  /** By topic and partition. */
  readonly committed: Readonly<Record<string, number>>;
  readonly inDlq: readonly WireMessage[];
}

/** A value as a Java handler saw it. */
export interface JavaValue {
  readonly type: string;
  readonly value?: unknown;
  readonly base64?: string;
}

export interface RecordedDelivery {
  readonly handler: string;
  readonly message: string;
  readonly value: string | null;
  readonly recordHeaders: readonly RecordedHeader[] | string;
  readonly got: readonly {
    readonly payloadType: string;
    readonly text: string;
    readonly headers?: Readonly<Record<string, JavaValue>>;
  }[];
}

export const recordedMessages = golden<{
  published: readonly RecordedPublication[];
  partitions: readonly {
    readonly id: string;
    readonly properties: Properties;
    readonly partitionOf: Readonly<Record<string, { readonly key: unknown; readonly partition: number }>>;
  }[];
  processors: readonly RecordedProcessing[];
  deadLetters: readonly RecordedDeadLetter[];
  inbound: readonly RecordedDelivery[];
  inboundHeaderTypes: {
    readonly headers: readonly RecordedHeader[];
    readonly spring_json_header_types: Readonly<Record<string, string>>;
  };
}>('kafka-messages');

/** How many partitions the topic of a row had before the application came. */
export const existingPartitions = (properties: Properties): number | undefined =>
  properties['(partitions of the existing topic)'] as number | undefined;

/** Otherwise the client does. */
export const choosesPartition = ({ properties, sent }: RecordedPublication): boolean =>
  'spring.cloud.stream.bindings.output.producer.partition-key-expression' in properties ||
  'kafka_partitionId' in (sent.headers ?? {});

/** An inbound case as its client sent it. */
export function sentFor({ value, recordHeaders }: RecordedDelivery): Foreign {
  if (typeof recordHeaders !== 'string') return { value, headers: recordHeaders };
  const { headers, spring_json_header_types: types } = recordedMessages.inboundHeaderTypes;
  return {
    key: 'k',
    value,
    headers: [['contentType', 'text/plain'], ...headers, ['spring_json_header_types', JSON.stringify(types)]],
  };
}

/** The recordings' POJO. */
export class Order {
  id: string | null = null;
  amount = 0;
  tags: string[] | null = null;

  toString(): string {
    return `Order[id=${this.id},amount=${this.amount},tags=${this.tags ? `[${this.tags.join(', ')}]` : null}]`;
  }
}

interface Typed {
  readonly type: string;
  readonly value?: unknown;
}

const isTyped = (given: unknown): given is Typed =>
  typeof given === 'object' && given !== null && typeof (given as Typed).type === 'string';

/** What a JavaScript program says where the recorded Java program said this. */
export function ours(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(ours);
  if (typeof given !== 'object' || given === null) return given;
  if (!isTyped(given)) return mapped(given);
  const { type, value } = given;
  switch (type) {
    case 'long':
    case 'biginteger':
      return BigInt(value as string);
    case 'short':
    case 'byte':
    case 'float':
    case 'char':
    case 'uuid':
      return kafkaTyped(type, value);
    case 'bigdecimal':
      return kafkaTyped('bigDecimal', value);
    case 'mimetype':
      return kafkaTyped('mimeType', value);
    case 'enum':
      return kafkaTyped('it.Typed$Color', value);
    case 'instant':
      return kafkaTyped('instant', new Date(value as string));
    case 'date':
      return new Date(value as string);
    case 'bytes':
      return Buffer.from(value as string, 'base64');
    case 'utf8':
      return Buffer.from(value as string);
    case 'list':
      return (value as unknown[]).map(ours);
    case 'stringarray':
      return kafkaTyped('[Ljava.lang.String;', value);
    case 'map':
      return mapped(value as object);
    case 'pojo':
      return kafkaTyped('it.Order', Object.assign(new Order(), value));
    case 'null':
      return null;
    // int, double, boolean
    default:
      return value;
  }
}

const mapped = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, ours(value)]));

/** A key of `partitions`: a UUID is text here. */
export const keyOf = (key: unknown): unknown => (isTyped(key) && key.type === 'uuid' ? key.value : key);

export function sentMessage({ payload, as, contentType, headers = {} }: Sent): Message {
  // copied, because some rows have headers that only the framework sets
  const builder = MessageBuilder.withPayload(payloadOf(payload, as)).copyHeaders(mapped(headers));
  if (contentType !== undefined) builder.setHeader(MessageHeaders.CONTENT_TYPE, contentType);
  return builder.build();
}

function payloadOf(payload: unknown, as: Sent['as']): unknown {
  if (as === 'pojo') return Object.assign(new Order(), payload);
  if (as === 'bytes') return Buffer.from(payload as string, 'base64');
  if (as === 'utf8') return Buffer.from(payload as string);
  const said = ours(payload);
  // JSON of a bigint is refused; a string goes into the body as it is
  return typeof said === 'bigint' ? String(said) : said;
}

/** A payload as the recordings print it. */
export function asJava(payload: unknown): { payloadType: string; text: string } {
  if (payload === null) return { payloadType: 'org.springframework.kafka.support.KafkaNull', text: 'null' };
  if (typeof payload === 'string') return { payloadType: 'java.lang.String', text: payload };
  if (payload instanceof Uint8Array) return { payloadType: 'byte[]', text: Buffer.from(payload).toString() };
  if (payload instanceof Order) return { payloadType: 'it.Order', text: String(payload) };
  return {
    payloadType: Array.isArray(payload) ? 'java.util.ArrayList' : 'java.util.LinkedHashMap',
    text: javaText(payload),
  };
}

/** What a Java handler got, as `asJava` prints it: one that prints a Java object prints its address. */
export const recordedPayload = ({ payloadType, text }: RecordedDelivery['got'][number]): object => ({
  payloadType,
  text: payloadType.endsWith('.KafkaNull') ? 'null' : text,
});

/** What a handler gets of a value that is listed as another payload than Spring's. */
export function inPlace(value: string | null, as: Instead['got']): object {
  if (value === null) return asJava(null);
  return asJava(as === 'json' ? JSON.parse(value) : as === 'bytes' ? Buffer.from(value) : value);
}

function javaText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value).map(([name, each]) => `${name}=${javaText(each)}`).join(', ')}}`; // prettier-ignore
}

/** Made anew for every delivery or every run, or a Java object. */
const UNEQUAL = ['id', 'timestamp', 'deliveryAttempt', 'kafka_consumer', 'kafka_offset', 'kafka_receivedTimestamp', 'kafka_receivedTopic']; // prettier-ignore
/** Of rows that list only some of them. */
const facts = (name: string): boolean => name.startsWith('kafka_');

const bytes = (value: Uint8Array): object => ({ bytes: Buffer.from(value).toString('base64') });

/** Headers of a handler of ours, those that a recorded row can have. */
export function comparableHeaders(headers: Readonly<Record<string, unknown>>, recorded: object): object {
  const whole = 'kafka_groupId' in recorded;
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !UNEQUAL.includes(name) && (whole || !facts(name)))
      .map(([name, value]) => [name, comparableValue(value)]),
  );
}

function comparableValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytes(value);
  if (value instanceof UntrustedHeader) {
    return String(value).replace('UntrustedHeader', 'NonTrustedHeaderType');
  }
  return value;
}

/** What a Java handler got, as JavaScript values. */
export const recordedHeaders = (headers: Readonly<Record<string, JavaValue>>): object =>
  Object.fromEntries(Object.entries(valuesOf(headers)).filter(([name]) => !UNEQUAL.includes(name)));

const valuesOf = (values: Readonly<Record<string, JavaValue>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, name in TEXT ? value.value : valueOf(value)]),
  );

function valueOf({ type, value, base64 }: JavaValue): unknown {
  switch (type) {
    case 'byte[]':
      return { bytes: base64 };
    case 'java.util.Date':
      return new Date(value as string);
    case 'java.util.ArrayList':
      return (value as JavaValue[]).map(valueOf);
    case 'java.util.LinkedHashMap':
      return valuesOf(value as Record<string, JavaValue>);
    default:
      return value;
  }
}

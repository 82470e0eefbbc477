/** `golden/rabbit-messages.json`: what it has, and its Java values as a JavaScript program would write them. */
import { MessageBuilder, MessageHeaders, type Message } from '@streambind/core';
import { amqpTyped } from '../../src/index.js';
import type { Instead } from '../golden/left-out.js';
import { amqplibHeaders, type Field, type Fields } from './fields.js';
import { golden } from './golden.js';

export type Properties = Readonly<Record<string, string | number | boolean>>;

/** A message on the wire; `properties` by their AMQP names, those that are there. */
export interface WireMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Readonly<Record<string, string | number | Fields>>;
  /** base64 */
  readonly body: string;
}

type Sent = Readonly<{
  payload?: unknown;
  as?: 'pojo' | 'bytes' | 'utf8';
  contentType?: string;
  headers?: Readonly<Record<string, unknown>>;
  times?: number;
}>;

export interface RecordedPublication {
  readonly id: string;
  readonly properties: Properties;
  readonly sent: Sent;
  readonly annotation: Partial<WireMessage> & { readonly error?: readonly string[]; readonly alsoSent?: unknown };
}

/** What a foreign client published, as amqplib's options. */
export interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: string;
  readonly properties: Readonly<Record<string, unknown>> & { readonly headers?: Readonly<Record<string, unknown>> };
}

export interface RecordedProcessing {
  readonly model: string;
  readonly received: Published;
  readonly sent: readonly WireMessage[];
}

export interface RecordedDeadLetter {
  readonly case: string;
  readonly properties: Properties;
  readonly sent: Published;
  readonly clientFrames: readonly {
    readonly method: string;
    readonly exchange?: string;
    readonly routingKey?: string;
  }[];
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
  readonly body: string;
  readonly properties: Readonly<Record<string, unknown>>;
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
    readonly routingKeys: Readonly<Record<string, { readonly key: unknown; readonly routingKey: string }>>;
  }[];
  processors: readonly RecordedProcessing[];
  deadLetters: readonly RecordedDeadLetter[];
  inbound: readonly RecordedDelivery[];
}>('rabbit-messages');

/** The table of the inbound case `header types`, which the recording describes in words. */
const HEADER_TYPES: Fields = {
  hs: { t: 'S', v: 's' },
  hi: { t: 'b', v: 1 },
  hbig: { t: 'l', v: 5000000000 },
  hd: { t: 'd', v: 1.5 },
  hb: { t: 't', v: true },
  hn: { t: 'V', v: null },
  hl: {
    t: 'A',
    v: [
      { t: 'S', v: 'a' },
      { t: 'b', v: 1 },
    ] satisfies Field[],
  },
  hm: { t: 'F', v: { x: { t: 'b', v: 1 }, y: { t: 'F', v: { z: { t: 'S', v: 'q' } } } } },
  ht: { t: 'T', v: 1704164645 },
  hbuf: { t: 'x', v: 'AAH/' },
  hshort: { t: 's', v: 3 },
  hbyte: { t: 'b', v: 4 },
  hfloat: { t: 'f', v: 0.5 },
};

const HEADERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'header types': amqplibHeaders(HEADER_TYPES),
  'contentType in headers table': { contentType: 'application/json' },
};

/** An inbound case as its client published it. */
export const publishedFor = ({ message, body, properties }: RecordedDelivery): Published => ({
  exchange: 'inb',
  routingKey: 'inb',
  body,
  properties: { ...properties, ...(message in HEADERS ? { headers: HEADERS[message]! } : {}) },
});

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
      return BigInt(value as string);
    case 'short':
    case 'byte':
    case 'float':
      return amqpTyped(type, value as number);
    case 'bigdecimal':
      return amqpTyped('decimal', value as string);
    case 'date':
      return new Date(value as string);
    case 'bytes':
      return Buffer.from(value as string, 'base64');
    case 'list':
    case 'stringarray':
      return (value as unknown[]).map(ours);
    case 'map':
      return mapped(value as object);
    case 'pojo':
      return Object.assign(new Order(), value);
    case 'null':
      return null;
    // int, double, boolean; and what JavaScript has no type for and Spring sends as text: char, uuid, enum, instant …
    default:
      return value;
  }
}

const mapped = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, ours(value)]));

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
  if (typeof payload === 'string') return { payloadType: 'java.lang.String', text: payload };
  if (payload instanceof Uint8Array) return { payloadType: 'byte[]', text: Buffer.from(payload).toString() };
  if (payload instanceof Order) return { payloadType: 'it.Order', text: String(payload) };
  return {
    payloadType: Array.isArray(payload) ? 'java.util.ArrayList' : 'java.util.LinkedHashMap',
    text: javaText(payload),
  };
}

/** What a handler gets of a body that is listed as another payload than Spring's. */
export function inPlace(body: string, as: Instead['got']): object {
  return asJava(as === 'json' ? JSON.parse(body) : as === 'bytes' ? Buffer.from(body) : body);
}

function javaText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value).map(([name, each]) => `${name}=${javaText(each)}`).join(', ')}}`; // prettier-ignore
}

/** Made anew for every delivery, or a Java object. */
const UNEQUAL = ['id', 'timestamp', 'sourceData', 'deliveryAttempt', 'amqp_consumerTag', 'amqp_deliveryTag'];

const withoutUnequal = (headers: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !UNEQUAL.includes(name)));

/** Headers of a handler of ours. */
export const comparableHeaders = (headers: Readonly<Record<string, unknown>>): object =>
  withoutUnequal(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]))); // prettier-ignore

/** What a Java handler got, as JavaScript values. */
export const recordedHeaders = (headers: Readonly<Record<string, JavaValue>>): object =>
  withoutUnequal(valuesOf(headers));

const valuesOf = (values: Readonly<Record<string, JavaValue>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueOf(value)]));

function valueOf({ type, value, base64 }: JavaValue): unknown {
  switch (type) {
    case 'byte[]':
      return [...Buffer.from(base64!, 'base64')];
    case 'java.util.Date':
      return new Date(value as string);
    case 'java.util.ArrayList':
      return (value as JavaValue[]).map(valueOf);
    case 'java.util.HashMap':
      return valuesOf(value as Record<string, JavaValue>);
    default:
      return value;
  }
}

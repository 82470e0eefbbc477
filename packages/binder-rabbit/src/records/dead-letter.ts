/** What a message becomes when it is dead: itself, and beside its headers four that tell why. Spring: `RepublishMessageRecoverer`. */
import { stackTraceOf } from '@streambind/core/binder';
import type { RawMessage } from '../client/amqplib.js';
import type { Properties } from '../client/frames.js';
import { TableHeaders } from './headers.js';
import { modeNumber } from './outbound.js';
import type { RabbitConsumerOptions } from '../options/options.js';
import { ReceivedTable } from './table.js';
import { TableWriter } from './table-writer.js';

export interface DeadLetter {
  readonly properties: Properties;
  readonly body: Buffer;
  /** The stack trace or the message of the error did not fit into one frame. */
  readonly cut: boolean;
}

type Options = Pick<RabbitConsumerOptions, 'republishDeliveyMode' | 'frameMaxHeadroom'>;

/** Bytes that a content header takes beside its strings and the fields that are written first; generous. */
const FIXED = 256;

const REPLACED: ReadonlySet<string> = new Set([
  TableHeaders.EXCEPTION_STACK_TRACE,
  TableHeaders.EXCEPTION_MESSAGE,
  TableHeaders.ORIGINAL_EXCHANGE,
  TableHeaders.ORIGINAL_ROUTING_KEY,
]);

/**
 * Body and header table stay as they were, byte for byte. The user that published it is dropped from the properties: the
 * broker takes only the one of the connection.
 * @param frameMax bytes, as negotiated
 */
export function deadLetter(message: RawMessage, reason: Error, frameMax: number, options: Options): DeadLetter {
  const { fields, properties: original, content } = message;
  const { userId: _, ...properties }: Properties = {
    ...original,
    deliveryMode: modeNumber(options.republishDeliveyMode),
  };
  const writer = new TableWriter();
  writer.raw(new ReceivedTable(original.headers ?? Buffer.alloc(0)).without(REPLACED));
  writer.field(TableHeaders.ORIGINAL_EXCHANGE, fields.exchange);
  writer.field(TableHeaders.ORIGINAL_ROUTING_KEY, fields.routingKey);

  const largest = frameMax === 0 ? Infinity : frameMax;
  const room = Math.max(0, largest - FIXED - writer.length - bytesOf(properties));
  const most = largest - options.frameMaxHeadroom;
  const text = cutTo(reason.message, Math.floor(room / 2));
  const trace = stackTraceOf(reason);
  const cutTrace = cutTo(trace, Math.min(room - Buffer.byteLength(text), most > 0 ? most : Infinity));
  // Java's null: an error that says nothing
  writer.field(TableHeaders.EXCEPTION_MESSAGE, reason.message === '' ? null : text);
  writer.field(TableHeaders.EXCEPTION_STACK_TRACE, cutTrace);
  properties.headers = writer.take();
  return {
    properties,
    body: content,
    cut: text.length < reason.message.length || cutTrace.length < trace.length,
  };
}

const bytesOf = (properties: Properties): number =>
  Object.values(properties).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? 1 + Buffer.byteLength(value) : 0),
    0,
  );

/** So many bytes of it, without half a character. */
function cutTo(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .toString('utf8', 0, bytes)
    .replace(/\uFFFD$/, '');
}

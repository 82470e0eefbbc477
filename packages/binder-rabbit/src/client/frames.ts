/**
 * The four frames that are written for every message: publish, ack, nack, and a message's content. amqplib writes each
 * message with a system call of its own; here what one turn of the event loop produces is one write. Everything else a
 * connection says (handshake, declarations, consumers, heartbeats) stays amqplib's.
 */
import { StreambindError } from '@streambind/core/binder';

/** Properties of a message as AMQP 0-9-1 has them; an absent one is not on the wire. */
export interface Properties {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
  /** An encoded field table without its length; may be overwritten once the message was encoded. */
  headers?: Uint8Array | undefined;
  deliveryMode?: number | undefined;
  priority?: number | undefined;
  correlationId?: string | undefined;
  replyTo?: string | undefined;
  expiration?: string | undefined;
  messageId?: string | undefined;
  /** Seconds. */
  timestamp?: number | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  appId?: string | undefined;
  clusterId?: string | undefined;
}

/** A message as it goes on the wire. */
export interface Publication {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
  readonly body: Uint8Array;
}

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
const FRAME_OVERHEAD = 8;
const BASIC = 60;
const PUBLISH = 40;
const ACK = 80;
const NACK = 120;

const SLAB = 64 * 1024;
/** Bodies up to this are copied beside their frame headers; longer ones are written as they are. */
const COPIED_BODY = 16 * 1024;
/** Frames without their strings, table and body. */
const FIXED = 128;

export class FrameWriter {
  readonly #write: (bytes: Buffer) => void;
  readonly #frameMax: number;
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #start = 0;
  #end = 0;
  #scheduled = false;

  /** @param write takes bytes that will not change any more */
  constructor(frameMax: number, write: (bytes: Buffer) => void) {
    this.#frameMax = frameMax;
    this.#write = write;
  }

  publish(
    channel: number,
    exchange: string,
    routingKey: string,
    mandatory: boolean,
    properties: Properties,
    body: Uint8Array,
  ): void {
    // nothing is encoded before it is known that all of it can be
    this.#room(this.#size(routingKey, properties) + 3 * exchange.length);
    this.#method(channel, PUBLISH);
    this.#short(0);
    this.#shortString(exchange);
    this.#shortString(routingKey);
    this.#byte(mandatory ? 1 : 0);
    this.#endFrame();
    this.#header(channel, properties, body.byteLength);
    this.#body(channel, body);
    this.#schedule();
  }

  ack(channel: number, tag: number, multiple: boolean): void {
    this.#settle(channel, ACK, tag, multiple ? 1 : 0);
  }

  nack(channel: number, tag: number, requeue: boolean): void {
    this.#settle(channel, NACK, tag, requeue ? 2 : 0);
  }

  /** Writes what was encoded so far; runs by itself at the end of the current step of the event loop. */
  flush(): void {
    if (this.#end === this.#start) return;
    const bytes = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#write(bytes);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flushed);
  }

  readonly #flushed = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  #settle(channel: number, method: number, tag: number, bits: number): void {
    this.#room(FIXED);
    this.#method(channel, method);
    this.#longLong(tag);
    this.#byte(bits);
    this.#endFrame();
    this.#schedule();
  }

  #header(channel: number, properties: Properties, bodySize: number): void {
    this.#startFrame(HEADER, channel);
    this.#short(BASIC);
    this.#short(0);
    this.#longLong(bodySize);
    const flagsAt = this.#end;
    this.#end += 2;
    let flags = 0;
    const shortString = (bit: number, value: string | undefined): void => {
      if (value === undefined) return;
      flags |= bit;
      this.#shortString(value);
    };
    shortString(0x8000, properties.contentType);
    shortString(0x4000, properties.contentEncoding);
    if (properties.headers !== undefined) {
      flags |= 0x2000;
      this.#end = this.#slab.writeUInt32BE(properties.headers.byteLength, this.#end);
      this.#slab.set(properties.headers, this.#end);
      this.#end += properties.headers.byteLength;
    }
    if (properties.deliveryMode !== undefined) {
      flags |= 0x1000;
      this.#byte(properties.deliveryMode);
    }
    if (properties.priority !== undefined) {
      flags |= 0x0800;
      this.#byte(properties.priority);
    }
    shortString(0x0400, properties.correlationId);
    shortString(0x0200, properties.replyTo);
    shortString(0x0100, properties.expiration);
    shortString(0x0080, properties.messageId);
    if (properties.timestamp !== undefined) {
      flags |= 0x0040;
      this.#longLong(properties.timestamp);
    }
    shortString(0x0020, properties.type);
    shortString(0x0010, properties.userId);
    shortString(0x0008, properties.appId);
    shortString(0x0004, properties.clusterId);
    this.#slab.writeUInt16BE(flags, flagsAt);
    this.#endFrame();
  }

  #body(channel: number, body: Uint8Array): void {
    const most = this.#frameMax - FRAME_OVERHEAD;
    for (let from = 0; from < body.byteLength; from += most) {
      const part = body.byteLength <= most ? body : body.subarray(from, from + most);
      if (part.byteLength <= COPIED_BODY) {
        this.#room(part.byteLength + FRAME_OVERHEAD);
        this.#startFrame(BODY, channel);
        this.#slab.set(part, this.#end);
        this.#end += part.byteLength;
        this.#endFrame();
      } else {
        this.#room(FRAME_OVERHEAD);
        this.#startFrame(BODY, channel);
        this.#slab.writeUInt32BE(part.byteLength, this.#frameStart + 3);
        this.flush();
        this.#write(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
        this.#room(1);
        this.#byte(FRAME_END);
      }
    }
  }

  #frameStart = 0;

  #method(channel: number, method: number): void {
    this.#startFrame(METHOD, channel);
    this.#short(BASIC);
    this.#short(method);
  }

  #startFrame(type: number, channel: number): void {
    this.#frameStart = this.#end;
    this.#byte(type);
    this.#short(channel);
    this.#end += 4;
  }

  #endFrame(): void {
    this.#slab.writeUInt32BE(this.#end - this.#frameStart - 7, this.#frameStart + 3);
    this.#byte(FRAME_END);
  }

  /** What was encoded stays valid: a full slab is written and left to the socket. */
  #room(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    this.flush();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB, bytes));
    this.#start = 0;
    this.#end = 0;
  }

  #byte(value: number): void {
    this.#slab[this.#end++] = value;
  }

  #short(value: number): void {
    this.#end = this.#slab.writeUInt16BE(value, this.#end);
  }

  #longLong(value: number): void {
    this.#end = this.#slab.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.#end);
    this.#end = this.#slab.writeUInt32BE(value % 0x1_0000_0000, this.#end);
  }

  #shortString(value: string): void {
    const written = this.#slab.write(value, this.#end + 1);
    this.#slab[this.#end] = written;
    this.#end += 1 + written;
  }

  /** Bytes that the method and the header of a message can take at most. @throws PUBLISH_REFUSED when AMQP has no room for them */
  #size(routingKey: string, properties: Properties): number {
    let bytes = FIXED + shortString('routing key', routingKey);
    for (const name of SHORT_STRINGS) {
      const value = properties[name];
      if (value !== undefined) bytes += shortString(name, value);
    }
    const table = properties.headers?.byteLength ?? 0;
    if (bytes + table > this.#frameMax) {
      throw new StreambindError('PUBLISH_REFUSED', 'The headers of a message do not fit into one frame.', {
        given: `${table} bytes`,
        allowed: `${this.#frameMax - bytes} bytes beside its properties (frame_max of the connection)`,
      });
    }
    return bytes + table;
  }
}

const SHORT_STRINGS = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'type',
  'userId',
  'appId',
  'clusterId',
] as const satisfies readonly (keyof Properties)[];

/** Bytes it can take at most. */
function shortString(name: string, value: string): number {
  const most = 3 * value.length;
  if (most > 255 && Buffer.byteLength(value) > 255) {
    throw new StreambindError('PUBLISH_REFUSED', `The ${name} of a message is too long for AMQP.`, {
      given: `${Buffer.byteLength(value)} bytes`,
      allowed: '255 bytes',
    });
  }
  return most;
}

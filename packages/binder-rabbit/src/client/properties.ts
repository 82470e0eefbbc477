/** Method and content header of a message, read from their frames: the reverse of `FrameWriter`. */
import type { Properties } from './frames.js';

/** Properties as they came; `headers` is the encoded field table without its length. */
export type RawProperties = Readonly<Omit<Properties, 'headers'>> & { readonly headers?: Buffer };

/** `basic.deliver`; what came back unroutable has no consumer. */
export interface DeliveryFields {
  readonly consumerTag?: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Of one connection: strings that are mostly the same from message to message are made once. */
export class DeliveryReader {
  readonly #consumerTag = new RepeatedString();
  readonly #exchange = new RepeatedString();
  readonly #routingKey = new RepeatedString();
  readonly #contentType = new RepeatedString();

  /** @param from where the arguments of the method begin */
  fields(bytes: Buffer, from: number): DeliveryFields {
    const consumerTag = this.#consumerTag.read(bytes, from);
    let at = from + 1 + bytes[from]!;
    const deliveryTag = longLong(bytes, at);
    const redelivered = (bytes[at + 8]! & 1) !== 0;
    at += 9;
    const exchange = this.#exchange.read(bytes, at);
    at += 1 + bytes[at]!;
    return { consumerTag, deliveryTag, redelivered, exchange, routingKey: this.#routingKey.read(bytes, at) };
  }

  /** @param from where the property flags begin */
  properties(bytes: Buffer, from: number): RawProperties {
    const properties: Omit<Properties, 'headers'> & { headers?: Buffer } = {};
    const flags = bytes.readUInt16BE(from);
    let at = from + 2;
    const shortString = (): string => {
      const start = at + 1;
      at = start + bytes[at]!;
      return bytes.toString('utf8', start, at);
    };
    if (flags & 0x8000) {
      properties.contentType = this.#contentType.read(bytes, at);
      at += 1 + bytes[at]!;
    }
    if (flags & 0x4000) properties.contentEncoding = shortString();
    if (flags & 0x2000) {
      const start = at + 4;
      at = start + bytes.readUInt32BE(at);
      properties.headers = bytes.subarray(start, at);
    }
    if (flags & 0x1000) properties.deliveryMode = bytes[at++]!;
    if (flags & 0x0800) properties.priority = bytes[at++]!;
    if (flags & 0x0400) properties.correlationId = shortString();
    if (flags & 0x0200) properties.replyTo = shortString();
    if (flags & 0x0100) properties.expiration = shortString();
    if (flags & 0x0080) properties.messageId = shortString();
    if (flags & 0x0040) {
      properties.timestamp = longLong(bytes, at);
      at += 8;
    }
    if (flags & 0x0020) properties.type = shortString();
    if (flags & 0x0010) properties.userId = shortString();
    if (flags & 0x0008) properties.appId = shortString();
    if (flags & 0x0004) properties.clusterId = shortString();
    return properties;
  }
}

/** A short string that is compared with the one before it, which is cheaper than to make it again. */
class RepeatedString {
  #bytes: Buffer = Buffer.alloc(1);
  #text = '';

  /** @param at where its length stands */
  read(bytes: Buffer, at: number): string {
    const known = this.#bytes;
    for (let index = 0; index < known.length; index++) {
      if (bytes[at + index] !== known[index]) return this.#read(bytes, at);
    }
    return this.#text;
  }

  #read(bytes: Buffer, at: number): string {
    const end = at + 1 + bytes[at]!;
    // a copy, so that what came with it is not kept
    this.#bytes = Buffer.from(bytes.subarray(at, end));
    return (this.#text = bytes.toString('utf8', at + 1, end));
  }
}

const longLong = (bytes: Buffer, at: number): number =>
  bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);

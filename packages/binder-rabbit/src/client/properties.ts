/** The content header of a message, read from its frame: the reverse of `FrameWriter`. */
import type { Properties } from './frames.js';

/** Properties as they came; `headers` is the encoded field table without its length. */
export type RawProperties = Readonly<Omit<Properties, 'headers'>> & { readonly headers?: Buffer };

/** @param frame its payload from the property flags on */
export function decodeProperties(frame: Buffer): RawProperties {
  const properties: Omit<Properties, 'headers'> & { headers?: Buffer } = {};
  const flags = frame.readUInt16BE(0);
  let at = 2;
  const shortString = (): string => {
    const from = at + 1;
    at = from + frame[at]!;
    return frame.toString('utf8', from, at);
  };
  if (flags & 0x8000) properties.contentType = shortString();
  if (flags & 0x4000) properties.contentEncoding = shortString();
  if (flags & 0x2000) {
    const from = at + 4;
    at = from + frame.readUInt32BE(at);
    properties.headers = frame.subarray(from, at);
  }
  if (flags & 0x1000) properties.deliveryMode = frame[at++]!;
  if (flags & 0x0800) properties.priority = frame[at++]!;
  if (flags & 0x0400) properties.correlationId = shortString();
  if (flags & 0x0200) properties.replyTo = shortString();
  if (flags & 0x0100) properties.expiration = shortString();
  if (flags & 0x0080) properties.messageId = shortString();
  if (flags & 0x0040) {
    properties.timestamp = frame.readUInt32BE(at) * 0x1_0000_0000 + frame.readUInt32BE(at + 4);
    at += 8;
  }
  if (flags & 0x0020) properties.type = shortString();
  if (flags & 0x0010) properties.userId = shortString();
  if (flags & 0x0008) properties.appId = shortString();
  if (flags & 0x0004) properties.clusterId = shortString();
  return properties;
}

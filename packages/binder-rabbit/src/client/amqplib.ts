/**
 * What is touched of amqplib beside its public door, all of it here and pinned by `amqplib.unit.test.ts`; its version is
 * fixed in package.json. Two touches: the three frames of a delivery are decoded here, because amqplib rounds 64-bit
 * integers, forgets widths, and makes the same strings and several views of each frame for every message; and frames of
 * the hot path go to the socket directly.
 */
import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { StreambindError } from '@streambind/core/binder';
import { DeliveryReader, type DeliveryFields, type RawProperties } from './properties.js';

const METHOD_FRAME = 1;
const HEADER_FRAME = 2;
const BODY_FRAME = 3;
const FRAME_HEADER_BYTES = 7;
const FRAME_END = 0xce;
const BASIC_PROPERTIES = 60;
const BASIC_DELIVER = 60 * 0x1_0000 + 60;

interface ConnectionInternals {
  readonly stream: Duplex;
  readonly frameMax: number;
  /** Received and not yet parsed. */
  rest: Buffer;
  recvFrame(): unknown;
}

interface ChannelInternals {
  /** The number of the channel. */
  readonly ch: number;
}

export interface Internals {
  readonly stream: Duplex;
  /** Bytes. */
  readonly frameMax: number;
}

/** A message as it comes from a connection that was touched. */
export interface RawMessage {
  readonly fields: DeliveryFields;
  readonly properties: RawProperties;
  readonly content: Buffer;
}

/** Makes deliveries arrive as `RawMessage`; call once, before any channel is opened. */
export function touch(model: Pick<ChannelModel, 'connection'>): Internals {
  const connection = model.connection as unknown as ConnectionInternals;
  if (!Buffer.isBuffer(connection.rest) || typeof connection.recvFrame !== 'function' || !connection.stream) {
    throw new StreambindError('INTERNAL', 'This version of amqplib is not the one that the binder was built for.', {
      fix: 'Install the version of amqplib that @streambind/binder-rabbit names in its package.json.',
    });
  }
  const receive = connection.recvFrame.bind(connection);
  const reader = new DeliveryReader();
  /** Where the next frame begins in `rest`. */
  let at = 0;
  const leaveToAmqplib = (): unknown => {
    if (at > 0) connection.rest = connection.rest.subarray(at);
    at = 0;
    return receive();
  };
  // amqplib calls it for every frame, and again from within when it had to read from the socket first
  connection.recvFrame = () => {
    const { rest } = connection;
    const payload = at + FRAME_HEADER_BYTES;
    if (rest.length <= payload) return leaveToAmqplib();
    const end = payload + rest.readUInt32BE(payload - 4);
    // not there yet, or broken
    if (rest.length <= end || rest[end] !== FRAME_END) return leaveToAmqplib();
    const channel = rest.readUInt16BE(at + 1);
    switch (rest[at]) {
      case METHOD_FRAME:
        if (rest.readUInt32BE(payload) !== BASIC_DELIVER) return leaveToAmqplib();
        at = end + 1;
        return { id: BASIC_DELIVER, channel, fields: reader.fields(rest, payload + 4) };
      case HEADER_FRAME: {
        at = end + 1;
        const size = rest.readUInt32BE(payload + 4) * 0x1_0000_0000 + rest.readUInt32BE(payload + 8);
        return { id: BASIC_PROPERTIES, channel, size, fields: reader.properties(rest, payload + 12) };
      }
      case BODY_FRAME:
        at = end + 1;
        return { channel, content: rest.subarray(payload, end) };
      default:
        return leaveToAmqplib();
    }
  };
  return connection;
}

export const numberOf = (channel: Channel): number => (channel as unknown as ChannelInternals).ch;

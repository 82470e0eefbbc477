/**
 * What is touched of amqplib beside its public door, all of it here and pinned by `amqplib.int.test.ts`; its version is
 * fixed in package.json. Two touches: the header frame of a message is decoded here, because amqplib rounds 64-bit
 * integers and forgets widths; and frames of the hot path go to the socket directly.
 */
import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { StreambindError } from '@streambind/core/binder';
import { decodeProperties, type RawProperties } from './properties.js';

const HEADER_FRAME = 2;
const FRAME_HEADER_BYTES = 7;
const FRAME_END = 0xce;
const BASIC_PROPERTIES = 60;

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
  readonly fields: {
    readonly deliveryTag: number;
    readonly redelivered: boolean;
    readonly exchange: string;
    readonly routingKey: string;
    readonly consumerTag?: string;
  };
  readonly properties: RawProperties;
  readonly content: Buffer;
}

/** Makes header frames arrive as `RawProperties`; call once, before any channel is opened. */
export function touch(model: ChannelModel): Internals {
  const connection = model.connection as unknown as ConnectionInternals;
  if (!Buffer.isBuffer(connection.rest) || typeof connection.recvFrame !== 'function' || !connection.stream) {
    throw new StreambindError('INTERNAL', 'This version of amqplib is not the one that the binder was built for.', {
      fix: 'Install the version of amqplib that @streambind/binder-rabbit names in its package.json.',
    });
  }
  const receive = connection.recvFrame.bind(connection);
  // amqplib calls it for every frame, and again from within when it had to read from the socket first
  connection.recvFrame = () => {
    const { rest } = connection;
    if (rest.length <= FRAME_HEADER_BYTES || rest[0] !== HEADER_FRAME) return receive();
    const end = FRAME_HEADER_BYTES + rest.readUInt32BE(3);
    // not there yet, or broken: amqplib knows what to do
    if (rest.length <= end || rest[end] !== FRAME_END) return receive();
    connection.rest = rest.subarray(end + 1);
    return {
      id: BASIC_PROPERTIES,
      channel: rest.readUInt16BE(1),
      size: rest.readUInt32BE(FRAME_HEADER_BYTES + 4) * 0x1_0000_0000 + rest.readUInt32BE(FRAME_HEADER_BYTES + 8),
      fields: decodeProperties(rest.subarray(FRAME_HEADER_BYTES + 12, end)),
    };
  };
  return connection;
}

export const numberOf = (channel: Channel): number => (channel as unknown as ChannelInternals).ch;

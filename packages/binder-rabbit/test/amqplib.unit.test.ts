/** What is touched of amqplib: with it and without, the same bytes are the same frames, however they are cut. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import { touch } from '../src/client/amqplib.js';
import { FrameWriter } from '../src/client/frames.js';

interface Frame {
  readonly id?: number;
  readonly channel: number;
  readonly size?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly content?: Buffer;
}

interface Connection {
  readonly stream: PassThrough;
  recvFrame(): Frame | false;
}

// its package exports only the doors
const require = createRequire(import.meta.url);
const { Connection } = require(join(dirname(require.resolve('amqplib')), 'lib', 'connection.js')) as {
  Connection: new (stream: PassThrough) => Connection;
};

function newConnection(touched: boolean): Connection {
  const connection = new Connection(new PassThrough());
  if (touched) touch({ connection } as unknown as Pick<ChannelModel, 'connection'>);
  return connection;
}

/** What was received when the bytes come in these parts. */
function receive(connection: Connection, parts: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  for (const part of parts) {
    connection.stream.write(part);
    for (let frame = connection.recvFrame(); frame; frame = connection.recvFrame()) frames.push(frame);
  }
  return frames;
}

/** Of amqplib's own decoder: absent properties are there as undefined, the table is decoded; ours keeps its bytes. */
const comparable = ({ fields, ...frame }: Frame): object => {
  if (!fields) return frame;
  const { headers, ...rest } = fields;
  return {
    ...frame,
    fields: {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      hasHeaders: headers !== undefined,
    },
  };
};

const shortString = (text: string): Buffer =>
  Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head[0] = type;
  head.writeUInt16BE(3, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

function deliver(
  consumerTag: string,
  deliveryTag: number,
  redelivered: boolean,
  exchange: string,
  key: string,
): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeBigUInt64BE(BigInt(deliveryTag));
  const method = Buffer.from([0, 60, 0, 60]);
  const parts = [method, shortString(consumerTag), tag, Buffer.from([Number(redelivered)]), shortString(exchange)];
  return frame(1, Buffer.concat([...parts, shortString(key)]));
}

/** Header and body frames as they follow the method. */
function content(body: Buffer, contentType: string, frameMax = 4096): Buffer {
  const written: Buffer[] = [];
  const writer = new FrameWriter(frameMax, (bytes) => void written.push(Buffer.from(bytes)));
  // one field: `a`, a boolean
  const headers = Buffer.from([1, 0x61, 0x74, 1]);
  writer.publish(3, '', '', false, { contentType, headers, deliveryMode: 2, messageId: 'm', timestamp: 5 }, body);
  writer.flush();
  const all = Buffer.concat(written);
  return all.subarray(8 + all.readUInt32BE(3));
}

const ack = (tag: number): Buffer => {
  const args = Buffer.alloc(9);
  args.writeBigUInt64BE(BigInt(tag));
  return frame(1, Buffer.concat([Buffer.from([0, 60, 0, 80]), args]));
};
const heartbeat = Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce]);

const conversation = Buffer.concat([
  deliver('amq.ctag-a', 1, false, 'orders', 'orders'),
  content(Buffer.from('one'), 'text/plain'),
  heartbeat,
  deliver('amq.ctag-a', 2, true, 'orders', 'orders.né'),
  content(Buffer.alloc(0), 'text/plain'),
  ack(7),
  deliver('amq.ctag-b', 2 ** 33, false, '', 'q'),
  content(Buffer.alloc(900, 'x'), 'application/json', 400),
  deliver('', 4, false, 'orders', ''),
  content(Buffer.from('{}'), 'application/jso'),
]);

describe('frames', () => {
  const expected = receive(newConnection(false), [conversation]);

  test('amqplib reads the conversation', () => {
    expect(expected).toHaveLength(15);
    expect(expected.filter(({ id }) => id === 60 * 65_536 + 60).map(({ fields }) => fields)).toEqual([
      { consumerTag: 'amq.ctag-a', deliveryTag: 1, redelivered: false, exchange: 'orders', routingKey: 'orders' },
      { consumerTag: 'amq.ctag-a', deliveryTag: 2, redelivered: true, exchange: 'orders', routingKey: 'orders.né' },
      { consumerTag: 'amq.ctag-b', deliveryTag: 2 ** 33, redelivered: false, exchange: '', routingKey: 'q' },
      { consumerTag: '', deliveryTag: 4, redelivered: false, exchange: 'orders', routingKey: '' },
    ]);
  });

  test('all at once, in two parts cut anywhere, and byte by byte', () => {
    const wanted = expected.map(comparable);
    expect(receive(newConnection(true), [conversation]).map(comparable)).toEqual(wanted);
    const otherwise: number[] = [];
    for (let cut = 1; cut < conversation.length; cut++) {
      const parts = [conversation.subarray(0, cut), conversation.subarray(cut)];
      const got = receive(newConnection(true), parts).map(comparable);
      if (!isDeepStrictEqual(got, wanted)) otherwise.push(cut);
    }
    expect(otherwise).toEqual([]);
    const bytes = Array.from(conversation, (byte) => Buffer.from([byte]));
    expect(receive(newConnection(true), bytes).map(comparable)).toEqual(wanted);
  });

  test('a broken frame is amqplib’s error', () => {
    const broken = Buffer.from(conversation);
    const end = 7 + broken.readUInt32BE(3);
    broken[end] = 0;
    expect(() => receive(newConnection(true), [broken])).toThrow('Invalid frame');
  });
});

test('another amqplib is refused', () => {
  const model = { connection: { rest: [] } } as unknown as Pick<ChannelModel, 'connection'>;
  expect(() => touch(model)).toThrow('not the one that the binder was built for');
});

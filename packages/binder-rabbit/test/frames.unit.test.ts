/** What is written for a message is what AMQP 0-9-1 asks for, however large, and whatever was written before. */
import { expect, test } from '@jest/globals';
import { FrameWriter, type Properties } from '../src/client/frames.js';
import { DeliveryReader } from '../src/client/properties.js';

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

function written(frameMax: number, write: (writer: FrameWriter) => void): Frame[] {
  const chunks: Buffer[] = [];
  const writer = new FrameWriter(frameMax, (bytes) => chunks.push(bytes));
  write(writer);
  writer.flush();
  const all = Buffer.concat(chunks);
  const frames: Frame[] = [];
  for (let at = 0; at < all.length;) {
    const end = at + 7 + all.readUInt32BE(at + 3);
    expect(all[end]).toBe(0xce);
    frames.push({ type: all[at]!, channel: all.readUInt16BE(at + 1), payload: all.subarray(at + 7, end) });
    at = end + 1;
  }
  return frames;
}

const properties: Properties = {
  contentType: 'application/json;charset=ü',
  contentEncoding: 'gzip',
  headers: Buffer.from('\u0001aS\0\0\0\u0001x'),
  deliveryMode: 2,
  priority: 7,
  correlationId: 'c',
  replyTo: 'r',
  expiration: '60000',
  messageId: 'id',
  timestamp: 0x1_2345_6789,
  type: 't',
  userId: 'u',
  appId: 'a',
  clusterId: 'k',
};

test('method, header and body; every property comes back', () => {
  const [method, header, body] = written(131_072, (writer) =>
    writer.publish(5, 'orders', 'orders-1', true, properties, Buffer.from('hello')),
  ) as [Frame, Frame, Frame];
  expect([method.type, header.type, body.type, body.channel]).toEqual([1, 2, 3, 5]);
  expect(method.payload).toEqual(
    Buffer.concat([Buffer.from([0, 60, 0, 40, 0, 0, 6]), Buffer.from('orders\u0008orders-1'), Buffer.from([1])]),
  );
  expect(header.payload.subarray(0, 12)).toEqual(Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]));
  expect(new DeliveryReader().properties(header.payload, 12)).toEqual(properties);
  expect(body.payload.toString()).toBe('hello');
});

test('an absent property is not on the wire, and an empty body has no frame', () => {
  const frames = written(4096, (writer) => writer.publish(1, '', '', false, { priority: 0 }, new Uint8Array()));
  expect(frames).toHaveLength(2);
  expect(new DeliveryReader().properties(frames[1]!.payload, 12)).toEqual({ priority: 0 });
});

test('bodies of any size among others, cut at the largest frame', () => {
  const sizes = [0, 1, 4088, 4089, 16_384, 16_385, 70_000, 5, 200_000, 65_000, 65_536];
  for (const frameMax of [4096, 131_072]) {
    const frames = written(frameMax, (writer) => {
      for (const [n, size] of sizes.entries()) {
        writer.ack(1, n + 1, true);
        writer.publish(2, 'x', `k${n}`, false, properties, Buffer.alloc(size, n + 1));
        writer.nack(1, 2 ** 40 + n, n % 2 === 0);
      }
    });
    const bodies: Buffer[] = [];
    for (const { type, payload } of frames) {
      expect(payload.length).toBeLessThanOrEqual(frameMax - 8);
      if (type === 2) bodies.push(Buffer.alloc(0));
      else if (type === 3) bodies.push(Buffer.concat([bodies.pop()!, payload]));
    }
    expect(bodies).toHaveLength(sizes.length);
    for (const [n, size] of sizes.entries()) expect(bodies[n]!.equals(Buffer.alloc(size, n + 1))).toBe(true);
    const settled = frames.filter(({ type, channel }) => type === 1 && channel === 1).map(({ payload }) => payload);
    expect(settled[0]).toEqual(Buffer.from([0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 1]));
    expect(settled[1]).toEqual(Buffer.from([0, 60, 0, 120, 0, 0, 1, 0, 0, 0, 0, 0, 2]));
  }
});

test('what AMQP has no room for is refused, and leaves nothing behind', () => {
  const ok = (writer: FrameWriter): void => writer.publish(1, 'x', 'k', false, { messageId: 'ok' }, Buffer.from('b'));
  const wrong: [Properties, string, RegExp][] = [
    [{ correlationId: 'ü'.repeat(128) }, 'k', /correlationId[^]*256 bytes[^]*255 bytes/],
    [{}, 'k'.repeat(256), /routing key[^]*256 bytes/],
    [{ headers: Buffer.alloc(5000) }, 'k', /do not fit into one frame[^]*5000 bytes/],
  ];
  const frames = written(4096, (writer) => {
    for (const [bad, key, message] of wrong) {
      ok(writer);
      expect(() => writer.publish(1, 'x', key, false, bad, Buffer.from('b'))).toThrow(message);
    }
    ok(writer);
  });
  expect(frames.filter(({ type }) => type === 2)).toHaveLength(4);
  expect(frames).toHaveLength(12);
});

test('one step of the event loop is one write', async () => {
  const writes: number[] = [];
  const writer = new FrameWriter(131_072, (bytes) => writes.push(bytes.length));
  for (let n = 0; n < 20; n++) writer.publish(1, 'x', 'k', false, properties, Buffer.alloc(1024));
  expect(writes).toEqual([]);
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(writes).toHaveLength(1);
  writer.ack(1, 1, true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(writes).toHaveLength(2);
});

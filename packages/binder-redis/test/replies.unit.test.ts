/** The reader of RESP2, whatever the chunks are. */
import { describe, expect, test } from '@jest/globals';
import { Replies, type Reply } from '../src/client/replies.js';

const WIRE = [
  ':250\r\n',
  '*-1\r\n',
  '$-1\r\n',
  '*0\r\n',
  '+OK\r\n',
  '-NOGROUP No such key\r\n',
  ':-7\r\n',
  '*1\r\n*2\r\n$6\r\norders\r\n*2\r\n',
  '*2\r\n$3\r\n1-1\r\n*4\r\n$7\r\npayload\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$5\r\nä-x!\r\n',
  '*2\r\n$3\r\n1-2\r\n*-1\r\n',
  '*3\r\n:1\r\n*0\r\n$-1\r\n',
].join('');

const EXPECTED = [
  250,
  null,
  null,
  [],
  'OK',
  'ReplyError: NOGROUP No such key',
  -7,
  [
    [
      'orders',
      [
        ['1-1', ['payload', 'a\r\nb', '', 'ä-x!']],
        ['1-2', null],
      ],
    ],
  ],
  [1, [], null],
];

const plain = (reply: Reply): unknown => {
  if (reply instanceof Error) return String(reply);
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map((each) => plain(each as Reply)) : reply;
};

function read(bytes: Buffer, sizes: () => number, known?: readonly string[]): unknown[] {
  const got: unknown[] = [];
  const replies = new Replies(
    (reply) => got.push(plain(reply)),
    known?.map((text) => Buffer.from(text)),
  );
  for (let at = 0; at < bytes.length;) {
    const size = sizes();
    // what a socket gives is not the reader's to keep whole
    replies.write(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return got;
}

describe('replies', () => {
  const bytes = Buffer.from(WIRE);

  test.each([1, 2, 3, 5, 7, 16, 64, 1000])('come whole from chunks of %i bytes', (size) => {
    expect(read(bytes, () => size)).toEqual(EXPECTED);
    expect(read(bytes, () => size, ['payload', 'headers'])).toEqual(EXPECTED);
  });

  test('come whole wherever the chunks end', () => {
    for (let cut = 1; cut < bytes.length; cut++) {
      const sizes = [cut, bytes.length];
      expect(read(bytes, () => sizes.shift()!)).toEqual(EXPECTED);
    }
  });

  test('of many bytes are put together once, and what follows is read', () => {
    const large = Buffer.alloc(3_000_000, 'x');
    const wire = Buffer.concat([Buffer.from(`*2\r\n$${large.length}\r\n`), large, Buffer.from('\r\n:1\r\n:2\r\n')]);
    const [first, ...rest] = read(wire, () => 65_536) as [[string, number], number];
    expect(first[0]).toHaveLength(large.length);
    expect([first[1], ...rest]).toEqual([1, 2]);
  });

  test('byte strings that come often are one object', () => {
    const got: Reply[] = [];
    const replies = new Replies((reply) => got.push(reply), [Buffer.from('payload')]);
    replies.write(Buffer.from('$7\r\npayload\r\n$7\r\npayloaD\r\n$7\r\npayload\r\n'));
    expect(got[0]).toBe(got[2]);
    expect(plain(got[1]!)).toBe('payloaD');
  });

  test('what is not RESP2 is an error', () => {
    const replies = new Replies(() => {});
    expect(() => replies.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toThrow('something else than RESP2: H');
  });
});

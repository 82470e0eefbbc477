import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../index.mjs';
import { proxy, type Proxy } from '../proxy.mjs';

// the "broker" sends back what it hears; it closes when its client does
let echo: Server;
let peers: Socket[];
let between: Proxy;
let clients: Client[];

/** What a client saw of its connection. */
class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  error?: NodeJS.ErrnoException;
  ended = false;
  closed = false;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (chunk) => this.chunks.push(chunk));
    this.socket.on('error', (error) => (this.error = error));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('close', () => (this.closed = true));
  }

  get heard(): string {
    return Buffer.concat(this.chunks).toString();
  }

  hears(text: string): Promise<unknown> {
    return until(() => this.heard === text, 3000, `"${text}", not "${this.heard}"`);
  }
}

async function client(): Promise<Client> {
  const one = new Client(between.port);
  clients.push(one);
  await once(one.socket, 'connect');
  return one;
}

/** A client whose connection has already carried bytes both ways. */
async function greeted(): Promise<Client> {
  const one = await client();
  one.socket.write('hello');
  await one.hears('hello');
  return one;
}

/** A promise kept by time alone: this long, nothing happens. */
const quiet = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(async () => {
  peers = [];
  clients = [];
  echo = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    peers.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  between = await proxy({ port: address.port });
});

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  await between.close();
  for (const peer of peers) peer.destroy();
  echo.close();
});

describe('without a fault', () => {
  test('bytes pass unchanged both ways, more than any buffer holds', async () => {
    const one = await client();
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));
    one.socket.end(bytes);
    await until(() => one.ended, 10_000, 'the end');
    expect(Buffer.concat(one.chunks).equals(bytes)).toBe(true);
  });

  test('an end passes, and the connection is forgotten', async () => {
    const one = await greeted();
    expect([between.connections, between.accepted]).toEqual([1, 1]);
    one.socket.end();
    await until(() => one.closed && between.connections === 0, 3000, 'the close');
    expect(one.error).toBeUndefined();
  });

  test('a broker that does not listen is a reset', async () => {
    echo.close();
    const one = await client();
    await until(() => one.closed, 3000, 'the close');
    expect(one.error?.code).toBe('ECONNRESET');
  });
});

describe('down', () => {
  test('closes what is open, refuses what comes, and the port is the same afterwards', async () => {
    const one = await greeted();
    await between.down();
    await until(() => one.closed || one.ended, 3000, 'the end');
    await expect(client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const { port } = between;
    await between.restore();
    expect(between.port).toBe(port);
    await greeted();
  });
});

describe('latency and bandwidth', () => {
  test('latency counts per direction, and the order is kept whatever the jitter', async () => {
    between.latency(60, { jitter: 50, direction: 'toBroker' });
    between.latency(100, { direction: 'toClient' });
    const one = await client();
    const began = performance.now();
    for (let index = 0; index < 10; index++) {
      one.socket.write(String(index));
      await quiet(3);
    }
    await one.hears('0123456789');
    expect(performance.now() - began).toBeGreaterThan(110);
  });

  test('latency delays and does not throttle', async () => {
    between.latency(100);
    const one = await client();
    const began = performance.now();
    for (let index = 0; index < 100; index++) {
      one.socket.write('x');
      await new Promise(setImmediate);
    }
    await one.hears('x'.repeat(100));
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('bandwidth is bytes a second', async () => {
    between.bandwidth(100_000, { direction: 'toClient' });
    const one = await client();
    const began = performance.now();
    one.socket.write('x'.repeat(40_000));
    await one.hears('x'.repeat(40_000));
    expect(performance.now() - began).toBeGreaterThan(350);
  });
});

describe('black hole', () => {
  test('towards the broker: nothing arrives there; restored, what was held does', async () => {
    const one = await greeted();
    between.blackHole({ direction: 'toBroker' });
    one.socket.write(' again');
    await quiet(100);
    expect(one.heard).toBe('hello');
    peers[0]?.write(' unasked');
    await one.hears('hello unasked');
    await between.restore();
    await one.hears('hello unasked again');
  });

  test('both ways, no end is told: each side believes in its connection', async () => {
    const one = await greeted();
    between.blackHole();
    one.socket.destroy();
    await quiet(100);
    expect(peers[0]?.readableEnded).toBe(false);
    expect(peers[0]?.destroyed).toBe(false);
    await between.restore();
    await until(() => peers[0]?.destroyed === true, 3000, 'the end at the broker');
  });

  test('a sender feels that nobody reads', async () => {
    const one = await greeted();
    between.blackHole({ direction: 'toBroker' });
    const block = Buffer.alloc(1_000_000);
    for (let index = 0; index < 30; index++) one.socket.write(block);
    await quiet(200);
    expect(one.socket.writableLength).toBeGreaterThan(10_000_000);
  });
});

describe('what is cut', () => {
  test('reset: both sides get a reset, and new connections work', async () => {
    const one = await greeted();
    between.reset();
    await until(() => one.closed && peers[0]?.destroyed === true, 3000, 'the reset');
    expect(one.error?.code).toBe('ECONNRESET');
    await greeted();
  });

  test('reset towards the client: the broker hears nothing of it until restore', async () => {
    const one = await greeted();
    between.reset({ direction: 'toClient' });
    await until(() => one.closed, 3000, 'the reset');
    expect(one.error?.code).toBe('ECONNRESET');
    await quiet(100);
    expect(peers[0]?.destroyed).toBe(false);
    await between.restore();
    await until(() => peers[0]?.destroyed === true, 3000, 'the end at the broker');
  });

  test('half close: the client reads the end and can still be heard', async () => {
    const one = await greeted();
    between.halfClose({ direction: 'toClient' });
    await until(() => one.ended, 3000, 'the end');
    const heard: Buffer[] = [];
    peers[0]?.on('data', (chunk) => heard.push(chunk));
    one.socket.write('still here');
    await until(() => Buffer.concat(heard).toString() === 'still here', 3000, 'the words');
    expect(one.error).toBeUndefined();
  });

  test('limit: exactly so many bytes, then the end', async () => {
    const one = await greeted();
    between.limit(7, { direction: 'toClient' });
    one.socket.write('0123456789');
    await until(() => one.ended || one.closed, 3000, 'the end');
    expect(one.heard).toBe('hello0123456');
  });
});

describe('how it comes', () => {
  test('slice: segments of no more than the size', async () => {
    between.slice(1, 3);
    const one = await client();
    one.socket.write('abcdefghijklmnop');
    await one.hears('abcdefghijklmnop');
    expect(one.chunks.length).toBeGreaterThan(2);
  });

  test('pause accept: a new connection waits, an open one goes on', async () => {
    const one = await greeted();
    between.pauseAccept();
    const late = await client();
    late.socket.write('late');
    one.socket.write('!');
    await one.hears('hello!');
    expect([late.heard, peers.length]).toEqual(['', 1]);
    await between.restore();
    await late.hears('late');
  });
});

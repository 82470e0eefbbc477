import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { GetMapping, ResponseStatusException, RestController } from '../src/index.js';
import { serve, type Served } from './host.js';

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}
function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  return { promise: new Promise<T>((done) => (resolve = done)), resolve };
}

/** The handler of `/slow` tells that it runs, and ends when the test lets it. */
let running: Deferred<void>;
let result: Deferred<string>;
let agent: Agent;
let served: Served | undefined;

@RestController()
class Slow {
  @GetMapping('/slow') slow(): Promise<string> {
    running.resolve();
    return result.promise;
  }
  @GetMapping('/quick') quick(): string {
    return 'quick';
  }
  @GetMapping('/reason') reason(): void {
    throw new ResponseStatusException(400, 'the reason');
  }
}

beforeEach(() => {
  running = deferred();
  result = deferred();
  agent = new Agent({ keepAlive: true });
});
afterEach(async () => {
  result.resolve('late');
  agent.destroy();
  await served?.running.stop(0);
  served = undefined;
});

async function ask({ url }: Served, path: string): Promise<[body: string, connection: string | undefined]> {
  const [response] = (await once(get(url + path, { agent }), 'response')) as [IncomingMessage];
  let body = '';
  for await (const text of response.setEncoding('utf8')) body += text as string;
  return [body, response.headers.connection];
}

const infos = ({ log }: Served): readonly string[] => log.map((line) => line.replace(/^.*? : /, '').trim());

describe('start', () => {
  test('says at which port', async () => {
    served = await serve([Slow]);
    expect(served.port).toBeGreaterThan(0);
    expect(infos(served)).toEqual([`Web server started on port ${served.port} (http)`]);
  });

  test('without a controller the port is open all the same', async () => {
    served = await serve([]);
    expect((await fetch(served.url)).status).toBe(404);
  });

  test('a port that is taken ends the start and is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      await expect(serve([Slow], `--server.port=${port}`)).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        message: expect.stringContaining(`The port ${port} of the web server is in use.`) as unknown,
        details: { port },
      });
    } finally {
      other.close();
    }
  });

  test('an address that this machine does not have is named', async () => {
    await expect(serve([Slow], '--server.address=203.0.113.1')).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('203.0.113.1') as unknown,
    });
  });

  test.each(['servlet.context-path', 'context-path'])('server.%s stands before all paths', async (key) => {
    served = await serve([Slow], `--server.${key}=/api`);
    expect((await fetch(`${served.url}/quick`)).status).toBe(404);
    expect(await (await fetch(`${served.url}/api/quick`)).text()).toBe('quick');
    expect(await (await fetch(`${served.url}/api/reason`)).json()).toMatchObject({ path: '/api/reason' });
    expect(infos(served)[0]).toBe(`Web server started on port ${served.port} (http) with context path '/api'`);
  });

  test('server.error.include-message shows reasons', async () => {
    served = await serve([Slow], '--server.error.include-message=always');
    expect(await (await fetch(`${served.url}/reason`)).json()).toMatchObject({ status: 400, message: 'the reason' });
  });
});

describe('stop', () => {
  test('a request that runs is answered, its connection closed, and a new one refused', async () => {
    served = await serve([Slow]);
    const answer = ask(served, '/slow');
    await running.promise;
    const stopped = served.running.stop(10_000);
    await expect(fetch(`${served.url}/quick`)).rejects.toThrow('fetch failed');
    result.resolve('done');
    expect(await answer).toEqual(['done', 'close']);
    await stopped;
    expect(infos(served)).toContain('Waiting for 1 request to end');
  });

  test('connections without a request hold nothing up', async () => {
    served = await serve([Slow]);
    expect(await ask(served, '/quick')).toEqual(['quick', 'keep-alive']);
    const silent = connect(served.port, '127.0.0.1');
    const half = connect(served.port, '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(half, 'connect')]);
    half.write('GET /quick HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\nGET /qu');
    await once(half, 'data');
    const closed = Promise.all([once(silent.resume(), 'close'), once(half.resume(), 'close')]);
    // far below any timeout of the server: were one waited for, the deadline would be logged
    await served.running.stop(2_000);
    await closed;
    expect(served.log.join('')).not.toMatch(/WARN|Waiting/);
  });

  test('a handler whose client went away is waited for', async () => {
    served = await serve([Slow]);
    const client = connect(served.port, '127.0.0.1');
    client.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await running.promise;
    client.destroy();
    let stopped = false;
    const stop = served.running.stop(10_000).then(() => (stopped = true));
    await expect(fetch(served.url)).rejects.toThrow('fetch failed');
    expect(stopped).toBe(false);
    result.resolve('done');
    await stop;
    expect(served.log.join('')).not.toContain('WARN');
  });

  test('what runs at the deadline is cut off; every stop is the same one', async () => {
    served = await serve([Slow]);
    const answer = ask(served, '/slow');
    const cut = answer.catch((error: Error) => error.message);
    await running.promise;
    await Promise.all([served.running.stop(50), served.running.stop(10_000)]);
    expect(await cut).toBe('socket hang up');
    expect(infos(served)).toContain('1 request still running, cut off');
  });

  test('server.shutdown: immediate waits for nothing', async () => {
    served = await serve([Slow], '--server.shutdown=immediate');
    const cut = ask(served, '/slow').catch((error: Error) => error.message);
    await running.promise;
    await served.running.stop(600_000);
    expect(await cut).toBe('socket hang up');
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import {
  DeleteMapping,
  GetMapping,
  PathVariable,
  PostMapping,
  PutMapping,
  RequestBody,
  RequestHeader,
  RequestMapping,
  RequestParam,
  ResponseStatus,
  ResponseStatusException,
  RestController,
} from '../src/index.js';
import { serve, type Served } from './host.js';

class Person {
  name = 'nobody';
  greeting(): string {
    return `I am ${this.name}`;
  }
}

@ResponseStatus(409)
class OutOfStock extends Error {}
class SoldOut extends OutOfStock {}

@RestController('/values')
class Values {
  readonly #own = 'own';
  @GetMapping('/text') text(): Promise<string> {
    return Promise.resolve(`grüße von ${this.#own}`);
  }
  @GetMapping('/object') object(): object {
    return { a: [1, null, 'x'] };
  }
  @GetMapping('/number') number(): number {
    return 0;
  }
  @GetMapping('/false') no(): boolean {
    return false;
  }
  @GetMapping('/nothing') async nothing(): Promise<void> {}
  @GetMapping('/null') nil(): unknown {
    return null;
  }
  @GetMapping('/bytes') bytes(): Uint8Array {
    return Uint8Array.of(0, 255, 10);
  }
  @ResponseStatus(201) @PostMapping('/created') created(): string {
    return 'made';
  }
  @ResponseStatus(204) @DeleteMapping('/gone') gone(): string {
    return 'never sent';
  }
}

@RestController()
class Takes {
  @GetMapping('/users/{id}/{name}') user(
    @PathVariable('name') name: string,
    @PathVariable('id') id: number,
    @RequestParam({ name: 'verbose', defaultValue: 'false' }) verbose: boolean,
    @RequestHeader({ name: 'X-Who', required: false }) who: string,
  ): unknown[] {
    return [name, id, verbose, who ?? 'nobody'];
  }
  @GetMapping('/users/me/it') me(): string {
    return 'me';
  }
  @PostMapping('/people') greet(@RequestBody() person: Person): string {
    return person.greeting();
  }
  @PostMapping('/form') form(@RequestParam('a') a: string, @RequestParam('b') b: number): unknown[] {
    return [a, b];
  }
  @PutMapping('/raw') raw(@RequestBody() body: Buffer): number {
    return body.length;
  }
  @RequestMapping('/any') any(): string {
    return 'any';
  }
}

@RestController('/fail')
class Fails {
  @GetMapping('/error') error(): void {
    throw new Error('the password is swordfish');
  }
  @GetMapping('/text') text(): void {
    // eslint-disable-next-line -- what a careless handler does
    throw 'a text';
  }
  @GetMapping('/bigint') bigint(): unknown {
    return { n: 1n };
  }
  @GetMapping('/teapot') teapot(): void {
    throw new ResponseStatusException(418, 'short and stout');
  }
  @GetMapping('/stock') async stock(): Promise<void> {
    throw new SoldOut('secret');
  }
}

let served: Served;
beforeAll(async () => {
  served = await serve([Values, Takes, Fails], '--server.max-request-body-size=1KB');
});
afterAll(() => served.running.stop(1_000));

const ask = async (path: string, init?: RequestInit): Promise<[number, string, string | null]> => {
  const response = await fetch(served.url + path, init);
  return [response.status, await response.text(), response.headers.get('content-type')];
};
const post = (type: string, body: string | Uint8Array<ArrayBuffer>, method = 'POST'): RequestInit => ({
  method,
  body,
  headers: { 'content-type': type },
});

describe('answers', () => {
  test.each([
    ['/values/text', 200, 'grüße von own', 'text/plain;charset=UTF-8'],
    ['/values/object', 200, '{"a":[1,null,"x"]}', 'application/json'],
    ['/values/number', 200, '0', 'application/json'],
    ['/values/false', 200, 'false', 'application/json'],
    ['/values/nothing', 200, '', null],
    ['/values/null', 200, '', null],
  ])('%s', async (path, status, body, type) => {
    expect(await ask(path)).toEqual([status, body, type]);
  });

  test('bytes stay bytes', async () => {
    const response = await fetch(`${served.url}/values/bytes`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 10]);
  });

  test('@ResponseStatus', async () => {
    expect((await ask('/values/created', { method: 'POST' })).slice(0, 2)).toEqual([201, 'made']);
    expect((await ask('/values/gone', { method: 'DELETE' })).slice(0, 2)).toEqual([204, '']);
  });

  test('HEAD is GET without a body, OPTIONS tells the methods', async () => {
    expect(await ask('/values/text', { method: 'HEAD' })).toEqual([200, '', 'text/plain;charset=UTF-8']);
    const response = await fetch(`${served.url}/values/text`, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([200, 'GET, HEAD, OPTIONS']);
  });

  test('a route without a method serves them all', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect(await ask('/any', { method })).toEqual([200, 'any', 'text/plain;charset=UTF-8']);
    }
  });
});

describe('arguments', () => {
  test('variables, parameters and headers, converted', async () => {
    expect(await ask('/users/7/a%2Fb%20%E5%8F%91?verbose=on', { headers: { 'x-who': 'me' } })).toEqual([
      200,
      '["a/b 发",7,true,"me"]',
      'application/json',
    ]);
    expect((await ask('/users/-1.5/x'))[1]).toBe('["x",-1.5,false,"nobody"]');
  });

  test('a literal wins over a variable, wherever it was declared', async () => {
    expect((await ask('/users/me/it'))[1]).toBe('me');
  });

  test('JSON as a class', async () => {
    expect((await ask('/people', post('application/json', '{"name":"Ann"}')))[1]).toBe('I am Ann');
  });

  test('a form and the query', async () => {
    const init = post('application/x-www-form-urlencoded;charset=UTF-8', 'a=x%20y&c=');
    expect((await ask('/form?b=2', init))[1]).toBe('["x y",2]');
  });
});

describe('errors', () => {
  test.each([
    ['/nowhere', {}, 404, 'Not Found'],
    ['/users/x/y', {}, 400, 'Bad Request'],
    ['/form?b=1', { method: 'POST' }, 400, 'Bad Request'],
    ['/people', post('application/json', '{"name":'), 400, 'Bad Request'],
    ['/people', post('application/json', '{"__proto__":{}}'), 400, 'Bad Request'],
    ['/people', { method: 'POST' }, 400, 'Bad Request'],
    ['/people', post('text/plain', '{}'), 415, 'Unsupported Media Type'],
    ['/fail/error?token=x', {}, 500, 'Internal Server Error'],
    ['/fail/text', {}, 500, 'Internal Server Error'],
    ['/fail/bigint', {}, 500, 'Internal Server Error'],
    ['/fail/teapot', {}, 418, "I'm a Teapot"],
    ['/fail/stock', {}, 409, 'Conflict'],
    ['/a%0Ab', {}, 404, 'Not Found'],
  ] as [string, RequestInit, number, string][])('%s %p has the shape of Spring', async (path, init, status, error) => {
    const [got, body, type] = await ask(path, init);
    expect([got, type]).toEqual([status, 'application/json']);
    expect(JSON.parse(body)).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/) as unknown,
      status,
      error,
      path: path.split('?')[0],
    });
  });

  test('405 says what is allowed', async () => {
    const response = await fetch(`${served.url}/values/text`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(await response.json()).toMatchObject({ status: 405, error: 'Method Not Allowed', path: '/values/text' });
  });

  test('an internal error is logged with its stack, another at DEBUG, a good request not at all', async () => {
    const before = served.log.length;
    await ask('/fail/error?token=x');
    await ask('/fail/teapot');
    await ask('/values/text');
    const lines = served.log.slice(before);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /ERROR .*: GET \/fail\/error failed in Fails\.error\nError: the password is swordfish\n +at /,
    );
    expect(lines[1]).toMatch(/DEBUG .*: GET \/fail\/teapot failed in Fails\.teapot with 418: short and stout\n$/);
  });
});

describe('large bodies', () => {
  const large = new Uint8Array(1025);

  test('up to the limit they are taken, beyond it they are 413', async () => {
    expect((await ask('/raw', post('application/octet-stream', large.subarray(1), 'PUT')))[1]).toBe('1024');
    expect((await ask('/raw', post('application/octet-stream', large, 'PUT')))[0]).toBe(413);
    expect((await ask('/raw', post('application/octet-stream', new Uint8Array(5_000_000), 'PUT')))[0]).toBe(413);
  });

  /** Without a content-length. */
  const chunked = (...chunks: readonly Uint8Array[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(`${served.url}/raw`, { method: 'PUT' }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve(`${response.statusCode} ${body.slice(0, 4)}`));
      });
      sent.on('error', reject);
      for (const chunk of chunks) sent.write(chunk);
      sent.end();
    });

  test('the same where the length is not told before', async () => {
    expect(await chunked(large.subarray(0, 512), large.subarray(512, 1024))).toBe('200 1024');
    expect(await chunked(large.subarray(0, 1000), large.subarray(0, 1000))).toMatch(/^413 /);
  });
});

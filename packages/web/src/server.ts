/** Serves a table of routes over HTTP. The only file that knows the HTTP library. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { asError, StreambindError, type Logger } from '@streambind/core/internal';
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import type { HttpMethod } from './annotations.js';
import { answerOf, errorAnswer } from './answer.js';
import type { RequestValues } from './arguments.js';
import type { ServerOptions } from './options.js';
import type { Route } from './routes.js';
import { badRequest, ResponseStatusException, statusOf } from './status.js';

const METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

export class WebServer {
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #app = new Hono();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<ServerResponse>();
  readonly #handlers = new Set<Promise<Response>>();
  #stopping: Promise<void> | undefined;

  constructor(routes: readonly Route[], options: ServerOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    for (const route of routes) {
      const methods = route.method === undefined ? METHODS : [route.method];
      this.#app.on([...methods], [route.path.router], (context) => this.#serve(route, context));
    }
    this.#app.notFound((context) => this.#noRoute(context));
    this.#app.onError((error, context) => this.#failure(error, context));
    // The globals of the application stay Node's.
    this.#server = createAdaptorServer({ fetch: this.#app.fetch, overrideGlobalObjects: false }) as Server;
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#server.prependListener('request', (request, response) => this.#requested(request, response));
  }

  /**
   * @returns the port
   * @throws PORT_IN_USE, START_FAILED
   */
  async listen(): Promise<number> {
    const { port, address } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(cannotListen(port, address, cause)));
      this.#server.listen({ port, ...(address === undefined ? {} : { host: address }) }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#log.error('The web server has a problem', error));
    return (this.#server.address() as AddressInfo).port;
  }

  /** No new connections; what runs may end within `deadlineMs`, then it is cut off. Idempotent. */
  stop(deadlineMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(deadlineMs));
  }

  async #stop(deadlineMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const busy = new Set<Socket | null>();
    for (const response of this.#open) {
      busy.add(response.socket);
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
    for (const socket of this.#sockets) if (!busy.has(socket)) socket.destroy();

    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'deadline'>((resolve) => {
      timer = setTimeout(resolve, this.#options.shutdown === 'immediate' ? 0 : deadlineMs, 'deadline');
    });
    if (busy.size > 0) this.#log.info(`Waiting for ${counted(this.#open.size)} to end`);
    const ended = await Promise.race([Promise.all([closed, ...this.#handlers]), deadline]);
    clearTimeout(timer);
    if (ended !== 'deadline') return;
    this.#log.warn(`${counted(Math.max(this.#open.size, this.#handlers.size))} still running, cut off`);
    this.#server.closeAllConnections();
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #requested({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#open.add(response);
    response.once('close', () => {
      this.#open.delete(response);
      // its headers may have been on their way already, promising to keep the connection
      if (this.#stopping) socket.end();
    });
  }

  async #serve(route: Route, context: Context): Promise<Response> {
    const handled = this.#handle(route, context);
    this.#handlers.add(handled);
    try {
      return await handled;
    } finally {
      this.#handlers.delete(handled);
    }
  }

  async #handle(route: Route, context: Context): Promise<Response> {
    try {
      const values = await valuesOf(route, context, this.#options.maxRequestBodySize);
      const given = route.arguments.map((read) => read(values));
      const handler = (route.instance as Record<string | symbol, (...given: unknown[]) => unknown>)[route.member]!;
      return answerOf(await handler.apply(route.instance, given), route.status);
    } catch (thrown) {
      return this.#failure(thrown, context, route.at);
    }
  }

  #failure(thrown: unknown, context: Context, at = 'the web server'): Response {
    const error = asError(thrown);
    const status = statusOf(error);
    const path = pathOf(context);
    const text = `${context.req.method} ${path} failed in ${at}`;
    if (status >= 500) this.#log.error(text, error);
    else if (this.#log.enabled('DEBUG')) this.#log.debug(`${text} with ${status}: ${error.message}`);
    const told = this.#options['error.includeMessage'] === 'always' && error instanceof ResponseStatusException;
    return errorAnswer(status, path, told ? error.message : undefined);
  }

  #noRoute(context: Context): Response {
    const { method, path } = context.req;
    const allowed: string[] = METHODS.filter((one) => this.#app.router.match(one, path)[0].length > 0);
    if (allowed.length === 0) return errorAnswer(404, pathOf(context));
    if (allowed[0] === 'GET') allowed.splice(1, 0, 'HEAD');
    const answer = method === 'OPTIONS' ? new Response(null) : errorAnswer(405, pathOf(context));
    answer.headers.set('allow', [...new Set([...allowed, 'OPTIONS'])].join(', '));
    return answer;
  }
}

/** Still encoded: decoded, it could hold the line breaks of a forged line in the log. */
const pathOf = ({ req }: Context): string => new URL(req.url).pathname;

async function valuesOf({ readsBody }: Route, { req }: Context, limit: number): Promise<RequestValues> {
  const contentType = req.header('content-type') ?? '';
  const mayHave = req.method !== 'GET' && req.method !== 'HEAD';
  const body = readsBody && mayHave ? await bodyOf(req.raw, limit) : Buffer.alloc(0);
  const parameters = new URL(req.url).searchParams;
  if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType)) {
    for (const [name, value] of new URLSearchParams(body.toString())) parameters.append(name, value);
  }
  return {
    variable: (index) => req.param(`v${index}`),
    header: (name) => req.header(name),
    parameters,
    body,
    contentType,
  };
}

async function bodyOf({ headers, body }: Request, limit: number): Promise<Buffer> {
  if (Number(headers.get('content-length')) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not by `for await`: leaving that closes the stream, and with it the connection before the answer.
  const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  for (;;) {
    const { value } = (await reader?.read().catch(incomplete)) ?? {};
    if (value === undefined) return Buffer.concat(chunks);
    if ((size += value.length) > limit) throw tooLarge();
    chunks.push(value);
  }
}

const tooLarge = (): Error => new ResponseStatusException(413, 'The body is too large');

const incomplete = (cause: unknown): never => {
  throw badRequest('The body could not be read to its end', cause);
};

const counted = (requests: number): string => `${requests} ${requests === 1 ? 'request' : 'requests'}`;

function cannotListen(port: number, address: string | undefined, cause: Error & { code?: string }): StreambindError {
  if (cause.code === 'EADDRINUSE') {
    return new StreambindError(
      'PORT_IN_USE',
      `The port ${port} of the web server is in use.`,
      { where: 'server.port', given: port, fix: 'Stop what listens there, or set server.port to another port.', port },
      cause,
    );
  }
  const at = address === undefined ? `port ${port}` : `${address} port ${port}`;
  return new StreambindError(
    'START_FAILED',
    `The web server cannot listen at ${at}: ${cause.message}`,
    { port },
    cause,
  );
}

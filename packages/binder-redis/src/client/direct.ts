/**
 * A connection for what goes in great numbers: commands are written together and answered together. Where it is one server,
 * its socket is used without ioredis once that has logged in; a cluster's commands are ioredis' to send.
 */
import { Redis } from 'ioredis';
import { Fifo, asError, type StreambindError } from '@streambind/core/binder';
import { KNOWN_FIELDS } from '../records/entry.js';
import { connectionLost } from './errors.js';
import { RedisConnection, type Client, type ConnectionOptions } from './connection.js';
import { Replies, type Reply } from './replies.js';
import type { Target } from './target.js';

/** A command and its arguments. */
export type Command = readonly (string | number | Buffer)[];

type Exchange = (commands: readonly Command[]) => Promise<readonly Reply[]>;

export class DirectConnection {
  readonly #connection: RedisConnection;
  readonly #exchange: Exchange;

  private constructor(connection: RedisConnection, exchange: Exchange) {
    this.#connection = connection;
    this.#exchange = exchange;
  }

  /** As `RedisConnection.open`. */
  static async open(target: Target, options: ConnectionOptions, signal?: AbortSignal): Promise<DirectConnection> {
    const connection = await RedisConnection.open(target, options, signal);
    const { client } = connection;
    if (!(client instanceof Redis)) return new DirectConnection(connection, pipelined(client));
    try {
      // what ioredis has asked on its own is answered before this is
      await client.ping();
    } catch (error) {
      connection.close();
      throw error;
    }
    return new DirectConnection(connection, direct(connection, client, target.timeout + (options.blockMs ?? 0)));
  }

  /** Of a cluster; undefined where the socket of the one server is not ioredis' any more. */
  get cluster(): Client | undefined {
    const { client } = this.#connection;
    return client instanceof Redis ? undefined : client;
  }

  get target(): Target {
    return this.#connection.target;
  }

  /** As `RedisConnection.lost`. */
  get lost(): AbortSignal {
    return this.#connection.lost;
  }

  /**
   * One reply for each command, an Error where it was refused, or was written and never answered. Of a cluster they have to
   * be for one slot.
   * @throws why the connection had been lost before anything was written
   */
  exchange(commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#exchange(commands);
  }

  fail(error: unknown): void {
    this.#connection.fail(error);
  }

  close(): void {
    this.#connection.close();
  }
}

const pipelined =
  (client: Client): Exchange =>
  async (commands) => {
    const pipeline = client.pipeline();
    for (const [name, ...args] of commands) pipeline.callBuffer(String(name), ...args);
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, reply]) => error ?? (reply as Reply));
  };

/** What one exchange waits for. */
interface Waiting {
  readonly replies: Reply[];
  readonly count: number;
  resolve(replies: readonly Reply[]): void;
}

/** @param patience milliseconds without any answer, after which the connection is given up */
function direct(connection: RedisConnection, { stream }: Redis, patience: number): Exchange {
  const { lost } = connection;
  const waiting = new Fifo<Waiting>();
  /** When there was an answer, or began to be one to wait for. */
  let heard = 0;
  let watch: NodeJS.Timeout | undefined;
  const watched = (): void => {
    const silent = performance.now() - heard;
    watch = undefined;
    if (waiting.size === 0 || lost.aborted) return;
    if (silent >= patience) connection.fail(new Error(`no answer within ${patience} ms`));
    else watch = setTimeout(watched, patience - silent).unref();
  };
  const replies = new Replies((reply) => {
    const first = waiting.peek();
    first?.replies.push(reply);
    if (first?.replies.length === first?.count) waiting.shift()?.resolve(first!.replies);
  }, KNOWN_FIELDS);
  stream.removeAllListeners('data');
  stream.on('data', (chunk: Buffer) => {
    heard = performance.now();
    try {
      replies.write(chunk);
    } catch (error) {
      connection.fail(error);
    }
  });
  lost.addEventListener('abort', () => {
    clearTimeout(watch);
    // what was refused here was not, or nobody knows
    const { cause } = lost.reason as StreambindError;
    const error = new Error(cause === undefined ? 'it was closed' : asError(cause).message);
    for (let each = waiting.shift(); each; each = waiting.shift()) {
      each.resolve([...each.replies, ...Array.from({ length: each.count - each.replies.length }, () => error)]);
    }
  });
  return (commands) =>
    new Promise((resolve, reject) => {
      // ioredis tells of the end of a socket later than the socket
      if (lost.aborted || !stream.writable) {
        reject(lost.aborted ? (lost.reason as Error) : connectionLost(undefined, connection.target));
        return;
      }
      if (waiting.size === 0) heard = performance.now();
      watch ??= setTimeout(watched, patience).unref();
      waiting.push({ replies: [], count: commands.length, resolve });
      stream.write(encoded(commands));
    });
}

/** As RESP2 has them; one buffer where there is one among the arguments. */
function encoded(commands: readonly Command[]): string | Buffer {
  const parts: (string | Buffer)[] = [];
  let text = '';
  for (const command of commands) {
    text += `*${command.length}\r\n`;
    for (const word of command) {
      if (word instanceof Buffer) {
        parts.push(`${text}$${word.length}\r\n`, word);
        text = '\r\n';
      } else {
        const written = String(word);
        text += `$${Buffer.byteLength(written)}\r\n${written}\r\n`;
      }
    }
  }
  if (parts.length === 0) return text;
  parts.push(text);
  let length = 0;
  for (const part of parts) length += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      at += bytes.write(part, at);
    } else {
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

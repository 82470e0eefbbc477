/**
 * A connection for reads that block. Commands are written together and answered together. Where it is one server, its socket
 * is used without ioredis once that has logged in; a cluster's commands are ioredis' to send.
 */
import { Redis } from 'ioredis';
import { Fields } from '../records/entry.js';
import { RedisConnection, type Client, type ConnectionOptions } from './connection.js';
import { Replies, type Reply } from './replies.js';
import type { Target } from './target.js';

/** A command and its arguments. */
export type Command = readonly (string | number)[];

type Exchange = (commands: readonly Command[]) => Promise<readonly Reply[]>;

export class BlockingConnection {
  readonly #connection: RedisConnection;
  readonly #exchange: Exchange;

  private constructor(connection: RedisConnection, exchange: Exchange) {
    this.#connection = connection;
    this.#exchange = exchange;
  }

  /** As `RedisConnection.open`. */
  static async open(target: Target, options: ConnectionOptions, signal?: AbortSignal): Promise<BlockingConnection> {
    const connection = await RedisConnection.open(target, options, signal);
    const { client } = connection;
    if (!(client instanceof Redis)) return new BlockingConnection(connection, pipelined(client));
    try {
      // what ioredis has asked on its own is answered before this is
      await client.ping();
    } catch (error) {
      connection.close();
      throw error;
    }
    return new BlockingConnection(connection, direct(connection, client));
  }

  get target(): Target {
    return this.#connection.target;
  }

  /** As `RedisConnection.lost`. */
  get lost(): AbortSignal {
    return this.#connection.lost;
  }

  /** One reply for each command; a refusal is an Error among them. @throws why the connection was lost */
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
  reject(error: Error): void;
}

function direct(connection: RedisConnection, { stream }: Redis): Exchange {
  const { lost } = connection;
  const waiting: Waiting[] = [];
  const replies = new Replies((reply) => {
    const [first] = waiting;
    first?.replies.push(reply);
    if (first?.replies.length === first?.count) waiting.shift()?.resolve(first!.replies);
  }, Object.values(Fields));
  stream.removeAllListeners('data');
  stream.on('data', (chunk: Buffer) => {
    try {
      replies.write(chunk);
    } catch (error) {
      connection.fail(error);
    }
  });
  lost.addEventListener('abort', () => {
    for (const each of waiting.splice(0)) each.reject(lost.reason as Error);
  });
  return (commands) =>
    new Promise((resolve, reject) => {
      if (lost.aborted) {
        reject(lost.reason as Error);
        return;
      }
      waiting.push({ replies: [], count: commands.length, resolve, reject });
      stream.write(commands.map(encoded).join(''));
    });
}

/** As RESP2 has it. */
const encoded = (command: Command): string =>
  `*${command.length}\r\n${command.map((word) => bulk(String(word))).join('')}`;

const bulk = (word: string): string => `$${Buffer.byteLength(word)}\r\n${word}\r\n`;

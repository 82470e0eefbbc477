/**
 * The one RabbitMQ of a run, and the agent that answers for it. The process of the run starts both; those of the cases
 * find them by the environment.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPrivate, started, type Broker, type RabbitBroker } from '../../../../tools/brokers/index.mjs';

const PROGRAM = fileURLToPath(new URL('../agent.escript', import.meta.url));
const DIRECTORY = 'STREAMBIND_CONFORMANCE_RABBIT';
/** As the capabilities of the binder have it: the default of RabbitMQ 4, of which the newest are taken for granted. */
const LIMIT = 'max_message_size = 16777216';

const socketOf = (directory: string): string => join(directory, 'agent.sock');

/** For a whole run. @returns ends it */
export async function prepare(): Promise<() => Promise<void>> {
  const node = await startPrivate('rabbit', { config: [LIMIT] });
  const { directory, ports } = node;
  // its home has the cookie of the node
  const agent = spawn('escript', [PROGRAM, socketOf(directory), 'agent@localhost', 'streambind@localhost'], {
    env: { ...process.env, HOME: directory, ERL_EPMD_PORT: String(ports['epmd']), ERL_EPMD_ADDRESS: '127.0.0.1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(agent, 'exit');
  try {
    const early = ended.then(([code]) => {
      throw new Error(`the agent of RabbitMQ ended with ${String(code)}`);
    });
    await Promise.race([once(agent.stdout, 'data'), early]);
  } catch (error) {
    await node.remove();
    throw error;
  }
  process.env[DIRECTORY] = directory;
  return async () => {
    delete process.env[DIRECTORY];
    agent.stdin.end();
    await ended;
    // as its last restart has left it
    await nodeIn(directory).remove();
  };
}

export const theNode = (): RabbitBroker => {
  const directory = process.env[DIRECTORY];
  if (directory === undefined) throw new Error('no RabbitMQ was prepared for this run');
  return nodeIn(directory);
};

const isRabbit = (one: Broker): one is RabbitBroker => one.name === 'rabbit';

function nodeIn(directory: string): RabbitBroker {
  const node = started().find((one) => one.directory === directory);
  if (!node || !isRabbit(node)) throw new Error(`the RabbitMQ in ${directory} is gone`);
  return node;
}

/** Evaluates on the node, in the order of the calls. */
export class Agent {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the agent of RabbitMQ is gone'));
    });
  }

  static async of({ directory }: RabbitBroker): Promise<Agent> {
    const socket = connect(socketOf(directory));
    await once(socket, 'connect');
    return new Agent(socket);
  }

  /** @param expression Erlang, without the last full stop; its value is one that JSON has */
  ask<T>(expression: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      const text = Buffer.from(`${expression}.`);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      this.#socket.write(Buffer.concat([length, text]));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      if (this.#received.length < 4) return;
      const end = 4 + this.#received.readUInt32BE();
      if (this.#received.length < end) return;
      const { value, error } = JSON.parse(this.#received.toString('utf8', 4, end)) as {
        value?: unknown;
        error?: string;
      };
      this.#received = this.#received.subarray(end);
      const waiting = this.#waiting.shift();
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`RabbitMQ: ${error}`));
    }
  }
}

/** The broker of a benchmark: a private one, with the exchange and the queue that all sides use, and the sides themselves. */
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { startPrivate } from '../tools/brokers/index.mjs';
import { progress } from '../tools/terminal.mjs';
import { serving } from './processes.mjs';

// as in apps/src/rabbit/wire.ts
const EXCHANGE = 'bench';
const QUEUE = 'bench.all';
const IN_FLIGHT = 500;

const cwd = fileURLToPath(new URL('apps', import.meta.url));

/**
 * @template T
 * @param {(broker: Bench) => Promise<T>} work
 * @returns {Promise<T>} what the work gave, after the broker and the processes are gone
 */
export async function withBroker(work) {
  const broker = await startPrivate('rabbit', { tell: progress });
  const bench = new Bench(broker.address.port);
  try {
    bench.version = await broker.probe();
    await bench.open();
    return await work(bench);
  } finally {
    await bench.close();
    await broker.remove();
  }
}

class Bench {
  version = '';
  #port;
  #model;
  #channel;
  #sides = [];

  constructor(port) {
    this.#port = port;
  }

  async open() {
    this.#model = await connect({ hostname: '127.0.0.1', port: this.#port }, { noDelay: true });
    this.#channel = await this.#model.createConfirmChannel();
    await this.#channel.assertExchange(EXCHANGE, 'topic', { durable: true });
    await this.#channel.assertQueue(QUEUE, { durable: true });
    await this.#channel.bindQueue(QUEUE, EXCHANGE, '#');
  }

  /** A process of a program in `apps/src/rabbit`. @param {string} program @param {{ flags?: string[], args?: string[] }} more */
  async side(program, { flags = [], args = [] }) {
    const side = await serving({
      name: program,
      args: [...flags, `dist/rabbit/${program}.js`, ...args],
      cwd,
      environment: { BENCH_PORT: String(this.#port) },
    });
    this.#sides.push(side);
    return side;
  }

  async endSides() {
    await Promise.all(this.#sides.splice(0).map((side) => side.end()));
  }

  /** Puts so many messages of 1 KiB into the queue, with the properties of a message of the framework. */
  fill(messages) {
    const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(1024 - '{"text":""}'.length) }));
    const options = { persistent: true, priority: 0, contentType: 'application/json', timestamp: 1_700_000_000 };
    return new Promise((resolve, reject) => {
      let [sent, confirmed] = [0, 0];
      const publish = () => {
        sent++;
        const messageId = crypto.randomUUID();
        this.#channel.publish(EXCHANGE, EXCHANGE, body, { ...options, messageId }, next);
      };
      const next = (error) => {
        if (error) reject(error);
        else if (++confirmed === messages) resolve();
        else if (sent < messages) publish();
      };
      while (sent < Math.min(IN_FLIGHT, messages)) publish();
    });
  }

  /** Empties the queue, unless told otherwise. @throws when it does not hold so many: a run with loss counts for nothing */
  async expect(messages, name, { purge = true } = {}) {
    const { messageCount } = await this.#channel.checkQueue(QUEUE);
    if (purge) await this.#channel.purgeQueue(QUEUE);
    if (messageCount !== messages)
      throw new Error(`${name}: ${messageCount} messages are in the queue, not ${messages}`);
  }

  async close() {
    await this.endSides();
    await this.#model?.close();
  }
}

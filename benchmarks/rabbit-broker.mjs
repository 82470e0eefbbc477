/** The exchange and the queue that all sides use, on a private RabbitMQ. */
import { connect } from 'amqplib';
import { Bench, withBench } from './bench.mjs';

const EXCHANGE = 'bench';
const QUEUE = 'bench.all';
const IN_FLIGHT = 500;

/** @template T @param {(bench: RabbitBench) => Promise<T>} work */
export const withBroker = (work) => withBench(RabbitBench, work);

class RabbitBench extends Bench {
  static broker = 'rabbit';
  #model;
  #channel;

  async open() {
    this.#model = await connect({ hostname: '127.0.0.1', port: this.port }, { noDelay: true });
    this.#channel = await this.#model.createConfirmChannel();
    await this.#channel.assertExchange(EXCHANGE, 'topic', { durable: true });
    await this.#channel.assertQueue(QUEUE, { durable: true });
    await this.#channel.bindQueue(QUEUE, EXCHANGE, '#');
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

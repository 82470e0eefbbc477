/** The stream that all sides use, on a private Redis that writes its file once a second. */
import { Redis } from 'ioredis';
import { Bench, withBench } from './bench.mjs';

const STREAM = 'bench';
const GROUP = 'all';

/** @template T @param {(bench: RedisBench) => Promise<T>} work */
export const withBroker = (work) => withBench(RedisBench, work);

class RedisBench extends Bench {
  static broker = 'redis';
  static options = { config: ['appendonly yes', 'appendfsync everysec', 'save ""'] };
  #redis;
  #filler;

  async open() {
    this.#redis = new Redis({ host: '127.0.0.1', port: this.port });
    this.#filler = await this.serving('framework');
  }

  /** Nothing is in the stream, and nobody reads it. */
  async empty() {
    await this.#redis.del(STREAM);
  }

  /** So many messages of the framework, and a group that has read none of them. */
  async backlog(messages) {
    await this.empty();
    await this.#redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    await this.#filler.ask('send', { destination: STREAM, messages, warmUp: 0, inFlight: 256 });
    await this.expectSent(messages, 'the backlog');
  }

  /** @throws when the stream does not hold so many: a run with loss counts for nothing */
  async expectSent(messages, name) {
    const sent = await this.#redis.xlen(STREAM);
    if (sent !== messages) throw new Error(`${name}: ${sent} messages are in the stream, not ${messages}`);
  }

  /** @throws when the group has not read and acknowledged so many */
  async expectRead(messages, name) {
    const [group] = await this.#redis.xinfo('GROUPS', STREAM);
    const facts = Object.fromEntries(Array.from({ length: group.length / 2 }, (_, n) => group.slice(2 * n, 2 * n + 2)));
    const { pending, 'entries-read': read } = facts;
    if (read !== messages || pending !== 0) {
      throw new Error(`${name}: ${read} messages were read and ${pending} not acknowledged, of ${messages}`);
    }
  }

  async close() {
    await this.endSides();
    await this.#filler?.end();
    await this.#redis?.quit();
  }
}

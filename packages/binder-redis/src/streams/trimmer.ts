/** Trims one stream now and then, beside all others who read it and do the same. */
import type { RedisConnection } from '../client/connection.js';
import { positionsKey, trimmedKey } from './names.js';
import { TRIM } from './scripts.js';

/** Milliseconds between two trims of a stream, by whomever. */
const EVERY_MS = 10_000;
/** Entries that one trim drops at most; where there are more, the next one follows at once. */
const MOST = 20_000;

export class Trimmer {
  readonly #keys: readonly [string, string, string];
  readonly #keepMs: number;
  #due = performance.now() + Math.random() * EVERY_MS;

  /** @param keepMs milliseconds for which entries are kept in any case */
  constructor(stream: string, keepMs: number) {
    this.#keys = [stream, positionsKey(stream), trimmedKey(stream)];
    this.#keepMs = keepMs;
  }

  /** Does nothing before it is time. */
  async trim({ client }: RedisConnection): Promise<void> {
    if (performance.now() < this.#due) return;
    const more = await client.eval(TRIM, 3, ...this.#keys, EVERY_MS - 1000, this.#keepMs, MOST);
    this.#due = performance.now() + (more === 1 ? 0 : EVERY_MS);
  }
}

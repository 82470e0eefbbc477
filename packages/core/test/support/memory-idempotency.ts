/** The rules of an idempotency store in a few lines; several applications of one process may share it. */
import { IdempotencyStore, type IdempotencyClaim } from '@streambind/core';

export class MemoryIdempotencyStore extends IdempotencyStore {
  /** The token of a claim, or null where the key is completed. */
  readonly entries = new Map<string, { token: string | null; until: number }>();
  /** Set: every call rejects with it. */
  trouble: Error | undefined;
  closed = false;

  claim(key: string, token: string, leaseMs: number): Promise<IdempotencyClaim> {
    return this.#do(() => {
      const found = this.#alive(key);
      if (found) return found.token === null ? 'completed' : 'busy';
      this.entries.set(key, { token, until: Date.now() + leaseMs });
      return 'claimed';
    });
  }

  renew(key: string, token: string, leaseMs: number): Promise<void> {
    return this.#do(() => {
      const found = this.#alive(key);
      if (found?.token === token) found.until = Date.now() + leaseMs;
    });
  }

  complete(key: string, ttlMs: number): Promise<void> {
    return this.#do(() => void this.entries.set(key, { token: null, until: Date.now() + ttlMs }));
  }

  release(key: string, token: string): Promise<void> {
    return this.#do(() => {
      if (this.#alive(key)?.token === token) this.entries.delete(key);
    });
  }

  close(): void {
    this.closed = true;
  }

  #alive(key: string): { token: string | null; until: number } | undefined {
    const found = this.entries.get(key);
    return found && found.until > Date.now() ? found : undefined;
  }

  async #do<T>(task: () => T): Promise<T> {
    await Promise.resolve();
    if (this.trouble) throw this.trouble;
    return task();
  }
}

/** What every idempotency store has to do; for the tests of each. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { IdempotencyStore } from '@streambind/core';

const LONG_MS = 60_000;

/**
 * @param pair two stores that share what they remember, as two processes would; the same two for all cases
 */
export function describeIdempotencyStore(pair: () => readonly [IdempotencyStore, IdempotencyStore]): void {
  /** Resolves when the key can be claimed; a claim that is refused changes nothing. */
  const claimable = async (store: IdempotencyStore, key: string): Promise<number> => {
    const begun = Date.now();
    while ((await store.claim(key, randomUUID(), LONG_MS)) !== 'claimed') {
      if (Date.now() - begun > 5000) throw new Error(`${key} cannot be claimed`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return Date.now();
  };

  describe('the contract of idempotency stores', () => {
    test('a key belongs to the first who claims it, until he releases it', async () => {
      const [one, other] = pair();
      const key = randomUUID();
      expect(await one.claim(key, 'first', LONG_MS)).toBe('claimed');
      expect(await other.claim(key, 'second', LONG_MS)).toBe('busy');
      expect(await one.claim(key, 'third', LONG_MS)).toBe('busy');
      await other.release(key, 'second');
      expect(await other.claim(key, 'second', LONG_MS)).toBe('busy');
      await one.release(key, 'first');
      expect(await other.claim(key, 'second', LONG_MS)).toBe('claimed');
    });

    test('a completed key stays so for its time, whoever claims or releases it', async () => {
      const [one, other] = pair();
      const key = randomUUID();
      await one.claim(key, 'first', LONG_MS);
      const begun = Date.now();
      await one.complete(key, 300);
      expect(await other.claim(key, 'second', LONG_MS)).toBe('completed');
      await one.release(key, 'first');
      await one.renew(key, 'first', LONG_MS);
      expect(await one.claim(key, 'third', LONG_MS)).toBe('completed');
      expect((await claimable(other, key)) - begun).toBeGreaterThanOrEqual(299);
    });

    test('a claim runs out, and then it is not renewed or released any more', async () => {
      const [one, other] = pair();
      const key = randomUUID();
      const begun = Date.now();
      await one.claim(key, 'first', 200);
      expect((await claimable(other, key)) - begun).toBeGreaterThanOrEqual(199);
      await one.renew(key, 'first', LONG_MS);
      await one.release(key, 'first');
      expect(await one.claim(key, 'third', LONG_MS)).toBe('busy');
    });

    test('a claim that is renewed in time does not run out', async () => {
      const [one, other] = pair();
      const key = randomUUID();
      const begun = Date.now();
      await one.claim(key, 'first', 200);
      await one.renew(key, 'first', 600);
      await other.renew(key, 'second', 1);
      expect((await claimable(other, key)) - begun).toBeGreaterThanOrEqual(599);
    });

    test('who has handled the message completes the key although his claim has run out', async () => {
      const [one, other] = pair();
      const key = randomUUID();
      await one.claim(key, 'first', 1);
      await claimable(other, key);
      await one.complete(key, LONG_MS);
      expect(await other.claim(key, 'third', LONG_MS)).toBe('completed');
    });

    test('a key is any text', async () => {
      const [one, other] = pair();
      const prefix = randomUUID();
      const keys = ['', ' ', '*', 'a:b', "O'Neill", '订单', '💳', '\u0000', 'x'.repeat(5000)].map(
        (key) => prefix + key,
      );
      for (const key of keys) expect(await one.claim(key, 'first', LONG_MS)).toBe('claimed');
      for (const key of keys) expect(await other.claim(key, 'second', LONG_MS)).toBe('busy');
    });

    test('of many claims at once exactly one is granted', async () => {
      const stores = pair();
      for (let round = 0; round < 20; round++) {
        const key = randomUUID();
        const claims = Array.from({ length: 20 }, async (_, n) => stores[n % 2]!.claim(key, `claim ${n}`, LONG_MS));
        const granted = (await Promise.all(claims)).filter((claim) => claim === 'claimed');
        expect(granted).toHaveLength(1);
      }
    });
  });
}

import { expect, test } from '@jest/globals';
import { Converters } from '../../src/converter/index.js';
import { Logging } from '../../src/logging/index.js';
import { Meters } from '../../src/observability/index.js';
import { Exchange, idempotentListener } from '../../src/pipeline/index.js';
import { MemoryIdempotencyStore } from '../support/memory-idempotency.js';

test('duplicates are counted, and nothing else is', async () => {
  const duplicates = new Meters().counter('duplicates');
  let calls = 0;
  const listener = idempotentListener(
    { at: 'Payments.pay', call: () => void calls++ },
    {
      store: new MemoryIdempotencyStore(),
      scope: 'payments.billing:',
      ttlMs: 60_000,
      leaseMs: 10_000,
      renewForMs: Infinity,
      duplicates,
    },
    new Converters([]),
    new Logging().logger('test'),
  );
  for (const id of ['1', '2', '1', '1']) {
    await listener.call(
      new Exchange(
        {
          id: 'of the broker',
          attempt: 1,
          lane: 'a',
          lost: new AbortController().signal,
          native: undefined,
          payload: null,
          headers: { id },
        },
        'application/json',
      ),
    );
  }
  expect([calls, duplicates.value]).toEqual([2, 2]);
});

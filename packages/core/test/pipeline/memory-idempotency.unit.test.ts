/** The store that the other tests of core work with keeps the rules, too. */
import { describeIdempotencyStore } from '../support/idempotency-contract.js';
import { MemoryIdempotencyStore } from '../support/memory-idempotency.js';

const store = new MemoryIdempotencyStore();
describeIdempotencyStore(() => [store, store]);

export { RedisIdempotencyStore, type RedisIdempotencyOptions } from './redis-idempotency-store.js';

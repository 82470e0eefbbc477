export { binderFactory, binderFactory as default } from './factory.js';
export type { EmbeddedOptions } from './options.js';
export type { EmbeddedMessage } from './consumer.js';
export { EmbeddedIdempotencyStore, type EmbeddedIdempotencyOptions } from './idempotency-store.js';

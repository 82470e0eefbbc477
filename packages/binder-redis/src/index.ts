export { binderFactory } from './factory.js';
export type { RedisEntry } from './consuming/delivery.js';

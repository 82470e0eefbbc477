/** The door for authors of binders: the contract, and the kit that does what every binder would otherwise write. */
export * from './binder/index.js';
export { StreambindError, isStreambindError, asError, type ErrorCode } from './errors/index.js';
export { schema, type Schema, type Option } from './schema/index.js';
export type { Logger } from './logging/index.js';

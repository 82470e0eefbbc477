export { Converters, type Encoded } from './converters.js';
export { MessageConverter } from './message-converter.js';
export { writeJson } from './json.js';
export { parseMediaType, type MediaType } from './media-type.js';
export { instantiate, isConversionFailure } from './validation.js';
export type { PayloadReader, PayloadTarget } from './target.js';
export type { StandardIssue, StandardResult, StandardSchemaV1 } from './standard-schema.js';

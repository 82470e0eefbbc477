export { ERROR_CODES, type ErrorCode } from './codes.js';
export { StreambindError, isStreambindError, asError, type ErrorDetails } from './error.js';
export { RejectAndDontRequeueError, ImmediateAcknowledgeError } from './handler-errors.js';
export { nearest } from './nearest.js';
export { stackTraceOf } from './stack-trace.js';

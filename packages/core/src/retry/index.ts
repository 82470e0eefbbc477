export { DEFAULT_RETRY_POLICY, backOff, isRetryable, type RetryPolicy } from './policy.js';
export { pause, retryUntil, type RetryLoop } from './loop.js';
export { RetryTemplate } from './template.js';

export { inboundPipeline, type InboundContext, type InboundSettings } from './inbound.js';
export {
  outboundPipeline,
  asSendFailure,
  isSendFailure,
  type Outbound,
  type OutboundContext,
  type OutboundSettings,
} from './outbound.js';
export { Listeners, methodListener, type Listener } from './listeners.js';
export { idempotentListener, type Idempotency } from './idempotent.js';
export { IdempotencyStore, type IdempotencyClaim } from './idempotency-store.js';
export { ErrorListeners, errorListener, type ErrorListener } from './error-listeners.js';
export { Transactions } from './transactions.js';
export { argumentErrors, bindsChannels } from './arguments.js';
export { ReceivedMessage, Exchange } from './exchange.js';

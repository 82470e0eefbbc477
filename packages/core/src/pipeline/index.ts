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
export { argumentErrors } from './arguments.js';
export { ReceivedMessage, Exchange } from './exchange.js';

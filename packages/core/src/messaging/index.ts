export { HeaderRecord, MessageHeaders } from './headers.js';
export { Message, MessageBuilder, GenericMessage, ErrorMessage, MessageHandlingError } from './message.js';
export {
  MessageChannel,
  SubscribableChannel,
  PollableMessageSource,
  type MessageHandler,
  type Unsubscribe,
} from './channel.js';
export { Acknowledgment } from './acknowledgment.js';

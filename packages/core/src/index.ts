/** The door for users. */
export {
  runApplication,
  Application,
  type ApplicationHealth,
  type RunOptions,
  type ShutdownReceipt,
  type Module,
} from './application/index.js';
export {
  BootApplication,
  Component,
  Service,
  Repository,
  Configuration,
  Bean,
  Primary,
  Profile,
  Resource,
  Autowired,
  Qualifier,
  Value,
  PostConstruct,
  PreDestroy,
  EnableBinding,
  Input,
  Output,
  Source,
  Sink,
  Processor,
  StreamListener,
  SendTo,
  Payload,
  Header,
  Headers,
  type BootApplicationOptions,
  type AutowiredOptions,
  type StreamListenerOptions,
  type PayloadOptions,
  type HeaderOptions,
  type Class,
} from './annotations/index.js';
export {
  Message,
  MessageBuilder,
  MessageHeaders,
  ErrorMessage,
  MessageChannel,
  SubscribableChannel,
  PollableMessageSource,
  Acknowledgment,
  type MessageHandler,
  type Unsubscribe,
} from './messaging/index.js';
export { MessageConverter, type MediaType, type PayloadTarget } from './converter/index.js';
export type { BindingControl, BindingInfo, BindingState } from './binding/index.js';
export { Environment, type Property, type Origin } from './config/index.js';
export type { BinderFactory } from './binder/index.js';
export {
  StreambindError,
  isStreambindError,
  RejectAndDontRequeueError,
  ImmediateAcknowledgeError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
} from './errors/index.js';

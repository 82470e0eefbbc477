export {
  record,
  recordOf,
  recordedClasses,
  classDecorator,
  injectionDecorator,
  methodDecorator,
  decoratorsLiveAt,
  type Annotation,
  type Class,
  type ClassRecord,
} from './record.js';
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
  ConfigurationProperties,
  ConfigurationProperty,
  PostConstruct,
  PreDestroy,
  type BootApplicationOptions,
  type AutowiredOptions,
  type PropertyType,
} from './components.js';
export {
  EnableBinding,
  Input,
  Output,
  Source,
  Sink,
  Processor,
  StreamListener,
  IdempotentReceiver,
  SendTo,
  Payload,
  Header,
  Headers,
  type StreamListenerOptions,
  type IdempotentReceiverOptions,
  type PayloadOptions,
  type HeaderOptions,
} from './bindings.js';
export {
  ServiceActivator,
  Transformer,
  InboundChannelAdapter,
  type ServiceActivatorOptions,
  type TransformerOptions,
  type InboundChannelAdapterOptions,
  type PollerOptions,
} from './integration.js';
export { Scheduled, type TriggerOptions } from './scheduling.js';
export { readComponent, readChannels, annotationsOf, isComponent, decapitalize } from './read.js';
export { misplacedMembers, notEnabled, orphans } from './misplaced.js';
export { usableType } from './metadata.js';
export type {
  ComponentDescription,
  ChannelDescription,
  ListenerDescription,
  ParameterDescription,
  TaskDescription,
  Injection,
  FieldInjection,
  BeanMethod,
} from './descriptions.js';

/**
 * Every code a user can meet, with what it says in one line. The list is closed: `StreambindError` takes nothing else,
 * and the printed errors page is made from it.
 */
export const ERROR_CODES = {
  // configuration
  CONFIG_FILE: 'A configuration file cannot be read or parsed.',
  CONFIG_KEY: 'A configuration key is not known where it stands.',
  CONFIG_VALUE: 'A configuration value is not of the type that its key takes.',
  CONFIG_PLACEHOLDER: 'A ${placeholder} names a property that is not set and has no default.',
  CONFIG_CIRCULAR: 'A ${placeholder} leads back to itself.',
  CONFIG_UNSUPPORTED: 'A property of Spring that is known here and not supported.',
  CONFIG_IMPORT: 'A file named by spring.config.import or spring.config.location does not exist.',
  // expressions
  EXPRESSION_SYNTAX: 'An expression cannot be parsed, or uses more than the supported subset.',
  EXPRESSION_EVALUATION: 'An expression cannot be evaluated on this message.',
  // components
  COMPONENT_MISSING: 'Nothing of that name or type can be injected.',
  COMPONENT_AMBIGUOUS: 'Several components fit and neither a name nor @Primary decides.',
  COMPONENT_DUPLICATE: 'Two components have the same name.',
  COMPONENT_CIRCULAR: 'Components need each other in their constructors.',
  COMPONENT_FAILED: 'A constructor, @PostConstruct method or @Bean method of a component threw.',
  COMPONENT_SCAN: 'A file of the application could not be loaded by the component scan.',
  DECORATOR_MISUSE: 'A decorator stands where it means nothing, or lacks what it needs.',
  METADATA_MISSING: 'The compiler wrote no type metadata where it is needed.',
  // declarations of listeners and channels
  LISTENER_TARGET: 'A listener names a channel that no binding class declares.',
  LISTENER_ARGUMENTS: 'The arguments of a handler method cannot be told apart.',
  LISTENER_RETURNS: 'A handler returns a value and no output is named for it, or may not return one at all.',
  SEND_TO_TARGET: 'What a method returns goes to no output, to several, or to one that does not exist.',
  CHANNEL_DUPLICATE: 'Two binding classes declare different channels under one name.',
  CHANNEL_TYPE: 'A binding class declares a channel of a type that cannot be bound.',
  NOT_SUPPORTED_YET: 'A feature of Spring Cloud Stream that this version does not have.',
  // binders and bindings
  BINDER_UNKNOWN: 'A binding names a binder that is not declared.',
  BINDER_TYPE: 'No package serves the type of a binder.',
  BINDER_AMBIGUOUS: 'Several binders could serve a binding and none is the default.',
  BINDER_FAILED: 'A binder could not be created or refused a binding for good.',
  BINDING_UNKNOWN: 'No binding has that name.',
  BINDING_STATE: 'A binding cannot do that in the state it is in.',
  UNSUPPORTED_CAPABILITY: 'The binder cannot do what the configuration asks for.',
  START_TIMEOUT: 'The application was not ready within spring.cloud.stream.start-timeout.',
  GUARANTEE: 'The configuration cannot keep the guarantee that the binding asks for.',
  // messages
  CONVERSION: 'A payload cannot be converted to or from its content type.',
  PAYLOAD_INVALID: 'A payload was decoded and is not what the handler takes.',
  HEADER_MISSING: 'A header that the handler requires is not there.',
  HEADER_RESERVED: 'A header was set that only the framework sets.',
  NO_LISTENER_MATCHED: 'No listener of the channel takes the message.',
  HANDLER_TIMEOUT: 'An attempt took longer than the handler-timeout of its binding.',
  CRASHING: 'A message was delivered more than 20 times without one of its attempts ending.',
  REJECTED: 'A handler rejected the message for good.',
  IDEMPOTENCY_KEY: 'A message has nothing to know it again by, and its listener handles each only once.',
  ALREADY_SETTLED: 'A delivery was acknowledged or given back before.',
  // sending
  BUFFER_FULL: 'More sends wait than the binding allows.',
  PUBLISH_UNKNOWN: 'The broker did not confirm a send in time; the message may or may not have arrived.',
  PUBLISH_REFUSED: 'The broker refused a message.',
  UNROUTABLE: 'No queue takes the message, and the binding wants one to.',
  PAYLOAD_TOO_LARGE: 'A payload is larger than the broker takes.',
  PARTITION_KEY: 'The partition key of a message is null or cannot be hashed.',
  CLOSED: 'The application, binding or binder is closed.',
  // stores and brokers
  BROKER_UNAVAILABLE: 'The broker or store cannot be reached.',
  BROKER_FULL: 'The disk or memory of the broker or store is full.',
  AUTH: 'The broker does not let the user in.',
  ACCESS_REFUSED: 'The user may not do that on the broker.',
  TOPOLOGY_CONFLICT: 'What the broker has under a name is not what the binding asks for.',
  DESTINATION_GONE: 'What the binding reads from or sends to is not there, or was deleted.',
  DESTINATION_RESET: 'What should have been durable was gone and is made anew; messages may be lost.',
  STORE_INSECURE: 'The directory of the embedded store can be written by others.',
  STORE_READ_ONLY: 'The directory or file of the embedded store cannot be written.',
  STORE_DAMAGED: 'The file of the embedded store is damaged.',
  STORE_VERSION: 'The embedded store was made by a newer version.',
  STORE_DRIVER: 'No SQLite build that is safe for several processes can be loaded.',
  FENCED: 'This member was silent longer than its lease, and others took over its messages.',
  // web
  PORT_IN_USE: 'The port of the web server is taken.',
  WEB_ROUTE: 'Two methods serve the same path, or a path cannot be read.',
  // the process
  START_FAILED: 'The application could not start.',
  INTERNAL: 'Something happened that should not be possible; please report it.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;

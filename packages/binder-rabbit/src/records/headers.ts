import { headerFilter, type HeaderFilter } from '@streambind/core/binder';

/** Names of headers that stand for properties and facts of an AMQP message. Spring: `AmqpHeaders`. */
export const AmqpHeaders = {
  // in both directions; what a handler passes on keeps them
  APP_ID: 'amqp_appId',
  CLUSTER_ID: 'amqp_clusterId',
  CONTENT_ENCODING: 'amqp_contentEncoding',
  CORRELATION_ID: 'amqp_correlationId',
  /** Milliseconds, as text. */
  EXPIRATION: 'amqp_expiration',
  MESSAGE_ID: 'amqp_messageId',
  REPLY_TO: 'amqp_replyTo',
  /** A Date; AMQP keeps whole seconds. */
  TIMESTAMP: 'amqp_timestamp',
  TYPE: 'amqp_type',
  /** 0 to 255; without the prefix, as in Spring Integration. */
  PRIORITY: 'priority',
  // outbound
  /** Milliseconds; sent as `x-delay`. */
  DELAY: 'amqp_delay',
  /** `PERSISTENT`, `NON_PERSISTENT`, 2 or 1; wins over the binding's `delivery-mode`. */
  DELIVERY_MODE: 'amqp_deliveryMode',
  /** The broker refuses any but the name of the connection's user. */
  USER_ID: 'amqp_userId',
  // inbound
  CONSUMER_QUEUE: 'amqp_consumerQueue',
  CONSUMER_TAG: 'amqp_consumerTag',
  DELIVERY_TAG: 'amqp_deliveryTag',
  /** True on the last message of a batch that was sent as one. */
  LAST_IN_BATCH: 'amqp_lastInBatch',
  RECEIVED_DELAY: 'amqp_receivedDelay',
  /** `PERSISTENT` or `NON_PERSISTENT`. */
  RECEIVED_DELIVERY_MODE: 'amqp_receivedDeliveryMode',
  RECEIVED_EXCHANGE: 'amqp_receivedExchange',
  RECEIVED_ROUTING_KEY: 'amqp_receivedRoutingKey',
  RECEIVED_USER_ID: 'amqp_receivedUserId',
  REDELIVERED: 'amqp_redelivered',
} as const;

const PREFIX = 'amqp_';

export const isAmqpHeader = (name: string): boolean => name.startsWith(PREFIX);

/** Names in header tables that Spring AMQP's own ends agree on. */
export const TableHeaders = {
  AUTO_DECOMPRESS: 'springAutoDecompress',
  BATCH_FORMAT: 'springBatchFormat',
  BATCH_SIZE: 'amqp_batchSize',
  DELAY: 'x-delay',
  EXCEPTION_STACK_TRACE: 'x-exception-stacktrace',
  EXCEPTION_MESSAGE: 'x-exception-message',
  ORIGINAL_EXCHANGE: 'x-original-exchange',
  ORIGINAL_ROUTING_KEY: 'x-original-routingKey',
} as const;

/** The one format of `springBatchFormat`: each body behind its length in four bytes. */
export const LENGTH_HEADER_4 = 'lengthHeader4';

/** The groups that a header pattern can name. Spring Integration: `AbstractHeaderMapper`. */
const GROUPS: Readonly<Record<string, HeaderFilter>> = {
  STANDARD_REQUEST_HEADERS: isStandard,
  STANDARD_REPLY_HEADERS: isStandard,
  NON_STANDARD_HEADERS: (name) => !isAmqpHeader(name),
};

function isStandard(name: string): boolean {
  return name === 'contentType' || (Object.values(AmqpHeaders) as string[]).includes(name);
}

/** What `header-patterns` lets pass; undefined where that is everything. */
export const mappedHeaders = (patterns: readonly string[]): HeaderFilter | undefined =>
  headerFilter(patterns, { groups: GROUPS });

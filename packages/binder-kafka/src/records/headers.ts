import { headerFilter, type HeaderFilter } from '@streambind/core/binder';

/** Names of headers that stand for facts of a Kafka record. Spring: `KafkaHeaders` of Spring Kafka 2.8. */
export const KafkaHeaders = {
  // outbound; they are orders to the binder and do not leave as headers
  /** Key of the record: bytes, or text that is sent in UTF-8. */
  MESSAGE_KEY: 'kafka_messageKey',
  /** Partition of the record, from 0; a partitioned producer chooses by itself. */
  PARTITION_ID: 'kafka_partitionId',
  /** Time of the record: a Date or milliseconds since 1970. */
  TIMESTAMP: 'kafka_timestamp',
  /** Another topic than the binding's, where `use-topic-header` is set. */
  TOPIC: 'kafka_topic',
  // inbound
  /** Of a parameter of the type `Acknowledgment`, which may go without. */
  ACKNOWLEDGMENT: 'kafka_acknowledgment',
  GROUP_ID: 'kafka_groupId',
  OFFSET: 'kafka_offset',
  /** Bytes; absent where the record has no key. */
  RECEIVED_MESSAGE_KEY: 'kafka_receivedMessageKey',
  RECEIVED_PARTITION_ID: 'kafka_receivedPartitionId',
  /** Milliseconds since 1970. */
  RECEIVED_TIMESTAMP: 'kafka_receivedTimestamp',
  RECEIVED_TOPIC: 'kafka_receivedTopic',
  /** `CREATE_TIME` or `LOG_APPEND_TIME`. */
  TIMESTAMP_TYPE: 'kafka_timestampType',
} as const;

/** Headers of a dead letter that tell where it comes from and why. Spring: `KafkaMessageChannelBinder`. */
export const DeadLetterHeaders = {
  /** Text. */
  ORIGINAL_TOPIC: 'x-original-topic',
  /** 32 bits, big endian. */
  ORIGINAL_PARTITION: 'x-original-partition',
  /** 64 bits, big endian. */
  ORIGINAL_OFFSET: 'x-original-offset',
  /** Milliseconds since 1970 in 64 bits, big endian. */
  ORIGINAL_TIMESTAMP: 'x-original-timestamp',
  /** `CreateTime` or `LogAppendTime`. */
  ORIGINAL_TIMESTAMP_TYPE: 'x-original-timestamp-type',
  /** The class that Spring would have thrown. */
  EXCEPTION_FQCN: 'x-exception-fqcn',
  /** Text; absent where the error has no message. */
  EXCEPTION_MESSAGE: 'x-exception-message',
  /** Text. */
  EXCEPTION_STACK_TRACE: 'x-exception-stacktrace',
} as const;

/** The header that has the Java classes of the others, as JSON. Spring Kafka: `DefaultKafkaHeaderMapper.JSON_TYPES`. */
export const HEADER_TYPES = 'spring_json_header_types';
/** True for a handler where the record had any header. Spring: `BinderHeaders.NATIVE_HEADERS_PRESENT`. */
export const NATIVE_HEADERS_PRESENT = 'scst_nativeHeadersPresent';
/** Where Spring leaves the result of a `message-key-expression` that names the payload. */
export const EVALUATED_KEY = 'scst_messageKey';
export const PARTITION = 'scst_partition';
export const CONTENT_TYPE = 'contentType';

const NEVER_MAPPED: ReadonlySet<string> = new Set([
  'id',
  'timestamp',
  'deliveryAttempt',
  HEADER_TYPES,
  NATIVE_HEADERS_PRESENT,
  ...Object.values(KafkaHeaders),
  'kafka_batchConvertedHeaders',
  'kafka_consumer',
  'kafka_data',
  'kafka_deliveryAttempt',
  'kafka_listenerInfo',
  'kafka_nativeHeaders',
]);

/** What becomes a record header. @param patterns none: all. The first that matches a name decides, as in Spring Kafka */
export function mappedHeaders(patterns: readonly string[]): HeaderFilter {
  const passes = patterns.length === 0 ? undefined : headerFilter(patterns, { decides: 'first' });
  return (name) => !NEVER_MAPPED.has(name) && (!passes || passes(name));
}

/** Names of headers that stand for facts of a Kafka record. Spring: `KafkaHeaders` 2.8. */
export const KafkaHeaders = {
  MESSAGE_KEY: 'kafka_messageKey',
} as const;

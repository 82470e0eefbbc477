/** streambind's binder for Apache Kafka. */
export { binderFactory } from './factory.js';
export { DeadLetterHeaders, KafkaHeaders } from './records/headers.js';
export { UntrustedHeader } from './records/header-values.js';
export { kafkaTyped, type KafkaShortType, type KafkaTyped } from './records/typed.js';

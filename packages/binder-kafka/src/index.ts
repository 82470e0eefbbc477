export { KafkaHeaders } from './records/headers.js';

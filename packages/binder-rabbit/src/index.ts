/** streambind's binder for RabbitMQ. */
export { binderFactory } from './factory.js';
export { AmqpHeaders } from './records/headers.js';
export { AmqpTyped, amqpTyped, type AmqpType, type AmqpTypedInput } from './records/typed.js';
export type { RabbitMessage } from './consuming/delivery.js';

/** streambind's binder for RabbitMQ. */
export { binderFactory } from './factory.js';
export { AmqpHeaders } from './headers.js';
export { AmqpTyped, amqpTyped, type AmqpType, type AmqpTypedInput } from './typed.js';
export type { RabbitMessage } from './delivery.js';

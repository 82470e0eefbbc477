import { StreambindError } from './error.js';

/**
 * Thrown by a handler: this message can never be handled, dead-letter it now without further attempts; its code is
 * REJECTED. Spring: `AmqpRejectAndDontRequeueException`.
 */
export class RejectAndDontRequeueError extends StreambindError {
  override readonly name: string = 'RejectAndDontRequeueError';

  constructor(message = 'The handler rejected the message.', { cause }: ErrorOptions = {}) {
    super('REJECTED', message, {}, cause);
  }
}

/**
 * Thrown by a handler: the message is done with although the handler throws; acknowledge it and drop it.
 * Spring: `ImmediateAcknowledgeAmqpException`.
 */
export class ImmediateAcknowledgeError extends Error {
  override readonly name: string = 'ImmediateAcknowledgeError';
}

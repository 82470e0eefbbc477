/**
 * Thrown by a handler: this message can never be handled, dead-letter it now without further attempts.
 * Spring: `AmqpRejectAndDontRequeueException`.
 */
export class RejectAndDontRequeueError extends Error {
  override readonly name: string = 'RejectAndDontRequeueError';
}

/**
 * Thrown by a handler: the message is done with although the handler throws; acknowledge it and drop it.
 * Spring: `ImmediateAcknowledgeAmqpException`.
 */
export class ImmediateAcknowledgeError extends Error {
  override readonly name: string = 'ImmediateAcknowledgeError';
}

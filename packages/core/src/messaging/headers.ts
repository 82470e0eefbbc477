import { randomUUID } from 'node:crypto';

/**
 * The headers of one message: a read-only record. `id` (a UUID, or the wire's own id) and `timestamp` (milliseconds since
 * 1970) are always there. It has no prototype members, so a header may have any name, `constructor` and `__proto__` too.
 *
 * A class, so that a handler can take `headers: MessageHeaders` and be understood at run time.
 */
export class MessageHeaders {
  static readonly ID = 'id';
  static readonly TIMESTAMP = 'timestamp';
  static readonly CONTENT_TYPE = 'contentType';
  static readonly REPLY_CHANNEL = 'replyChannel';
  static readonly ERROR_CHANNEL = 'errorChannel';
  /** The partition a message was sent to. Spring: `BinderHeaders.PARTITION_HEADER`. */
  static readonly PARTITION = 'scst_partition';
  /** Sets the partition instead of computing it. Spring: `BinderHeaders.PARTITION_OVERRIDE`. */
  static readonly PARTITION_OVERRIDE = 'scst_partitionOverride';
  /** 1 for the first attempt. Inbound only. Spring: `IntegrationMessageHeaderAccessor.DELIVERY_ATTEMPT`. */
  static readonly DELIVERY_ATTEMPT = 'deliveryAttempt';
  /** The broker client's own message. Inbound only. */
  static readonly SOURCE_DATA = 'sourceData';

  readonly [name: string]: unknown;

  readonly #received: unknown;

  /** @param received of the delivery that the headers are from; default: that of `headers` */
  constructor(headers: Readonly<Record<string, unknown>> = {}, received = MessageHeaders.receivedWith(headers)) {
    this.#received = received;
    const own = this as Record<string, unknown>;
    for (const name in headers) own[name] = headers[name];
    own['id'] ??= randomUUID();
    own['timestamp'] ??= Date.now();
  }

  /** @internal `Delivery.received` of the message that these headers are from, if they came in. */
  static receivedWith(headers: object): unknown {
    return #received in headers ? headers.#received : undefined;
  }
}
Object.setPrototypeOf(MessageHeaders.prototype, null);
delete (MessageHeaders.prototype as unknown as Record<string, unknown>)['constructor'];

/**
 * A record for headers: no prototype members, so every name is free, and laid out like an instance of a class. What
 * `Object.create(null)` gives is a hash table, several times as large.
 */
export const HeaderRecord = function () {} as unknown as new () => Record<string, unknown>;
Object.defineProperty(HeaderRecord, 'prototype', { value: Object.create(null) as object });

/** What went wrong at a client, in words of its own that every client can be translated to. */

export type TroubleKind =
  /** Brokers that are away, leaders that move: trying again helps. */
  | 'unavailable'
  /** Nobody knows whether the request was carried out. */
  | 'unknown'
  /** The topic, or the partition, does not exist. */
  | 'missing'
  /** A record is larger than the broker takes. */
  | 'too-large'
  /** Wrong credentials, or a certificate. */
  | 'authentication'
  /** Known to the broker, and not allowed. */
  | 'authorization'
  /** The group or the transaction has moved on; this member or producer is of no use any more. */
  | 'fenced'
  /** Whatever trying again will not cure. */
  | 'refused';

export class KafkaTrouble extends Error {
  override readonly name = 'KafkaTrouble';
  readonly kind: TroubleKind;
  /** The protocol's own name of the error: `MESSAGE_TOO_LARGE`. */
  readonly type: string | undefined;

  constructor(kind: TroubleKind, message: string, details: { type?: string; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.type = details.type;
  }
}

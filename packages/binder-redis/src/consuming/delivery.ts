/** One entry on its way to a handler. It is decoded when somebody looks. */
import { asError, type Delivery, type HeaderFilter, type HeaderValue } from '@streambind/core/binder';
import type { Reply } from '../client/replies.js';
import { decodeEntry, type Decoded } from '../records/entry.js';

/** An id, and its fields and values in turn; null where the entry is gone. */
export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[] | null];

/** What one read brought. */
export interface Batch {
  readonly entries: readonly RawEntry[];
  /** They had been delivered to this consumer before. */
  readonly again: boolean;
}

/** Of the reply to XREAD or XREADGROUP for one stream; there is none where nothing came. */
export const entriesOf = (reply: Reply): readonly RawEntry[] =>
  (reply as readonly (readonly [Buffer, readonly RawEntry[]])[] | null)?.[0]?.[1] ?? [];

/** `Delivery.native`: the entry as Redis has it. */
export interface RedisEntry {
  readonly stream: string;
  readonly id: string;
  /** Fields and values in turn. */
  readonly fields: readonly Buffer[];
}

/** What the deliveries of one reader share. */
export interface Origin {
  readonly stream: string;
  readonly destination: string;
  readonly filter: HeaderFilter | undefined;
  /** It is done with, well or buried. */
  ack(id: string): void;
}

export class RedisDelivery implements Delivery {
  readonly attempt = 1;
  readonly lane: string;
  readonly crashes?: number;
  /** Failures of handlers that the kit told of. */
  failures = 0;
  // no private names: the kit copies deliveries
  private decoded: Decoded | undefined;
  private failure: Error | undefined;

  constructor(
    readonly origin: Origin,
    readonly id: string,
    readonly fields: readonly Buffer[],
    readonly lost: AbortSignal,
    deliveries: number,
  ) {
    this.lane = origin.stream;
    if (deliveries > 1) this.crashes = deliveries - 1;
  }

  /** @throws CONVERSION the entry is malformed */
  get payload(): Uint8Array | null {
    const { payload } = this.record();
    if (this.failure) throw this.failure;
    return payload;
  }

  /** Never throws: what is malformed shows when the payload is read. */
  get headers(): Readonly<Record<string, HeaderValue>> {
    return this.record().headers;
  }

  get key(): string | Uint8Array | undefined {
    return this.record().key;
  }

  get native(): RedisEntry {
    return { stream: this.lane, id: this.id, fields: this.fields };
  }

  /** How often a handler was called with it, when it is given up. */
  get attempts(): number {
    this.record();
    return this.failure ? 0 : this.failures + 1;
  }

  private record(): Decoded {
    if (this.decoded) return this.decoded;
    try {
      this.decoded = decodeEntry(this.fields, `${this.lane} ${this.id}`, this.origin.filter);
    } catch (error) {
      this.failure = asError(error);
      this.decoded = UNREADABLE;
    }
    return this.decoded;
  }
}

const UNREADABLE: Decoded = { payload: null, headers: {} };

/** One record on its way through a handler. */
import type { Delivery } from '@streambind/core/binder';
import type { IncomingRecord, OutgoingRecord } from '../client/port.js';
import { ReceivedRecord } from '../records/inbound.js';
import type { Lane } from './lane.js';

export class KafkaDelivery extends ReceivedRecord implements Delivery {
  readonly attempt = 1;
  /** Settled, and not to be read again. */
  done = false;
  /** What its handler sent inside its transaction, where the binder has transactions. Copies share it. */
  readonly sent: OutgoingRecord[] | undefined;

  constructor(
    native: IncomingRecord,
    readonly place: Lane,
  ) {
    super(native, place.origin);
    this.sent = place.transactional ? [] : undefined;
  }

  get id(): string {
    return `${this.lane}@${this.native.offset}`;
  }

  get lane(): string {
    return this.place.name;
  }

  get partition(): number {
    return this.place.origin.partition;
  }

  get lost(): AbortSignal {
    return this.place.lost;
  }
}

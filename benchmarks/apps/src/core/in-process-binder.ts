/** A binder with nothing behind it: deliveries are handed over as fast as the kit takes them, sends are confirmed at once. */
import { Intake, schema, type BinderFactory, type Delivery, type WireRecord } from '@streambind/core/binder';

const NEVER = new AbortController().signal;
const CONFIRMED = Promise.resolve();

export class InProcess {
  sent = 0;
  #intake: Intake<Delivery> | undefined;
  #settled = 0;
  #waiting: { readonly until: number; readonly done: () => void } | undefined;

  /** Delivers the record so many times and resolves when all are settled. */
  async deliver(record: WireRecord, count: number): Promise<void> {
    const until = this.#settled + count;
    const done = new Promise<void>((resolve) => (this.#waiting = { until, done: resolve }));
    const intake = this.#intake!;
    for (let left = count; left > 0;) {
      await intake.whenRoom();
      const batch = Array.from({ length: Math.min(left, intake.room) }, (_, index) => deliveryOf(record, left - index));
      left -= batch.length;
      intake.offerAll(batch);
    }
    await done;
  }

  readonly factory: BinderFactory = {
    type: 'in-process',
    system: 'in-process',
    capabilities: {
      partitions: 'emulated',
      order: 'destination',
      delayedRequeue: 'held',
      minRequeueMs: 0,
      attempts: 'local',
      durableGroups: true,
      replay: false,
      anonymousGroups: true,
      provisioning: true,
      pause: true,
      transactions: false,
      batch: false,
      headerTypes: 'typed',
      nullPayload: true,
      emptyPayload: true,
      maxPayload: 1 << 24,
      redeliverOnCrashMs: 0,
    },
    schemas: { binder: schema<object>({}), consumer: schema<object>({}), producer: schema<object>({}) },
    producerExpressions: [],
    create: () =>
      Promise.resolve({
        bindConsumer: (source, sink) => {
          const settler = { ack: () => this.#acknowledged(), deadLetter: () => Promise.reject(new Error('it failed')) };
          const capabilities = { delayedRequeue: 'held', minRequeueMs: 0 } as const;
          this.#intake = new Intake({ source, sink, settler, capabilities });
          return Promise.resolve(this.#intake.binding(() => {}));
        },
        bindProducer: () =>
          Promise.resolve({
            send: () => {
              this.sent++;
              return CONFIRMED;
            },
            close: () => Promise.resolve({ confirmed: 0, unconfirmed: 0 }),
          }),
        close: () => CONFIRMED,
      }),
  };

  #acknowledged(): void {
    if (++this.#settled === this.#waiting?.until) this.#waiting.done();
  }
}

/** Made anew for each message, here and in the bare program: a broker's client does the same. */
export const deliveryOf = ({ payload, headers }: WireRecord, n: number): Delivery => ({
  payload,
  headers,
  id: String(n),
  attempt: 1,
  lane: '',
  lost: NEVER,
  native: undefined,
});

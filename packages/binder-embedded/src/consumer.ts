import {
  Intake,
  StreambindError,
  asError,
  isStreambindError,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type Delivery,
  type Settler,
} from '@streambind/core/binder';
import { decodeHeaders, encodeHeaders, type Headers } from './records.js';
import { Unpacker } from './store/bytes.js';
import {
  DELIVERED_FIELDS,
  type DeliveredBatch,
  type Entered,
  type ReaderRequest,
  type Settled,
} from './store/protocol.js';
import type { Receiver, Store } from './store/store.js';
import { anonymousGroup, deadLetterDestination } from './topology.js';

/** Characters; a stack may be of any length, and a dead letter is read by people. */
const LONGEST_STACK = 8 * 1024;

/** What is lost together: a partition, in one epoch of its reader. */
interface Lane {
  readonly name: string;
  readonly request: ReaderRequest;
  readonly epoch: number;
  readonly partition: number;
  readonly ownership: AbortController;
}

/** A message of the log, as `Delivery.native` shows it. */
export interface EmbeddedMessage {
  readonly destination: string;
  readonly partition: number;
  readonly id: number;
  readonly publishedAt: Date;
}

class LogDelivery implements Delivery {
  readonly id: string;
  readonly lane: string;
  readonly lost: AbortSignal;
  /** Failures that the store was told of since this was delivered. */
  told = 0;

  constructor(
    readonly from: Lane,
    readonly message: number,
    readonly attempt: number,
    readonly crashes: number,
    public firstFailure: number | undefined,
    readonly at: number,
    readonly headers: Headers,
    readonly payload: Uint8Array | null,
    readonly key: string | Uint8Array | undefined,
  ) {
    this.id = String(message);
    this.lane = from.name;
    this.lost = from.ownership.signal;
  }

  get native(): EmbeddedMessage {
    const { request, partition } = this.from;
    return { destination: request.destination, partition, id: this.message, publishedAt: new Date(this.at) };
  }
}

export class EmbeddedConsumer implements Receiver, Settler<LogDelivery> {
  readonly readers: readonly ReaderRequest[];
  readonly binding: ConsumerBinding;
  readonly #id: number;
  readonly #store: Store;
  readonly #sink: ConsumerSink;
  readonly #warn: (text: string) => void;
  readonly #intake: Intake<LogDelivery>;
  readonly #lanes = new Map<number, Map<number, Lane>>();
  /** Of the destination of each reader. */
  readonly #partitions = new Map<number, number>();
  #settling: Settled | undefined;

  constructor(
    store: Store,
    source: ConsumerSource,
    sink: ConsumerSink,
    capabilities: Capabilities,
    warn: (text: string) => void,
  ) {
    this.#store = store;
    this.#sink = sink;
    this.#warn = warn;
    this.#id = store.nextId();
    const group = source.group ?? anonymousGroup();
    this.readers = source.destinations.map((destination) => ({
      reader: store.nextId(),
      consumer: this.#id,
      prefetch: source.prefetch,
      ordered: source.ordered,
      destination,
      partitions: source.partitioning?.count ?? 1,
      group,
      anonymous: source.group === undefined,
      startFrom: source.startFrom ?? 'latest',
      mine: source.partitioning?.mine,
      create: source.provision === 'create',
    }));
    this.#intake = new Intake({ source, sink, settler: this, capabilities });
    const binding = this.#intake.binding(
      () => store.hold(this.#id, true),
      () => store.unsubscribe(this.#id),
    );
    this.binding = {
      pause: () => {
        binding.pause();
        this.#hold(true);
      },
      resume: () => {
        binding.resume();
        this.#hold(false);
      },
      close: (deadlineMs) => binding.close(deadlineMs),
    };
  }

  /** Resolves when every subscription is in the store. */
  open(signal: AbortSignal): Promise<void> {
    return this.#store.subscribe(this.#id, this, signal);
  }

  get degraded(): string | undefined {
    return this.#intake.degraded;
  }

  // from the store

  delivered({ reader, epoch, fields, bytes }: DeliveredBatch): void {
    const unpacker = new Unpacker(bytes);
    const deliveries: LogDelivery[] = [];
    for (let at = 0; at < fields.length; at += DELIVERED_FIELDS) {
      const message = fields[at] as number;
      deliveries.push(
        new LogDelivery(
          this.#lane(reader, epoch, fields[at + 1] as number),
          message,
          (fields[at + 2] as number) + 1,
          fields[at + 3] as number,
          (fields[at + 4] as number | null) ?? undefined,
          fields[at + 5] as number,
          this.#headers(fields[at + 7] as string, message),
          unpacker.next(fields[at + 8] as number),
          (fields[at + 6] as string | Uint8Array | null) ?? undefined,
        ),
      );
    }
    this.#intake.offerAll(deliveries);
  }

  lost(reader: number, partition: number | undefined): void {
    const lanes = this.#lanes.get(reader);
    for (const lane of lanes?.values() ?? []) {
      if (partition !== undefined && lane.partition !== partition) continue;
      lanes!.delete(lane.partition);
      lane.ownership.abort(new StreambindError('FENCED', `${lane.name} belongs to another consumer now.`));
    }
  }

  fault(error: Error): void {
    this.#sink.fault(error);
  }

  entered(reader: number, { partitions, contested }: Entered): void {
    const { destination, group, mine, partitions: instances } = this.#request(reader);
    this.#partitions.set(reader, partitions);
    if (mine && instances < partitions) {
      this.#warn(
        `${destination} has ${partitions} partitions and group ${group} ${instances} instances: those from number ` +
          `${instances} on are read by nobody. Set instance-count to ${partitions}, or give instances several partitions ` +
          'with instance-index-list.',
      );
    }
    for (const { partition, pid } of contested) {
      const text = `partition ${partition} of ${destination} in group ${group} is read by process ${pid} as well`;
      this.#warn(text);
      this.#sink.fault(
        new StreambindError('BINDER_FAILED', `Two consumers claim the same instance index: ${text}.`, {
          fix: 'give every instance its own spring.cloud.stream.instance-index',
        }),
      );
    }
  }

  // from the intake

  ack(delivery: LogDelivery): void {
    this.#settled(delivery).acks.push(delivery.message);
  }

  requeue(delivery: LogDelivery, delayMs: number, failure?: Error): void {
    this.#settled(delivery).returns.push(delivery.message, delayMs, failure ? 1 : 0);
  }

  failed(delivery: LogDelivery): void {
    delivery.told++;
    delivery.firstFailure ??= Date.now();
    this.#settled(delivery).failures.push(delivery.message);
  }

  deadLetter(delivery: LogDelivery, reason: Error): Promise<void> {
    const { request, epoch } = delivery.from;
    return this.#store.bury({
      reader: request.reader,
      epoch,
      message: delivery.message,
      destination: deadLetterDestination(request.destination, request.group),
      headers: encodeHeaders({ ...delivery.headers, ...epitaph(delivery, reason, this.#routingKey(delivery.from)) }),
    });
  }

  /** As Spring Cloud Stream addresses: the partition is a part of the key. */
  #routingKey({ request: { reader, destination }, partition }: Lane): string {
    return partition > 0 || this.#partitions.get(reader)! > 1 ? `${destination}-${partition}` : destination;
  }

  #request(reader: number): ReaderRequest {
    return this.readers.find((each) => each.reader === reader)!;
  }

  #hold(on: boolean): void {
    // while the store is away nothing is delivered, and an intake that is paused starts nothing in any case
    this.#store.hold(this.#id, on).catch((error: unknown) => this.#sink.fault(asError(error)));
  }

  /** What is settled in one turn travels together. */
  #settled({ from: { request, epoch } }: LogDelivery): Settled {
    const { reader } = request;
    if (this.#settling?.reader === reader && this.#settling.epoch === epoch) return this.#settling;
    const settled: Settled = { reader, epoch, acks: [], returns: [], failures: [] };
    this.#settling = settled;
    this.#store.settle(settled, () => {
      if (this.#settling === settled) this.#settling = undefined;
    });
    return settled;
  }

  #lane(reader: number, epoch: number, partition: number): Lane {
    let lanes = this.#lanes.get(reader);
    if (!lanes) this.#lanes.set(reader, (lanes = new Map<number, Lane>()));
    let lane = lanes.get(partition);
    if (!lane) {
      const request = this.#request(reader);
      const name = `${request.destination}/${partition}`;
      lanes.set(partition, (lane = { name, request, epoch, partition, ownership: new AbortController() }));
    }
    return lane;
  }

  #headers(text: string, message: number): Headers {
    try {
      return decodeHeaders(text);
    } catch (error) {
      this.#sink.fault(
        new StreambindError(
          'CONVERSION',
          `The headers of message ${message} are not readable.`,
          { given: text },
          error,
        ),
      );
      return {};
    }
  }
}

/** What a dead letter says beside its own headers: Spring Cloud Stream's four for RabbitMQ, and five of ours. */
function epitaph(delivery: LogDelivery, reason: Error, routingKey: string): Headers {
  const { request } = delivery.from;
  const now = Date.now();
  return {
    'x-exception-message': reason.message,
    'x-exception-stacktrace': (reason.stack ?? reason.message).slice(0, LONGEST_STACK),
    'x-original-exchange': request.destination,
    'x-original-routingKey': routingKey,
    'x-original-group': request.group,
    'x-attempts': delivery.attempt + delivery.told,
    'x-first-failure': new Date(delivery.firstFailure ?? now),
    'x-last-failure': new Date(now),
    'x-error-code': codeOf(reason) ?? reason.name,
  };
}

const codeOf = (error: Error): string | undefined =>
  isStreambindError(error) ? error.code : 'code' in error && typeof error.code === 'string' ? error.code : undefined;

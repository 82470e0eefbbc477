/**
 * The contract between core and a binder, whole. A binder calls `sink.deliver`, and what that returns is the
 * settlement: nothing carries an `ack()` method, so nothing can be settled twice, forgotten, or settled after close.
 *
 * Not a binder's job: decoding, retry policy, the decision to dead-letter, partition arithmetic, send deadlines,
 * limits of sends in flight, tracing. Not core's job: names on the broker, connections, topology, acknowledging.
 */
import type { Schema } from '../schema/index.js';
import type { Logger } from '../logging/index.js';

export type HeaderValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly HeaderValue[]
  | { readonly [key: string]: HeaderValue };

/** A record as it crosses the SPI. A null payload is a tombstone, not an empty body. */
export interface WireRecord {
  readonly payload: Uint8Array | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly key?: Uint8Array | string;
  /** Chosen by core, and only for partitioned producers. */
  readonly partition?: number;
  /** Results of `BinderFactory.producerExpressions`, computed on the message before it was encoded. */
  readonly evaluated?: Readonly<Record<string, unknown>>;
  /** On the way out: the header `contentType` is the binding's. Absent: the message says it itself. */
  readonly contentTypeBy?: 'binding';
  /**
   * Whatever a binder gave with a delivery, on the records whose headers were copied from it: what it needs to send a
   * header on with the type that it came with. Opaque to core; it may be another binder's.
   */
  readonly received?: unknown;
}

export interface Delivery extends WireRecord {
  /** The broker's own name for it: a tag, an offset, a stream id. */
  readonly id: string;
  /** 1 and one more for every failure of a handler that the kit or the broker knows of. See `Capabilities.attempts`. */
  readonly attempt: number;
  /** How often it was handed out without any settlement, where the broker tells; beyond 20 core calls it CRASHING. */
  readonly crashes?: number;
  /** Records of one lane keep their order when the source is `ordered`. */
  readonly lane: string;
  /**
   * Fires when this delivery is no longer ours: a partition moved, a channel closed, a member was fenced. One signal for
   * a lane's ownership or a channel's generation, not one a message. After it core starts no attempt and the
   * settlement is ignored.
   */
  readonly lost: AbortSignal;
  /** The header `contentType`, where it is cheaper to tell than all of them. Undefined: core asks `headers`. */
  readonly contentType?: string | undefined;
  /** The client library's message, for the one handler that really needs it. */
  readonly native: unknown;
}

export type Settlement =
  | { readonly kind: 'ack' }
  /** Give it back, and not before `delayMs`. `failure`: a handler failed; counts as an attempt. */
  | { readonly kind: 'requeue'; readonly delayMs: number; readonly failure?: Error }
  /** Settled only once the dead letter is confirmed. `reason` is what the handler threw, or why none was called. */
  | { readonly kind: 'deadLetter'; readonly reason: Error };

/** The handler has returned and its slot is free; the settlement follows (manual acknowledgement, batches). */
export interface Later {
  readonly kind: 'later';
  readonly settlement: Promise<Settlement>;
}

export interface ConsumerSink {
  /** The whole inbound pipeline. Never throws, never rejects. */
  deliver(delivery: Delivery): Settlement | Later | Promise<Settlement | Later>;
  /** Trouble that belongs to no delivery, and acknowledgements that failed. */
  fault(error: Error): void;
}

/** Where headers travel: as the broker's own, within the payload, or nowhere. Spring: `HeaderMode`. */
export type HeaderMode = 'headers' | 'embeddedHeaders' | 'none';

export type Provision = 'create' | 'verify' | 'skip';

export interface ConsumerSource<Options = unknown> {
  readonly binding: string;
  /** One, unless the binding multiplexes. */
  readonly destinations: readonly string[];
  /** Absent: private, from now on, gone on close. */
  readonly group?: string;
  /** Where a named group that is new begins. */
  readonly startFrom?: 'earliest' | 'latest';
  /** How many instances of the application share the group, where the configuration says so: 2 or more. */
  readonly instances?: number;
  /**
   * Of emulated partitions. `count`: instances that share them; `mine`: the indexes of this one. Absent: it reads
   * everything, or what the broker assigns to it.
   */
  readonly partitioning?: { readonly count: number; readonly mine: readonly number[] };
  /** Handlers that run at once. */
  readonly concurrency: number;
  /** Deliveries taken and not settled; at least `concurrency`. */
  readonly prefetch: number;
  /** At most one delivery of a lane at a time, and a failing one holds its lane. */
  readonly ordered: boolean;
  /** Only for binders that leave the choice (`Capabilities.headerModes`). Absent: `headers`. */
  readonly headerMode?: HeaderMode;
  readonly provision: Provision;
  readonly options: Options;
}

export interface ProducerTarget<Options = unknown> {
  readonly binding: string;
  readonly destination: string;
  /** Present where a key chooses among them. */
  readonly partitionCount?: number;
  /** What `partition-count` says, a key or not; only where partitions are the broker's (`Capabilities.partitions`). */
  readonly minPartitions?: number;
  /** Groups whose storage has to exist before the first send. */
  readonly requiredGroups: readonly string[];
  /** As that of a source. */
  readonly headerMode?: HeaderMode;
  readonly provision: Provision;
  readonly options: Options;
}

export interface ProducerBinding {
  /** What the broker really has; may grow. */
  readonly partitionCount?: number;
  /**
   * Resolves when the broker has accepted this record. The order of calls is the order on the wire, per lane.
   * `inside`: the delivery in whose handling this is sent, when both bindings are of a binder with `transactions`. Such a
   * send resolves when it belongs to the transaction; it is seen by others once the delivery's `ack` has committed it.
   * @throws PUBLISH_REFUSED, PAYLOAD_TOO_LARGE, BROKER_FULL, CLOSED; PUBLISH_UNKNOWN when the outcome cannot be known
   */
  send(record: WireRecord, inside?: Delivery): Promise<void>;
  /** Waits for what is pending, at most `deadlineMs` (default: none), then rejects it. */
  close(deadlineMs?: number): Promise<FlushReport>;
}

export interface ConsumerBinding {
  pause(): void;
  resume(): void;
  /** Takes nothing more, lets running handlers finish within `deadlineMs` (default: no limit), gives the rest back. */
  close(deadlineMs?: number): Promise<DrainReport>;
}

export interface FlushReport {
  readonly confirmed: number;
  readonly unconfirmed: number;
}

export interface DrainReport {
  /** Handlers that were running and ended in time, and were settled. */
  readonly finished: number;
  /** Deliveries given back to the broker untouched. */
  readonly returned: number;
  /** Handlers still running at the deadline; the broker delivers their messages again. */
  readonly abandoned: number;
}

export interface BinderHealth {
  readonly state: 'up' | 'degraded' | 'down';
  readonly reason?: string;
  readonly detail?: Record<string, unknown>;
}

export interface Transactions {
  /**
   * Forgets what was sent inside this delivery. Called before an attempt that sent anything comes to something else than
   * `ack`, and awaited before its settlement or its next attempt. Never rejects: if the broker cannot be told, later
   * commits must still be without it.
   */
  abort(inside: Delivery): Promise<void>;
}

export interface Binder<ConsumerOptions = unknown, ProducerOptions = unknown> {
  /**
   * Resolves when the subscription is live. Stays pending while the broker is away, each failed try going to
   * `context.report`; rejects only for what a retry cannot cure, and when the binder is closed (CLOSED).
   */
  bindConsumer(source: ConsumerSource<ConsumerOptions>, sink: ConsumerSink): Promise<ConsumerBinding>;
  /** As `bindConsumer`. */
  bindProducer(target: ProducerTarget<ProducerOptions>): Promise<ProducerBinding>;
  /**
   * Present where sends made while a delivery is handled are committed with its `ack`. `inside` and `abort` get what the
   * sink was given: from the second attempt on a copy with all own properties of the delivery that was offered. What was
   * sent inside a delivery that is `lost`, or not settled when its consumer closes, the binder aborts by itself.
   */
  readonly transactions?: Transactions;
  health?(): Promise<BinderHealth>;
  /** Idempotent. Rejects with CLOSED what is still pending. */
  close(): Promise<void>;
}

/** What a binder can do, as data: core plans with it, the conformance kit gates on it, a page is printed from it. */
export interface Capabilities {
  readonly partitions: 'broker' | 'emulated';
  /**
   * Emulated partitions, read by a partitioned input with an instance-count of 1 and no index list: all of them. Absent:
   * the first alone, as Spring Cloud Stream has it.
   */
  readonly loneInstance?: 'all';
  readonly order: 'none' | 'destination' | 'partition';
  /** `broker`: it keeps a delayed requeue; `held`: the kit holds it, unsettled. */
  readonly delayedRequeue: 'broker' | 'held';
  /** Shorter delays than this are held by the kit in any case. */
  readonly minRequeueMs: number;
  /** `failures`: the broker stores handler failures; `deliveries`: it counts deliveries; `local`: only the kit counts. */
  readonly attempts: 'failures' | 'deliveries' | 'local';
  readonly durableGroups: boolean;
  /** A new group can start at the oldest record still kept. */
  readonly replay: boolean;
  readonly anonymousGroups: boolean;
  readonly provisioning: boolean;
  readonly pause: boolean;
  /** Its binders can have `transactions`. */
  readonly transactions: boolean;
  readonly batch: boolean;
  /** Headers can be left out, and travel within the payload. Absent: they are always the broker's own. */
  readonly headerModes?: true;
  readonly headerTypes: 'typed' | 'json' | 'string';
  readonly nullPayload: boolean;
  readonly emptyPayload: boolean;
  /** Bytes. */
  readonly maxPayload: number;
  /** Milliseconds after which what a killed consumer held is delivered to another. */
  readonly redeliverOnCrashMs: number;
}

export interface BinderContext {
  /** The name of the binder's configuration (`defaultRabbit`). */
  readonly name: string;
  readonly log: Logger;
  /** Where a key is written down (`application.yml:12:9`), for errors that name it; undefined when it is not set. */
  readonly origin?: (key: string) => string | undefined;
  /** Trouble with the broker itself; `nextTryMs` until the next try, 0 when none is needed. */
  report(error: Error, nextTryMs: number): void;
  /** What was reported is over. */
  recovered(): void;
}

export interface BinderFactory<Options = unknown, ConsumerOptions = unknown, ProducerOptions = unknown> {
  /** What `spring.cloud.stream.binders.<name>.type` says: rabbit, kafka, redis, rocketmq, embedded. */
  readonly type: string;
  /** `messaging.system` of the spans. */
  readonly system: string;
  readonly capabilities: Capabilities;
  /**
   * Where each group of options is read from. `binder`: `spring.cloud.stream.<type>.binder`; `consumer` and `producer`:
   * `spring.cloud.stream.<type>.bindings.<binding>.consumer|producer`, above `…<type>.default.consumer|producer`.
   */
  readonly schemas: {
    readonly binder: Schema<Options>;
    readonly consumer: Schema<ConsumerOptions>;
    readonly producer: Schema<ProducerOptions>;
  };
  /** Connection keys outside the binder's own tree: prefix (`spring.rabbitmq`) → schema; merged into `Options`. */
  readonly connection?: Readonly<Record<string, Schema>>;
  /** Names of producer options that core evaluates on the message before encoding. */
  readonly producerExpressions: readonly string[];
  /** What core must know of the consumer options. */
  policy?(options: ConsumerOptions): ConsumerPolicy;
  /**
   * What in these options could lose a message of that binding. Core refuses to start with any, unless the binding says
   * `guarantee: at-most-once`. Absent: nothing can.
   */
  weaknesses?(options: Options, binding: GuaranteedBinding<ConsumerOptions, ProducerOptions>): readonly Weakness[];
  create(options: Options, context: BinderContext): Promise<Binder<ConsumerOptions, ProducerOptions>>;
}

export type GuaranteedBinding<ConsumerOptions = unknown, ProducerOptions = unknown> =
  | {
      readonly direction: 'input';
      readonly group?: string;
      readonly options: ConsumerOptions;
      readonly handlerTimeoutMs?: number;
    }
  | { readonly direction: 'output'; readonly options: ProducerOptions };

export interface Weakness {
  /** How a message can be lost, as a sentence. */
  readonly what: string;
  readonly given: string;
  /** What to set instead. */
  readonly fix: string;
}

export interface ConsumerPolicy {
  readonly acknowledge?: 'auto' | 'manual' | 'none';
  readonly exhausted?: 'dlq' | 'drop' | 'requeue';
  readonly prefetch?: number;
}

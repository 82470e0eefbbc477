/**
 * What crosses between the main thread and the store's worker: one message a turn of the event loop in each direction.
 * Records travel as flat lists with their bytes side by side in one buffer that is moved, not copied.
 */
import type { Failure } from './failure.js';
import type { Subscribed, SubscribeRequest } from './groups.js';
import type { RetentionLimits } from './retention.js';

export interface Settings extends RetentionLimits {
  readonly directory: string;
  readonly leaseMs: number;
  /** The name of this worker among the members. */
  readonly member: string;
  /** The one of an earlier worker of the same process, which ended without leaving. */
  readonly replaces?: string | undefined;
}

/** Four values a record: target, partition, key, headers; then its length in `bytes`, -1 for a tombstone. */
export type PublishedFields = (string | number | null | Uint8Array)[];
export const PUBLISHED_FIELDS = 5;

export interface Publication {
  readonly fields: PublishedFields;
  readonly bytes: ArrayBuffer;
}

/** Eight values a delivery: message, partition, failures, crashes, first failure, at, key, headers; then its length. */
export type DeliveredFields = (string | number | null | Uint8Array)[];
export const DELIVERED_FIELDS = 9;

export interface DeliveredBatch {
  readonly reader: number;
  readonly epoch: number;
  readonly fields: DeliveredFields;
  readonly bytes: ArrayBuffer;
}

/** What became of deliveries of one reader; those of an older epoch are ignored. */
export interface Settled {
  readonly reader: number;
  readonly epoch: number;
  readonly acks: number[];
  /** Three values each: message, delay in ms, whether a handler failed. */
  readonly returns: number[];
  /** Messages whose handler failed and which their consumer keeps. */
  readonly failures: number[];
}

export interface TargetRequest {
  readonly target: number;
  readonly destination: string;
  readonly partitions: number;
  readonly requiredGroups: readonly string[];
  readonly create: boolean;
  /** False: whether it exists is seen at the first record. */
  readonly verify: boolean;
  readonly durable: boolean;
}

export interface ReaderRequest extends SubscribeRequest {
  readonly reader: number;
  /** Readers of one consumer share its prefetch. */
  readonly consumer: number;
  readonly prefetch: number;
  readonly ordered: boolean;
}

export interface Burial {
  readonly reader: number;
  readonly epoch: number;
  readonly message: number;
  readonly destination: string;
  readonly headers: string;
}

export type Call =
  | { readonly name: 'declare'; readonly request: TargetRequest }
  | { readonly name: 'subscribe'; readonly requests: readonly ReaderRequest[] }
  | { readonly name: 'unsubscribe'; readonly consumer: number }
  | { readonly name: 'hold'; readonly consumer: number; readonly on: boolean }
  | { readonly name: 'bury'; readonly burial: Burial }
  | { readonly name: 'close' };

/** In this order: what is settled and published, then the calls. */
export interface ToWorker {
  readonly settled?: Settled[];
  readonly publication?: Publication;
  readonly calls?: { readonly id: number; readonly call: Call }[];
}

/** What a reader finds. */
export interface Entered extends Pick<Subscribed, 'contested'> {
  /** So many does its destination have. */
  readonly partitions: number;
}

/** What a call resolves with. */
export interface Results {
  /** Partitions; undefined where nobody asked whether the destination exists. */
  readonly declare: number | undefined;
  /** By request. */
  readonly subscribe: readonly Entered[];
  /** False when the claim was no longer ours. */
  readonly bury: boolean;
  readonly unsubscribe: undefined;
  readonly hold: undefined;
  readonly close: undefined;
}

export type WorkerEvent =
  /** All deliveries of this epoch, or those of one partition, are no longer ours. */
  | { readonly event: 'lost'; readonly reader: number; readonly epoch: number; readonly partition?: number }
  | { readonly event: 'fault'; readonly reader: number; readonly failure: Failure }
  /** The store cannot be written now, or can again. */
  | { readonly event: 'trouble'; readonly failure: Failure | undefined; readonly nextTryMs: number }
  /** The worker ends itself: its last message. */
  | { readonly event: 'ended'; readonly failure: Failure }
  | { readonly event: 'warning'; readonly text: string };

export interface FromWorker {
  /** First message of a worker: the store is open, or why not. */
  readonly opened?: { readonly failure?: Failure };
  /** The fate of the eldest publications, in order: done, refused as a whole, or in part by index. */
  readonly published?: { readonly failure?: Failure; readonly refused?: readonly (readonly [number, Failure])[] }[];
  readonly deliveries?: DeliveredBatch[];
  readonly results?: { readonly id: number; readonly value?: unknown; readonly failure?: Failure }[];
  readonly events?: WorkerEvent[];
}

export const POST_AT_BYTES = 4 * 1024 * 1024;

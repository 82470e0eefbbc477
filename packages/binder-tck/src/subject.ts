/**
 * What a binder under test brings along. A module exports it as `subject`; every process of a run loads that module
 * anew, so it holds no state between cases.
 */
import type { BinderFactory, ConsumerSource, HeaderValue, ProducerTarget } from '@streambind/core/binder';

export interface Subject {
  readonly factory: BinderFactory;
  /**
   * Once for all cases of a run, in the process that starts them; what it puts into the environment they find there.
   * @param version one of `versions`; absent: the first of them
   * @returns what ends it
   */
  prepare?(version?: string): Promise<() => Promise<void>>;
  /** Versions of the broker that a run can ask for. */
  readonly versions?: readonly string[];
  /**
   * A broker of its own for one case, running. Missing software is an error, never a skip.
   * @param directory empty, and removed after the case
   * @param name is in all names that the case gives to destinations and groups
   */
  broker(directory: string, name: string): Promise<Broker>;
}

export interface ConnectionSettings {
  /** The shortest sign of life that the case needs the broker to insist on; default: the binder's own. */
  readonly heartbeatMs?: number;
}

/**
 * A broker that the case has for itself, with the faults it can be made to have. The kit asks for `restart` and `block`
 * only in cases that run alone, so that a subject may share one server between its brokers.
 */
export interface Broker {
  /** Where it is, as an error of the binder has to say it: `host:port`, a directory. */
  readonly address: string;
  readonly probe: Probe;
  /** Options for `BinderFactory.create`. */
  options(settings?: ConnectionSettings): unknown;
  /** The same as configuration keys of an application. */
  properties(settings?: ConnectionSettings): Readonly<Record<string, string>>;
  /** False where the broker's messages do not carry `id`, as Spring's for it do not. Default: true. */
  readonly messageIds?: boolean;
  /**
   * What a consumer holds stays its own while the broker is away: nothing of it comes again, and it is settled when the
   * broker is back. Default: false, the broker delivers it again.
   */
  readonly keepsHeld?: boolean;
  /** Configuration keys that switch a binding to manual acknowledgement. */
  manualAcknowledgement(binding: string): Readonly<Record<string, string>>;
  /**
   * What Spring writes into a dead letter beside the original headers, where Spring has a binder for this broker; or what a
   * wire format of the binder's own says. Absent: the kit asks for its own nine.
   */
  springDeadLetter?(destination: string, group: string): DeadLetterHeaders;
  /** Configurations of an input that cannot keep at-least-once, each with the keys that cure it. */
  weakGuarantees(binding: string): readonly Weakness[];
  /** The same for an output. Default: none. Of both together there has to be one. */
  weakOutputs?(binding: string): readonly Weakness[];
  /** Makes topology on the broker that contradicts what a consumer, or a producer, will ask for. */
  conflict(destination: string, group: string): Promise<Conflict>;

  /** Makes a destination with that many partitions. Only where partitions are the broker's. */
  partition?(destination: string, partitions: number): Promise<void>;

  /** Nobody reaches it, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** An orderly restart, or a killed one. Resolves when it serves again. */
  restart(how: 'orderly' | 'killed'): Promise<void>;
  /** It accepts connections and takes no message, until the returned function is called. */
  block(): Promise<() => Promise<void>>;
  /** Confirmations do not reach this process, until the returned function is called. */
  loseConfirms(): Promise<() => Promise<void>>;
  /** The connection of that process goes silent without an end, until the returned function is called. */
  halfOpen(pid: number): Promise<() => Promise<void>>;
  /** Dead letters of the group are refused, until the returned function is called. */
  refuseDeadLetters(destination: string, group: string): Promise<() => Promise<void>>;
  deleteDestination(destination: string): Promise<void>;
  /** Ends it and every helper process. */
  close(): Promise<void>;
}

export interface DeadLetterHeaders {
  /** All of them; one more fails the case as one less does. */
  readonly names: readonly string[];
  /** Those whose values are known beforehand. */
  readonly values: Readonly<Record<string, string>>;
}

export interface Weakness {
  readonly what: string;
  readonly weak: Readonly<Record<string, string>>;
  readonly cured: Readonly<Record<string, string>>;
}

export interface Conflict {
  /** What the consumer asks for, beside its destination and its group. */
  readonly source?: Partial<Omit<ConsumerSource, 'binding' | 'destinations' | 'group'>>;
  /** What a producer asks for, where only producers can be contradicted. */
  readonly target?: Partial<Omit<ProducerTarget, 'binding' | 'destination'>>;
  /** What differs, and the two values of it: the error has to name all three. */
  readonly property: string;
  readonly values: readonly [string, string];
  /** What the broker has, as a value to compare. */
  readonly state: () => Promise<unknown>;
}

/** A record as the probe sees it on the broker. */
export interface RawRecord {
  readonly payload: Uint8Array | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** The headers as the broker has them, before any decoding. */
  readonly wire: string;
  readonly partition: number;
}

export interface RawPublication {
  readonly payload: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly partition?: number;
}

/** A client of another code base in a process of its own, so that two symmetrical mistakes cannot cancel out. */
export interface Probe {
  publish(destination: string, records: readonly RawPublication[]): Promise<void>;
  /** Everything sent to the destination from now on. */
  tap(destination: string): Promise<Tap>;
  deadLetters(destination: string, group: string): Promise<readonly RawRecord[]>;
  /** Live consumers of the group. */
  consumers(destination: string, group: string): Promise<number>;
  /** Delivered and not settled, all consumers of the group together. Absent: the broker knows only who has read how far. */
  unsettled?(destination: string, group: string): Promise<number>;
  /** Not settled, whether delivered or not. */
  backlog(destination: string, group: string): Promise<number>;
  /** Names of all groups of the destination, anonymous ones too. */
  groups(destination: string): Promise<readonly string[]>;
}

export interface Tap {
  /** What came so far. */
  records(): Promise<readonly RawRecord[]>;
}

/** What a binder brings along to be tested: one file in `subjects/`. */
import type { BrokerVerb, Verb } from './verbs.js';

export interface Subject {
  /** The profile of the applications: `application-<name>.yml`. */
  readonly name: string;
  /** Whether its applications declare order by key. */
  readonly ordered: boolean;
  /** Whether a send that was not confirmed when a connection broke is sent again. */
  readonly resends: boolean;
  /**
   * Milliseconds in which what is handled is not known to the broker yet, beside what a worker has taken. Absent: none.
   */
  readonly uncommittedMs?: number;
  /** Connections that a process opens beside those it had, once it had lost them all. Default: none. */
  readonly spareSockets?: number;
  /** How soon silence is taken for death, in milliseconds. */
  readonly silenceMs: number;
  /** By fault, or by its number without letter: the time until everybody works again, in milliseconds. */
  readonly recoveryMs: Readonly<Record<string, number>> & { readonly others: number };
  /** Why a fault cannot be played, by what it would need. */
  readonly cannot: Readonly<Partial<Record<Verb, string>>>;
  /** A broker for one fault, in order. @param verbs what will be done to it */
  open(directory: string, verbs: readonly Verb[]): Promise<BrokerUnderTest>;
  /** Ends what several faults have shared. */
  close(): Promise<void>;
}

/** Where a fault is played. */
export interface Scene {
  readonly destination: string;
  /** The group whose workers are struck. */
  readonly group: string;
}

export interface BrokerUnderTest {
  /** Where applications find it, as their arguments. */
  readonly properties: Readonly<Record<string, string>>;
  /** Everything but what the subject cannot do. */
  readonly verbs: Readonly<Partial<Record<BrokerVerb, (scene: Scene) => Promise<void>>>>;
  /** Stops a process so that it looks dead and has not taken the broker along. Default: SIGSTOP. */
  freeze?(pid: number): Promise<void>;
  /** Messages that the group has not settled, delivered or not. */
  backlog(destination: string, group: string): Promise<number>;
  consumers(destination: string, group: string): Promise<number>;
  /** The ids, from a header of the messages. */
  deadLetters(destination: string, group: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

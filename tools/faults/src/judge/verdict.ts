/** What the judge is told beforehand and what it says in the end. */
import type { Role } from '../records.js';

/**
 * | id  | what has to hold                                                                            |
 * | --- | ------------------------------------------------------------------------------------------- |
 * | V1  | what was confirmed is handled by every group, or is its dead letter; nothing stays behind    |
 * | V2  | what is delivered was sent, with the same bytes                                              |
 * | V3  | a group gets messages twice only as often as the faults explain                              |
 * | V4  | the messages of a key are handled in the order of their sending, where that is declared      |
 * | V5  | every send ends: confirmed, refused (and then never delivered) or unknown, by a known code   |
 * | V6  | after the fault everybody is at work again within the bound                                  |
 * | V7  | readiness tells of the fault in time and of its end; liveness never goes down                |
 * | V8  | afterwards there are as many sockets and consumers as before, and no more memory             |
 * | V9  | no process ends unasked, an ordered end is in time, and nobody floods the log                |
 * | V10 | no message has more attempts than allowed, and only poison is dead-lettered                  |
 */
export type Invariant = 'V1' | 'V2' | 'V3' | 'V4' | 'V5' | 'V6' | 'V7' | 'V8' | 'V9' | 'V10';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

export interface Expectations {
  readonly groups: readonly string[];
  /** Whether the messages of one key keep their order. */
  readonly ordered: boolean;
  /** Attempts that a message has in the life of one consumer. */
  readonly maxAttempts: number;
  /**
   * `resume`: from the end of the fault until every process sends or handles again. `hand-over`: from the strike on a
   * process until others have what it had begun. `ready`: nobody stops working; from the end of the fault until every
   * process that told of it tells that it is over. `none`: nothing has to recover.
   */
  readonly recovery: 'resume' | 'hand-over' | 'ready' | 'none';
  readonly recoveryMs: number;
  /** In which time readiness of every process that is struck has to be other than up. Absent: it may stay up. */
  readonly noticedMs?: number;
  /** Absent: all have to notice. */
  readonly noticedBy?: Role;
  /** Sockets that a process opens only when something fails: for its dead letters, or beside a lost one. */
  readonly lateSockets: number;
  /** The broker itself forgets: only what was confirmed after the end of the fault has to arrive. */
  readonly forgets: boolean;
  /** The deadline of an orderly stop. */
  readonly shutdownMs: number;
}

export interface Doubling {
  readonly what: string;
  readonly group: string;
  readonly measured: number;
  readonly bound: number;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly sent: number;
  readonly confirmed: number;
  readonly unknown: number;
  readonly refused: number;
  /** Confirmed and not excused, by message and group. */
  readonly lost: number;
  /** Confirmed before a broker forgot it, and gone. */
  readonly forgotten: number;
  /** Of all groups together. */
  readonly duplicated: number;
  readonly bound: number;
  readonly doublings: readonly Doubling[];
  readonly deadLetters: number;
  /** Absent: nothing had to recover, or it never did. */
  readonly recoveredMs?: number;
  /** Until nine tenths of the rate before the fault were handled in a second. */
  readonly steadyMs?: number;
}

export const some = (ids: readonly string[]): string =>
  ids.slice(0, 5).join(', ') + (ids.length > 5 ? `, … (${ids.length})` : '');

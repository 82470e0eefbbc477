/** The recorded retries of Spring Cloud Stream 3.2.10, and what each comes to. */
import { golden } from './golden.js';

interface Row {
  readonly case: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly sent: readonly [poison: string, next: string];
  readonly attempts: number;
  /** Of the attempts, after the first one; at most 12. */
  readonly millis: readonly number[];
  readonly next: readonly { readonly millis: number }[];
  /** By partition; null: a group that has no name. */
  readonly committed: Readonly<Record<string, number>> | null;
  readonly dlqRecords: number | 'no DLQ topic';
}

export interface Ending {
  readonly attempts: number;
  /** Milliseconds between the attempts, as the policy has them. */
  readonly gaps: readonly number[];
  /** The good message behind was handled after the last of them. */
  readonly next: boolean;
  /** The offset of the only partition; absent where the group has no name. */
  readonly committed?: number;
  readonly deadLetters: number;
}

export const rows = golden<{ kafka: Row[] }>('retry').kafka;

/** The pauses that the recorded applications were configured with, and that of Spring's container. */
const PAUSES = [100, 300, 500, 1000, 2000];

export const recordedEnding = ({ attempts, millis, next, committed, dlqRecords }: Row): Ending => ({
  attempts,
  gaps: millis.slice(1).map((at, index) => closest(at - millis[index]!)),
  next: next.length > 0 && next[0]!.millis >= (millis.at(-1) ?? 0),
  ...(committed === null ? {} : { committed: committed['<topic>-0']! }),
  deadLetters: dlqRecords === 'no DLQ topic' ? 0 : dlqRecords,
});

const closest = (gap: number): number =>
  PAUSES.reduce((best, pause) => (Math.abs(pause - gap) < Math.abs(best - gap) ? pause : best));

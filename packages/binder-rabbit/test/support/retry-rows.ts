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
  readonly clientFrames: readonly { readonly method: string; readonly exchange?: string; readonly requeue?: boolean }[];
  readonly messagesLeft: Readonly<Record<string, number>>;
}

export interface Ending {
  readonly attempts: number;
  /** Milliseconds between the attempts, as the policy has them. */
  readonly gaps: readonly number[];
  /** Whether the good message behind was handled. */
  readonly next: boolean;
  /** By queue, after the stop. */
  readonly left: Readonly<Record<string, number>>;
  /** Published by the binder with the headers of its failure, or rejected and moved by the broker. */
  readonly deadLetter?: 'published' | 'moved';
}

export const rows = golden<{ rabbit: Row[] }>('retry').rabbit;

/** The pauses that the recorded applications were configured with. */
const PAUSES = [100, 300, 500, 1000, 2000];

export function recordedEnding({ attempts, millis, next, clientFrames, messagesLeft }: Row): Ending {
  const published = clientFrames.some(({ method, exchange }) => method === 'basic.publish' && exchange === 'DLX');
  const dead = (messagesLeft['orders.g.dlq'] ?? 0) > 0;
  return {
    attempts,
    gaps: millis.slice(1).map((at, index) => closest(at - millis[index]!)),
    next: next.length > 0,
    left: messagesLeft,
    ...(dead ? { deadLetter: published ? 'published' : 'moved' } : {}),
  };
}

const closest = (gap: number): number =>
  PAUSES.reduce((best, pause) => (Math.abs(pause - gap) < Math.abs(best - gap) ? pause : best));

/** V6: how soon everybody is at work again. */
import { isEvent, type Entry } from '../records.js';
import type { Expectations, Violation } from './verdict.js';

const WINDOW_MS = 1000;
const STEADY = 0.9;

export interface Recovery {
  readonly violations: readonly Violation[];
  readonly recoveredMs?: number;
  readonly steadyMs?: number;
}

export function judgeRecovery(entries: readonly Entry[], { recovery, recoveryMs }: Expectations): Recovery {
  if (recovery === 'none') return { violations: [] };
  const violations: Violation[] = [];
  const breaks = (what: string): void => void violations.push({ invariant: 'V6', what });
  const recoveredMs = RECOVERIES[recovery](entries);
  if (recoveredMs === undefined) breaks('not everybody came back to work');
  else if (recoveredMs > recoveryMs) breaks(`recovered after ${recoveredMs} ms, allowed are ${recoveryMs}`);
  const steadyMs = steady(entries);
  if (steadyMs === undefined) breaks('what was handled in a second never came near the rate before the fault');
  else if (steadyMs > recoveryMs + WINDOW_MS) breaks(`at the old rate after ${steadyMs} ms, allowed are ${recoveryMs}`);
  return {
    violations,
    ...(recoveredMs === undefined ? {} : { recoveredMs }),
    ...(steadyMs === undefined ? {} : { steadyMs }),
  };
}

/**
 * From the end of each fault until every process that lives through it has confirmed, or was delivered, a message that was
 * sent after that end: the longest of them. Undefined: at least one has not.
 */
export function resumed(entries: readonly Entry[]): number | undefined {
  const sentAt = new Map(entries.filter(isEvent('attempt')).map(({ id, at }) => [id, at]));
  let longest = 0;
  for (const { at: over } of entries.filter(isEvent('over'))) {
    const first = new Map<string, number>();
    for (const entry of entries.filter(isEvent('confirmed', 'delivered'))) {
      if (entry.at >= over && (sentAt.get(entry.id) ?? 0) >= over && !first.has(entry.by))
        first.set(entry.by, entry.at);
    }
    const nextStrike = entries.find((entry) => entry.event === 'struck' && entry.at > over)?.at ?? Infinity;
    for (const process of alive(entries, over, nextStrike)) {
      const at = first.get(process);
      if (at === undefined) return undefined;
      longest = Math.max(longest, at - over);
    }
  }
  return longest;
}

/**
 * From each strike on a worker until others have been delivered what it had begun, or it has ended it itself: the longest
 * of them. Undefined: some of it has come to nobody.
 */
export function handedOver(entries: readonly Entry[]): number | undefined {
  let longest = 0;
  for (const strike of entries.filter(isEvent('struck'))) {
    if (strike.process === undefined) continue;
    const begun = new Set<string>();
    let group: string | undefined;
    for (const entry of entries.filter(isEvent('delivered', 'handled'))) {
      if (entry.by === strike.process && entry.at <= strike.at) {
        group = entry.group;
        if (entry.event === 'delivered') begun.add(entry.id);
        else begun.delete(entry.id);
        continue;
      }
      // it may still end some before it dies, and a frozen one ends them when it thaws
      const ends = entry.event === 'handled' && entry.by === strike.process;
      const moves = entry.event === 'delivered' && entry.group === group;
      if (entry.at >= strike.at && (ends || moves) && begun.delete(entry.id)) {
        longest = Math.max(longest, entry.at - strike.at);
      }
    }
    if (begun.size > 0) return undefined;
  }
  return longest;
}

/** From the end of the last fault until every process tells that it is ready. Undefined: at least one does not. */
export function ready(entries: readonly Entry[]): number | undefined {
  const over = entries.findLast(isEvent('over'))?.at;
  if (over === undefined) return undefined;
  let longest = 0;
  for (const process of alive(entries, over, Infinity)) {
    const told = entries.filter(isEvent('health')).filter(({ by }) => by === process);
    if (told.findLast(({ at }) => at <= over)?.readiness === 'up') continue;
    const up = told.find(({ at, readiness }) => at > over && readiness === 'up');
    if (!up) return undefined;
    longest = Math.max(longest, up.at - over);
  }
  return longest;
}

export const RECOVERIES = { resume: resumed, 'hand-over': handedOver, ready };

/** From the end of the last fault until the end of the first second in which nine tenths of the old rate were handled. */
export function steady(entries: readonly Entry[]): number | undefined {
  const begin = entries.find(isEvent('steady'))?.at;
  const strike = entries.find(isEvent('struck'))?.at;
  const over = (entries.findLast(isEvent('over')) ?? entries.findLast(isEvent('struck')))?.at;
  const end = (entries.find(isEvent('quiet')) ?? entries.at(-1))?.at;
  if (begin === undefined || strike === undefined || over === undefined || end === undefined) return undefined;
  const handled = entries.filter(isEvent('handled')).map(({ at }) => at);
  const between = (from: number, to: number): number => handled.filter((at) => at >= from && at < to).length;
  const wanted = ((STEADY * between(begin, strike)) / (strike - begin)) * WINDOW_MS;
  for (let from = over; from + WINDOW_MS <= end; from += WINDOW_MS / 10) {
    if (between(from, from + WINDOW_MS) >= wanted) return from + WINDOW_MS - over;
  }
  return undefined;
}

/** Processes that ran from the one time to the other, or to the end of the sending if that is earlier. */
export function alive(entries: readonly Entry[], from: number, to: number): string[] {
  const exits = new Map(entries.filter(isEvent('exited')).map(({ process, at }) => [process, at]));
  const until = Math.min(to, entries.find(isEvent('quiet'))?.at ?? Infinity);
  return entries
    .filter(isEvent('started'))
    .filter(({ process, at }) => at <= from && (exits.get(process) ?? Infinity) >= until)
    .map(({ process }) => process);
}

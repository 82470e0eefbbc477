/** V3: each delivery beyond the first is put down to the last strike before it; one that no strike explains is too many. */
import { isEvent, type Entry } from '../records.js';
import { some, type Doubling, type Violation } from './verdict.js';

const NOTHING = 'no fault';

export function judgeDuplicates(
  entries: readonly Entry[],
  groups: readonly string[],
): { readonly violations: readonly Violation[]; readonly doublings: readonly Doubling[] } {
  const strikes = entries.filter(isEvent('struck'));
  const doublings: Doubling[] = [];
  const violations: Violation[] = [];
  for (const group of groups) {
    const found = strikes.map(() => [] as string[]);
    const unexplained: string[] = [];
    for (const { id, at } of extra(entries, group)) {
      const cause = strikes.findLastIndex((strike) => strike.at <= at);
      (cause < 0 ? unexplained : found[cause]!).push(id);
    }
    // what a strike brought back may come only after the next one
    let carried = 0;
    for (const [index, strike] of strikes.entries()) {
      const bound = strike.duplicates[group] ?? 0;
      const measured = found[index]!.length;
      doublings.push({ what: strike.what, group, measured, bound });
      carried += bound - measured;
      if (carried >= 0) continue;
      violations.push({
        invariant: 'V3',
        what: `${group} got ${measured} messages twice after "${strike.what}", at most ${measured + carried} are explained: ${some(found[index]!)}`,
      });
      carried = 0;
    }
    if (unexplained.length === 0) continue;
    doublings.push({ what: NOTHING, group, measured: unexplained.length, bound: 0 });
    violations.push({
      invariant: 'V3',
      what: `${group} got messages twice before anything happened: ${some(unexplained)}`,
    });
  }
  return { violations, doublings };
}

/** Deliveries that are neither the first nor the retry of a handler that failed. */
function extra(entries: readonly Entry[], group: string): Entry<Entry & { event: 'delivered' }>[] {
  const open = new Map<string, number>();
  const again: Entry<Entry & { event: 'delivered' }>[] = [];
  for (const entry of entries) {
    if (entry.event === 'failed' && entry.group === group) open.set(entry.id, (open.get(entry.id) ?? 0) + 1);
    if (entry.event !== 'delivered' || entry.group !== group) continue;
    const left = open.get(entry.id);
    if (left === undefined) open.set(entry.id, 0);
    else if (left > 0) open.set(entry.id, left - 1);
    else again.push(entry);
  }
  return again;
}

/** V7, V8, V9: what the processes told of themselves, held, and how they ended. */
import { isEvent, type Entry } from '../records.js';
import { alive } from './recovery.js';
import { some, type Expectations, type Violation } from './verdict.js';

/** Readiness says up at the latest so long after the first message. */
const BACK_UP_MS = 2000;
/** An exit may be seen so much later than it was asked for plus its deadline. */
const EXIT_MS = 1000;
/** A process still warms up during a short run. */
const WARM_UP_MB = 48;
const RSS = 1.2;
/** Warnings of one process: so many a second while something is wrong, and some at its begin and end. */
const WARNINGS_A_SECOND = 4;
const WARNINGS = 20;

export const judgeProcesses = (entries: readonly Entry[], expected: Expectations): Violation[] => [
  ...judgeHealth(entries, expected),
  ...judgeResources(entries, expected),
  ...judgeEnds(entries, expected),
];

function judgeHealth(entries: readonly Entry[], { noticedMs, noticedBy, recovery }: Expectations): Violation[] {
  const violations: Violation[] = [];
  const breaks = (what: string): void => void violations.push({ invariant: 'V7', what });
  const health = entries.filter(isEvent('health'));
  const down = health.filter(({ liveness }) => liveness === 'down').map(({ by }) => by);
  if (down.length > 0) breaks(`liveness went down: ${some([...new Set(down)])}`);

  const roles = new Map(entries.filter(isEvent('started')).map(({ process, role }) => [process, role]));
  const overs = entries.filter(isEvent('over'));
  for (const strike of noticedMs === undefined ? [] : entries.filter(isEvent('struck'))) {
    const over = overs.find(({ at }) => at > strike.at)?.at;
    if (over === undefined) continue;
    const landed = entries.find((entry) => entry.event === 'landed' && entry.at >= strike.at)?.at ?? strike.at;
    for (const process of alive(entries, strike.at, over)) {
      if (strike.process !== undefined && strike.process !== process) continue;
      if (noticedBy !== undefined && roles.get(process) !== noticedBy) continue;
      const noticed = health.find(
        ({ by, at, readiness }) => by === process && at >= strike.at && at <= over && readiness !== 'up',
      );
      if (noticed && noticed.at - landed <= noticedMs!) continue;
      const when = noticed ? `after ${noticed.at - landed} ms` : 'never';
      breaks(`${process} told ${when} that it is not ready ("${strike.what}"), allowed are ${noticedMs} ms`);
    }
  }

  const last = overs.at(-1)?.at;
  if (recovery === 'ready') {
    // V6 tells how long it lasted
    const strike = entries.find(isEvent('struck'))?.at ?? 0;
    if (!health.some(({ at, readiness }) => at >= strike && at <= (last ?? 0) && readiness !== 'up')) {
      breaks('nobody told that something is wrong');
    }
    return violations;
  }
  for (const process of last === undefined ? [] : alive(entries, last, Infinity)) {
    const first = entries
      .filter(isEvent('confirmed', 'delivered'))
      .find(({ by, at }) => by === process && at > last!)?.at;
    const later = first === undefined ? undefined : first + BACK_UP_MS;
    const told = health.findLast(({ by, at }) => by === process && (later === undefined || at <= later));
    if (told?.readiness !== 'up') breaks(`${process} did not tell within ${BACK_UP_MS} ms that it is ready again`);
  }
  return violations;
}

function judgeResources(entries: readonly Entry[], { lateSockets }: Expectations): Violation[] {
  const violations: Violation[] = [];
  const breaks = (what: string): void => void violations.push({ invariant: 'V8', what });
  const strike = entries.find(isEvent('struck'))?.at ?? Infinity;
  const started = entries.find(isEvent('steady'))?.at ?? 0;
  const closing = entries.find(isEvent('remains'))?.at ?? Infinity;
  for (const process of alive(entries, started, Infinity)) {
    const weighed = entries.filter(isEvent('resources')).filter(({ by }) => by === process);
    const before = weighed.findLast(({ at }) => at < strike);
    const after = weighed.findLast(({ at }) => at < closing);
    if (!before || !after) continue;
    if (after.sockets < before.sockets || after.sockets > before.sockets + lateSockets) {
      breaks(`${process} has ${after.sockets} sockets, before the fault ${before.sockets}`);
    }
    if (after.rssMB > before.rssMB * RSS + WARM_UP_MB) {
      breaks(`${process} has ${Math.round(after.rssMB)} MB, before the fault ${Math.round(before.rssMB)}`);
    }
  }
  const exits = new Map(
    entries.filter(isEvent('exited')).map(({ process, ordered, at }) => [process, { ordered, at }]),
  );
  for (const { group, consumers, at } of entries.filter(isEvent('remains'))) {
    const workers = entries
      .filter(isEvent('started'))
      .filter((each) => each.group === group && (exits.get(each.process)?.at ?? Infinity) > at);
    if (consumers !== workers.length) {
      breaks(`the broker has ${consumers} consumers of ${group}, there are ${workers.length}`);
    }
  }
  return violations;
}

function judgeEnds(entries: readonly Entry[], { shutdownMs }: Expectations): Violation[] {
  const violations: Violation[] = [];
  const breaks = (what: string): void => void violations.push({ invariant: 'V9', what });
  for (const { process, code, signal, ordered, afterMs = 0, at } of entries.filter(isEvent('exited'))) {
    const how = signal ?? `code ${code}`;
    if (ordered === undefined) breaks(`${process} ended by itself with ${how}`);
    if (ordered !== 'SIGTERM') continue;
    // 2: the deadline passed first; that is how it ends where the broker is away
    if (code !== 0 && code !== 2) breaks(`the orderly stop of ${process} ended with ${how}`);
    const open = unsaid(entries, process, at - afterMs);
    if (code === 0 && open > 0) breaks(`${process} ended with code 0, and ${open} of its sends are unknown`);
    if (afterMs > shutdownMs + EXIT_MS) breaks(`the orderly stop of ${process} took ${afterMs} ms`);
  }
  const strike = entries.find(isEvent('struck'))?.at ?? 0;
  const over = entries.findLast(isEvent('over'))?.at ?? strike;
  const allowed = WARNINGS + (WARNINGS_A_SECOND * (over - strike)) / 1000;
  for (const { process, count } of entries.filter(isEvent('warnings'))) {
    if (count > allowed) breaks(`${process} logged ${count} warnings and errors, allowed are ${Math.round(allowed)}`);
  }
  return violations;
}

/** Sends of a process that were under way at that time, or later, and of which nobody can know what became. */
function unsaid(entries: readonly Entry[], process: string, from: number): number {
  const open = new Set<string>();
  for (const entry of entries.filter(isEvent('attempt', 'confirmed', 'refused', 'unknown'))) {
    if (entry.by !== process) continue;
    if (entry.event === 'attempt') open.add(entry.id);
    else if (entry.event !== 'unknown' || entry.at < from) open.delete(entry.id);
  }
  return open.size;
}

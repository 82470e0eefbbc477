/** V1, V2, V4, V5, V10: what became of each message. */
import { isEvent, type Entry } from '../records.js';
import { some, type Expectations, type Violation } from './verdict.js';

/** Ends of a send that a caller may have to cope with while a broker is in trouble or the application stops. */
const CODES = [
  'PUBLISH_UNKNOWN',
  'PUBLISH_REFUSED',
  'BROKER_UNAVAILABLE',
  'BROKER_FULL',
  'BUFFER_FULL',
  'STORE_READ_ONLY',
  'UNROUTABLE',
  'ACCESS_REFUSED',
  'DESTINATION_GONE',
  'CLOSED',
];

export interface Fates {
  readonly violations: readonly Violation[];
  readonly sent: number;
  readonly confirmed: number;
  readonly unknown: number;
  readonly refused: number;
  readonly lost: number;
  readonly forgotten: number;
  readonly deadLetters: number;
}

export function judgeFates(entries: readonly Entry[], expected: Expectations): Fates {
  const violations: Violation[] = [];
  const breaks = (invariant: Violation['invariant'], what: string, ids: readonly string[]): void => {
    if (ids.length > 0) violations.push({ invariant, what: `${what}: ${some(ids)}` });
  };
  const attempts = new Map(entries.filter(isEvent('attempt')).map((entry) => [entry.id, entry]));
  const confirmed = new Map(entries.filter(isEvent('confirmed')).map((entry) => [entry.id, entry.at]));
  const failures = entries.filter(isEvent('refused', 'unknown'));
  const refused = new Set(failures.filter(({ event }) => event === 'refused').map(({ id }) => id));
  const unknown = new Set(failures.filter(({ event }) => event === 'unknown').map(({ id }) => id));
  const deliveries = entries.filter(isEvent('delivered'));
  const remains = entries.filter(isEvent('remains'));

  const ends = new Map<string, number>();
  for (const { id } of entries.filter(isEvent('confirmed', 'refused', 'unknown')))
    ends.set(id, (ends.get(id) ?? 0) + 1);
  const departed = new Set(
    entries.filter(isEvent('exited')).flatMap(({ process, ordered }) => (ordered ? [process] : [])),
  );
  // a process that was told to end may end before it could write what became of its last sends
  const interrupted = [...attempts.values()].filter(({ id, by }) => departed.has(by) && !ends.has(id));
  for (const { id } of interrupted) unknown.add(id);
  breaks(
    'V5',
    'sends without an end',
    [...attempts.keys()].filter((id) => !ends.has(id) && !unknown.has(id)),
  );
  breaks(
    'V5',
    'sends that ended twice',
    [...ends].filter(([, count]) => count > 1).map(([id]) => id),
  );
  breaks(
    'V5',
    'sends that failed with a code of no kind',
    failures.filter(({ code }) => !CODES.includes(code)).map(({ id, code }) => `${id} (${code})`),
  );
  breaks('V5', 'refused, and delivered nevertheless', [
    ...new Set(deliveries.filter(({ id }) => refused.has(id)).map(({ id }) => id)),
  ]);

  breaks('V2', 'delivered and never sent', [
    ...new Set(deliveries.filter(({ id }) => !attempts.has(id)).map(({ id }) => id)),
  ]);
  breaks(
    'V2',
    'other bytes than were sent',
    deliveries.filter(({ id, sum }) => attempts.has(id) && attempts.get(id)!.sum !== sum).map(({ id }) => id),
  );

  // what was sent, but perhaps not yet handled, when the broker forgot; a busy sender notes confirmations late
  const whole = entries.findLast(isEvent('whole')) ?? entries.findLast(isEvent('over'));
  const remembersFrom = expected.forgets ? (whole?.at ?? 0) : 0;
  let lost = 0;
  let forgotten = 0;
  let deadLetters = 0;
  for (const group of expected.groups) {
    const left = remains.find((each) => each.group === group);
    if (!left) throw new RangeError(`nobody looked at what remains of the group ${group}`);
    const buried = new Set(left.deadLetters);
    const handled = new Set(
      entries.filter((entry) => entry.event === 'handled' && entry.group === group).map((entry) => idOf(entry)),
    );
    const missing = [...confirmed].filter(([id]) => !handled.has(id) && !buried.has(id));
    const inexcusable = missing.map(([id]) => id).filter((id) => (attempts.get(id)?.at ?? Infinity) >= remembersFrom);
    forgotten += missing.length - inexcusable.length;
    lost += inexcusable.length;
    breaks('V1', `confirmed and not handled by ${group}`, inexcusable);
    if (left.backlog > 0) {
      violations.push({ invariant: 'V1', what: `${left.backlog} messages still wait for ${group} at the broker` });
    }

    deadLetters += left.deadLetters.length;
    const isPoison = (id: string): boolean => attempts.get(id)?.poison === true;
    breaks(
      'V10',
      `dead letters of ${group} that are no poison`,
      left.deadLetters.filter((id) => !isPoison(id)),
    );
    breaks(
      'V10',
      `poison that ${group} handled`,
      [...handled].filter((id) => isPoison(id)),
    );
    breaks(
      'V10',
      `attempts of ${group} beyond ${expected.maxAttempts}`,
      tooOften(entries, group, expected.maxAttempts),
    );
    if (expected.ordered)
      breaks('V4', `out of order in ${group}`, disorder(entries, group, attempts, expected.forgets));
  }
  return {
    violations,
    sent: attempts.size,
    confirmed: confirmed.size,
    unknown: unknown.size,
    refused: refused.size,
    lost,
    forgotten,
    deadLetters,
  };
}

/** Messages that failed more often in one consumer than they may; each further consumer may begin anew. */
function tooOften(entries: readonly Entry[], group: string, maxAttempts: number): string[] {
  const failures = new Map<string, number>();
  for (const entry of entries) {
    if (entry.event !== 'failed' || entry.group !== group) continue;
    const once = `${entry.id} by ${entry.by}`;
    failures.set(once, (failures.get(once) ?? 0) + 1);
  }
  return [...failures].filter(([, count]) => count > maxAttempts).map(([once]) => once);
}

/** Messages whose first completion came after that of a later one with the same key. */
function disorder(
  entries: readonly Entry[],
  group: string,
  attempts: ReadonlyMap<string, Entry & { event: 'attempt' }>,
  forgets: boolean,
): string[] {
  if (forgets) return [];
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  const late: string[] = [];
  for (const entry of entries) {
    if (entry.event !== 'handled' || entry.group !== group || seen.has(entry.id)) continue;
    seen.add(entry.id);
    const attempt = attempts.get(entry.id);
    if (!attempt) continue;
    if (attempt.sequence < (latest.get(attempt.key) ?? -1)) late.push(entry.id);
    else latest.set(attempt.key, attempt.sequence);
  }
  return late;
}

const idOf = (entry: Entry): string => ('id' in entry ? entry.id : '');

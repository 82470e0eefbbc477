/**
 * What happened, written down as it happens and judged afterwards. Every process of a case appends to a file of its own,
 * so a process that is killed leaves what it wrote.
 */
import { deepEqual, fail, ok } from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type LedgerEvent =
  'attempt' | 'confirmed' | 'refused' | 'unknown' | 'delivered' | 'acked' | 'nacked' | 'deadLettered';

export interface LedgerEntry {
  readonly event: LedgerEvent;
  readonly id: string;
  /** Who received it. */
  readonly group?: string;
  readonly consumer?: string;
  /** Deliveries only. */
  readonly attempt?: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const SUFFIX = '.ledger';

export class Ledger {
  readonly #file: number;

  constructor(
    readonly directory: string,
    name = String(process.pid),
  ) {
    this.#file = openSync(join(directory, `${name}${SUFFIX}`), 'a');
  }

  write(event: LedgerEvent, id: string, more: Partial<LedgerEntry> = {}): void {
    writeSync(this.#file, `${JSON.stringify({ event, id, ...more, at: Date.now() })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All entries of a case in the order of their time. A line that a killed process could not end is no entry. */
export function readLedger(directory: string): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const name of readdirSync(directory).filter((each) => each.endsWith(SUFFIX))) {
    for (const line of readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)) {
      entries.push(JSON.parse(line) as LedgerEntry);
    }
  }
  return entries.sort((a, b) => a.at - b.at);
}

export interface Bounds {
  /** The group whose deliveries are judged; default: all of them are one. */
  readonly group?: string;
  /** Deliveries beyond the first of a message and beyond one for each nack. Default 0. */
  readonly duplicates?: number;
  /** How many distinct messages must have been delivered. */
  readonly messages: number;
}

/**
 * Nothing confirmed is lost, nothing unknown was delivered, and duplicates stay within their bound.
 * @throws AssertionError with the ids
 */
export function judge(entries: readonly LedgerEntry[], { group, duplicates = 0, messages }: Bounds): void {
  const ids = (event: LedgerEvent): Set<string> =>
    new Set(
      entries
        .filter((entry) => entry.event === event && (group === undefined || (entry.group ?? group) === group))
        .map(({ id }) => id),
    );
  const attempted = ids('attempt');
  const acked = ids('acked');
  const buried = ids('deadLettered');
  const delivered = ids('delivered');
  const lost = [...ids('confirmed')].filter((id) => !acked.has(id) && !buried.has(id));
  deepEqual(lost, [], `lost ${lost.length}: ${some(lost)}`);
  const unexpected = [...delivered].filter((id) => !attempted.has(id));
  deepEqual(unexpected, [], `delivered and never sent: ${some(unexpected)}`);
  const count = (event: LedgerEvent): number =>
    entries.filter((entry) => entry.event === event && (group === undefined || entry.group === group)).length;
  const extra = count('delivered') - delivered.size - count('nacked');
  ok(extra <= duplicates, `${extra} duplicates, at most ${duplicates} are allowed: ${some(repeated(entries, group))}`);
  if (delivered.size !== messages) fail(`${delivered.size} distinct messages were delivered instead of ${messages}`);
}

function repeated(entries: readonly LedgerEntry[], group: string | undefined): string[] {
  const seen = new Map<string, number>();
  for (const entry of entries) {
    if (entry.event !== 'delivered' || (group !== undefined && entry.group !== group)) continue;
    seen.set(entry.id, (seen.get(entry.id) ?? 0) + 1);
  }
  return [...seen].filter(([, times]) => times > 1).map(([id, times]) => `${id} (${times})`);
}

const some = (ids: readonly string[]): string => ids.slice(0, 10).join(', ') + (ids.length > 10 ? ' …' : '');

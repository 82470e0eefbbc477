/** Reads the ledgers of a run when all is over, and says what did not hold. */
import type { Entry } from '../records.js';
import { judgeFates } from './delivery.js';
import { judgeDuplicates } from './duplicates.js';
import { judgeProcesses } from './processes.js';
import { judgeRecovery } from './recovery.js';
import type { Expectations, Verdict } from './verdict.js';

export function judge(entries: readonly Entry[], expected: Expectations): Verdict {
  const { violations: fates, ...counted } = judgeFates(entries, expected);
  const { violations: duplicates, doublings } = judgeDuplicates(entries, expected.groups);
  const { violations: recovery, ...recovered } = judgeRecovery(entries, expected);
  const sum = (of: 'measured' | 'bound'): number => doublings.reduce((total, each) => total + each[of], 0);
  return {
    ...counted,
    ...recovered,
    doublings,
    duplicated: sum('measured'),
    bound: sum('bound'),
    violations: [...fates, ...duplicates, ...recovery, ...judgeProcesses(entries, expected)],
  };
}

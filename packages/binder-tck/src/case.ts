import type { CaseContext } from './context.js';

/** Capabilities that a binder may declare not to have, by the names of `features.ts`. */
export type Need = 'anonymousGroups' | 'replay';

export interface Case {
  /** `B01`: the letter is the group of the specification. */
  readonly id: string;
  readonly name: string;
  /** `SPI` drives the binder, `APP` an application with decorators and configuration. */
  readonly layer: 'SPI' | 'APP';
  readonly needs?: readonly Need[];
  /** Runs while no other case does: it measures times, uses the whole machine, or hurts what brokers may share. */
  readonly serial?: boolean;
  /** Total, in milliseconds; default 60000. */
  readonly deadlineMs?: number;
  run(t: CaseContext): Promise<void>;
}

export interface CaseResult {
  readonly id: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'unsupported';
  readonly ms: number;
  readonly reason?: string;
}

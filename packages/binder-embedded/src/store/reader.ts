/** The worker's side of a consumer: where it reads, what it still has room for, and what it has to tell the store. */
import type { Reader } from './claims.js';
import type { ReaderRequest, Settled } from './protocol.js';
import { freshPace } from './shares.js';

export const FIRST_EPOCH = 1;

/** Readers of one binding share one prefetch. */
export class Allowance {
  held = false;
  open = 0;

  constructor(
    readonly id: number,
    readonly prefetch: number,
  ) {}

  get room(): number {
    return this.held ? 0 : Math.max(0, this.prefetch - this.open);
  }

  /** Whether so much became free that a claim is worth its transaction. */
  get worthwhile(): boolean {
    return this.room >= Math.max(1, this.prefetch >> 1);
  }
}

export class ReaderState implements Reader {
  consumer = 0;
  subscription = 0;
  destination = 0;
  /** Grows when the membership was lost: what belongs to an older one is void. */
  epoch = FIRST_EPOCH;
  patienceMs = freshPace().patienceMs;
  waitingSince: number | undefined;
  /** It could not subscribe again, and has said so. */
  missing = false;
  /** There may be something to claim. */
  hungry = true;
  /** Deliveries of this reader that are not settled. */
  open = 0;
  acks: number[] = [];
  returns: number[] = [];
  failures: number[] = [];
  /** Ends the wait for our own messages of partitions that went to another consumer. */
  handover: NodeJS.Timeout | undefined;
  wake: NodeJS.Timeout | undefined;

  constructor(
    readonly request: ReaderRequest,
    readonly allowance: Allowance,
  ) {}

  get ordered(): boolean {
    return this.request.ordered;
  }

  get mine(): readonly number[] | undefined {
    return this.request.mine;
  }

  get settling(): boolean {
    return this.acks.length > 0 || this.returns.length > 0 || this.failures.length > 0;
  }

  take(settled: Settled): void {
    if (settled.epoch !== this.epoch) return;
    append(this.acks, settled.acks);
    append(this.returns, settled.returns);
    append(this.failures, settled.failures);
    this.opened(-settled.acks.length - settled.returns.length / 3);
  }

  opened(count: number): void {
    this.open += count;
    this.allowance.open += count;
  }

  /** What was taken is in the store. */
  settled(): void {
    this.acks = [];
    this.returns = [];
    this.failures = [];
  }

  /** Nothing of what was delivered counts any more. */
  forget(): void {
    this.epoch++;
    this.opened(-this.open);
    this.settled();
    Object.assign(this, freshPace());
    this.hungry = true;
    this.stopTimers();
  }

  stopTimers(): void {
    clearTimeout(this.handover);
    clearTimeout(this.wake);
    this.handover = undefined;
    this.wake = undefined;
  }
}

function append(list: number[], more: readonly number[]): void {
  for (const item of more) list.push(item);
}

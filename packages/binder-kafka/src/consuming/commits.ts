/** Commits: positions of many records and partitions in one request, soon after they moved, one request at a time. */
import { asError } from '@streambind/core/binder';
import { KafkaTrouble } from '../client/errors.js';
import type { Position } from '../client/port.js';
import type { Lane } from './lane.js';

export interface CommitsOptions {
  /** Milliseconds from the first record that is done to the commit. */
  readonly afterMs: number;
  commit(positions: readonly Position[]): Promise<void>;
  /** Commits do not get through: what is handled now would come again. Or they do again. */
  stalled(stalled: boolean): void;
  /** A commit failed that will be tried again. */
  fault(error: Error): void;
}

/** Milliseconds that a commit may take before nothing more should be handled. */
const SLOW_MS = 250;

export class Commits {
  readonly #options: CommitsOptions;
  readonly #moved = new Set<Lane>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stalled = false;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  moved(lane: Lane): void {
    this.#moved.add(lane);
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.afterMs);
  }

  /** What was owned is not any more. */
  forget(lane: Lane): void {
    this.#moved.delete(lane);
    if (this.#moved.size === 0 && !this.#running) this.#tell(false);
  }

  /** Resolves when everything that has moved before the call is committed, or could not be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#running) await this.#running;
    if (this.#moved.size === 0) return;
    this.#running = this.#commit();
    await this.#running;
  }

  async #commit(): Promise<void> {
    const lanes = [...this.#moved].filter(({ lost }) => !lost.aborted);
    this.#moved.clear();
    const positions = lanes.map((lane) => {
      const { topic, partition } = lane.origin;
      return { topic, partition, offset: lane.position! };
    });
    const slow = setTimeout(() => this.#tell(true), SLOW_MS);
    let failed = false;
    try {
      if (positions.length > 0) await this.#options.commit(positions);
    } catch (error) {
      // a group that changes hands takes none for a moment; what stays ours is committed after it
      if (!(error instanceof KafkaTrouble && error.kind === 'fenced')) this.#options.fault(asError(error));
      const left = lanes.filter(({ lost }) => !lost.aborted);
      for (const lane of left) this.moved(lane);
      failed = left.length > 0;
    } finally {
      clearTimeout(slow);
      this.#running = undefined;
    }
    this.#tell(failed);
  }

  #tell(stalled: boolean): void {
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    this.#options.stalled(stalled);
  }
}

/** Calls methods by timers while the application runs; runs of one method never overlap. */
import { asError } from '../errors/index.js';
import type { DrainReport } from '../binder/index.js';
import type { Logger } from '../logging/index.js';
import type { Run, Trigger } from './trigger.js';

export interface Task {
  /** `Cleaner.sweep`: for messages. */
  readonly at: string;
  readonly trigger: Trigger;
  /** @param stopped true once the application stops: what calls several times ends then */
  run(stopped: () => boolean): unknown;
}

/** No timer is longer: the clock may be set and the machine may sleep, and timers of Node know of neither. */
const LONGEST_MS = 60_000;

export class Scheduler {
  readonly #tasks: readonly Task[];
  readonly #log: Logger;
  readonly #timers = new Map<Task, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(tasks: readonly Task[], log: Logger) {
    this.#tasks = tasks;
    this.#log = log;
  }

  start(): void {
    for (const task of this.#tasks) this.#plan(task, undefined);
  }

  /** No run starts any more; those that run are awaited, at most `deadlineMs`. */
  async stop(deadlineMs: number): Promise<DrainReport> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    const running = this.#running.size;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.all(this.#running), deadline]);
    clearTimeout(timer);
    const abandoned = this.#running.size;
    return { finished: running - abandoned, returned: 0, abandoned };
  }

  #plan(task: Task, last: Run | undefined): void {
    if (this.#stopped) return;
    const due = task.trigger.next(Date.now(), last);
    if (due !== undefined) this.#wait(task, due);
  }

  #wait(task: Task, due: number): void {
    const timer = setTimeout(
      () => (Date.now() < due ? this.#wait(task, due) : this.#start(task, due)),
      Math.min(Math.max(0, due - Date.now()), LONGEST_MS),
    );
    this.#timers.set(task, timer);
  }

  #start(task: Task, due: number): void {
    const run = this.#run(task).then(() => {
      this.#running.delete(run);
      this.#plan(task, { due, ended: Date.now() });
    });
    this.#running.add(run);
  }

  async #run(task: Task): Promise<void> {
    try {
      await task.run(() => this.#stopped);
    } catch (thrown) {
      const error = asError(thrown);
      this.#log.error(`${task.at} failed, and runs again when it is due: ${error.message}`, error);
    }
  }
}

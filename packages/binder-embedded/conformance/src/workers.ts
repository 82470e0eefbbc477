/**
 * The store's worker threads of this process. Each is started with `worker-agent.js` before its own code, so that it can
 * end itself at a moment of our choice: a thread that is ended from outside takes the process along when it happens to be
 * inside SQLite.
 */
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import threads, { Worker, type WorkerOptions } from 'node:worker_threads';

const AGENT = new URL('./worker-agent.js', import.meta.url).href;

export interface AgentData {
  /** [0]: this worker shall end before its next statement. */
  readonly own: Int32Array;
  /** [0]: every worker shall end between the commit of a publication and its reply. */
  readonly all: Int32Array;
}

/** The number of a thread that has ended. */
const ENDED = -1;

const workers = new Map<Worker, Int32Array>();
const all = new Int32Array(new SharedArrayBuffer(4));

class ObservedWorker extends Worker {
  constructor(file: string | URL, options: WorkerOptions = {}) {
    const own = new Int32Array(new SharedArrayBuffer(4));
    const agent: AgentData = { own, all };
    super(file, {
      ...options,
      execArgv: [...(options.execArgv ?? []), '--import', AGENT],
      workerData: { ...(options.workerData as object), agent },
    });
    workers.set(this, own);
  }
}

// the binder finds its worker class in the module that everybody shares
Object.assign(threads, { Worker: ObservedWorker });
syncBuiltinESMExports();

/** Ends every worker; resolves when they are gone. An idle one ends when it looks at its store, twice a second. */
export async function endWorkers(): Promise<void> {
  const gone: Promise<unknown>[] = [];
  for (const [worker, own] of workers) {
    workers.delete(worker);
    if (worker.threadId === ENDED) continue;
    gone.push(once(worker, 'exit'));
    Atomics.store(own, 0, 1);
  }
  await Promise.all(gone);
}

/** From now on a worker that has committed a publication ends before it says so. */
export function loseConfirms(): () => Promise<void> {
  Atomics.store(all, 0, 1);
  return () => {
    Atomics.store(all, 0, 0);
    return Promise.resolve();
  };
}

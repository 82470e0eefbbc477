/** The store's worker threads of this process, as Node tells of them, and the ports by which they answer. */
import { syncBuiltinESMExports } from 'node:module';
import threads, { type MessagePort, type Worker } from 'node:worker_threads';

const workers = new Set<Worker>();
let losing = false;

process.on('worker', (worker: Worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
});

/** Ends every worker at once, as a killed process would. */
export async function terminateWorkers(): Promise<void> {
  await Promise.all([...workers].map((worker) => worker.terminate()));
}

/** From now on a worker that confirms a publication dies between its commit and its reply. */
export function loseConfirms(): () => Promise<void> {
  losing = true;
  return () => {
    losing = false;
    return Promise.resolve();
  };
}

interface Answer {
  readonly published?: unknown;
}

/** Whether an answer is on its way to nobody. */
function swallow(answer: Answer | undefined): boolean {
  if (!losing || answer?.published === undefined) return false;
  void terminateWorkers();
  return true;
}

const { MessageChannel, receiveMessageOnPort } = threads;

class LossyChannel extends MessageChannel {
  constructor() {
    super();
    const { port1 } = this;
    const on = port1.on.bind(port1) as (event: string, listener: (value: unknown) => void) => MessagePort;
    const lossy = (event: string, listener: (value: unknown) => void): MessagePort =>
      event === 'message' ? on(event, (answer) => swallow(answer as Answer) || listener(answer)) : on(event, listener);
    Object.defineProperty(port1, 'on', { value: lossy });
  }
}

// the binder looks its ports up by these names, in the module that everybody shares
Object.assign(threads, {
  MessageChannel: LossyChannel,
  receiveMessageOnPort: (port: MessagePort) => {
    const received = receiveMessageOnPort(port) as { readonly message: Answer } | undefined;
    return swallow(received?.message) ? undefined : received;
  },
});
syncBuiltinESMExports();

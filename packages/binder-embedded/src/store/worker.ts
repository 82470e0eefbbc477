/** Entry of the worker thread: opens the store and serves one main thread until that says close. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { Engine } from './engine.js';
import { failureOf } from './failure.js';
import { Gate } from './gate.js';
import { Outbox } from './outbox.js';
import type { Settings } from './protocol.js';
import { openStore } from './schema.js';

const { port, settings, gate } = workerData as { port: MessagePort; settings: Settings; gate: SharedArrayBuffer };

try {
  new Engine(openStore(settings.directory, new Gate(gate)), port, settings).start();
} catch (error) {
  const outbox = new Outbox(port);
  outbox.opened(failureOf(error, settings.directory));
  outbox.post();
  port.close();
}

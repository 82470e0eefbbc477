/** Entry of the worker thread: opens the store and serves one main thread until that says close. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { Engine } from './engine.js';
import { failureOf } from './failure.js';
import { Outbox } from './outbox.js';
import type { Settings } from './protocol.js';
import { openStore } from './schema.js';

const { port, settings } = workerData as { port: MessagePort; settings: Settings };

try {
  new Engine(openStore(settings.directory), port, settings).start();
} catch (error) {
  const outbox = new Outbox(port);
  outbox.opened(failureOf(error, settings.directory));
  outbox.post();
  port.close();
}

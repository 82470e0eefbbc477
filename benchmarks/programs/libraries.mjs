/** What an application on the embedded binder cannot do without: its libraries, and an open store on a thread of its own. */
import { join } from 'node:path';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openRaw } from '../../packages/binder-embedded/dist/store/driver.js';

if (isMainThread) {
  const started = performance.now();
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
  const open = new Promise((resolve) => worker.once('message', resolve));
  await Promise.all([import('reflect-metadata/lite'), import('yaml'), open]);
  process.stderr.write(`Started libraries in ${((performance.now() - started) / 1000).toFixed(3)} seconds\n`);
} else {
  const database = openRaw(join(workerData, 'bare.db'));
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL');
  database.exec('CREATE TABLE IF NOT EXISTS member(id INTEGER PRIMARY KEY); INSERT INTO member DEFAULT VALUES');
  parentPort.on('message', () => {});
  parentPort.postMessage('open');
}

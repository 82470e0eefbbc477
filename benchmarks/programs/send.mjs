/** The fastest plain way to the same durability: one insert, one commit, on the main thread. */
import { openRaw } from '../../packages/binder-embedded/dist/store/driver.js';

const [file, messages, warmUp] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const database = openRaw(file);
database.exec('PRAGMA synchronous=NORMAL');
const insert = database.prepare(
  'INSERT INTO message(destination, partition, at, key, headers, payload) VALUES (?, ?, ?, ?, ?, ?)',
);
const payload = Buffer.alloc(1024, 'x');
// as long as those of a message of the framework, and made once
const headers = JSON.stringify({
  id: '00000000-0000-4000-8000-000000000000',
  timestamp: Date.now(),
  contentType: 'application/octet-stream',
});

function send(count) {
  for (let sent = 0; sent < count; sent++) insert.run(1, 0, Date.now(), null, headers, payload);
}

send(warmUp);
const started = performance.now();
send(messages);
const ms = performance.now() - started;
database.close();
console.log(JSON.stringify({ messages, ms }));

/**
 * The fastest plain way to consume with the binder's guarantees: batches of 100 above a cursor, one transaction each, which
 * takes leases on its messages, moves the cursor, and ends the leases of the batch before.
 */
import { openRaw } from '../../packages/binder-embedded/dist/store/driver.js';

const BATCH = 100;
const [file, messages, warmUp] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const database = openRaw(file);
database.exec('PRAGMA synchronous=NORMAL');
const read = database.prepare(
  'SELECT id, headers, payload FROM message WHERE destination = 1 AND partition = 0 AND id > ? ORDER BY id LIMIT ?',
);
const lease = database.prepare(
  `INSERT INTO claim(subscription, message, partition, owner)
   SELECT 1, id, 0, 1 FROM message WHERE destination = 1 AND partition = 0 AND id > ? AND id <= ?`,
);
const move = database.prepare('UPDATE cursor SET position = ? WHERE subscription = 1 AND partition = 0');
const end = database.prepare('DELETE FROM claim WHERE subscription = 1 AND message <= ?');

let [received, bytes, position, started] = [0, 0, 0, 0];
while (received < warmUp + messages) {
  database.exec('BEGIN IMMEDIATE');
  end.run(position);
  const rows = read.all(position, BATCH);
  const last = rows.at(-1).id;
  lease.run(position, last);
  move.run(last);
  database.exec('COMMIT');
  for (const { payload } of rows) {
    bytes += payload.length;
    received++;
    if (received === warmUp) started = performance.now();
  }
  position = last;
}
end.run(position);
const ms = performance.now() - started;
database.close();
console.log(JSON.stringify({ received, bytes, ms }));

/** A process that claims the keys 0 … n-1 of a store in an order of its own, and prints those that it was granted. */
import { randomUUID } from 'node:crypto';
import { EmbeddedIdempotencyStore } from '@streambind/binder-embedded';

const [directory, count] = process.argv.slice(2);
const store = new EmbeddedIdempotencyStore({ directory });
const keys = Array.from({ length: Number(count) }, (_, key) => ({ key, at: Math.random() })).sort(
  (a, b) => a.at - b.at,
);
const granted = keys.filter(({ key }) => store.claim(String(key), randomUUID(), 60_000) === 'claimed');
for (const { key } of granted) store.complete(String(key), 60_000);
console.log(JSON.stringify(granted.map(({ key }) => key)));

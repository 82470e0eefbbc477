/** Sending and consuming through the embedded binder, beside bare SQLite loops of the same durability. */
import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok, paint, progress, say, table } from '../tools/terminal.mjs';
import { run } from './processes.mjs';
import { interleaved, median, pairedRatio } from './statistics.mjs';

const PAYLOAD = Buffer.alloc(1024, 'x');

export const summary = 'messages of 1 KiB per second through the embedded binder; WAL, synchronous=NORMAL';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const storeFile = (store) => join(store, 'broker.db');
const bare =
  (program) =>
  (store, { messages, warmUp }) => [here(`programs/${program}.mjs`), storeFile(store), messages, warmUp];
const framework =
  (application, ...more) =>
  (store, { messages, warmUp }) => [
    `dist/${application}/main.js`,
    `--spring.cloud.stream.embedded.binder.directory=${store}`,
    `--bench.messages=${messages}`,
    `--bench.warm-up=${warmUp}`,
    ...more,
  ];

/** The first case of a comparison is what the others are divided by. */
const sending = {
  name: 'sending',
  load: { messages: 20_000, warmUp: 5000 },
  cases: [
    { name: 'bare loop, one commit each', args: bare('send') },
    { name: 'send, awaited one by one', args: framework('sender', '--bench.in-flight=1'), target: 0.4 },
    { name: 'send, 256 in flight', args: framework('sender', '--bench.in-flight=256'), target: 2 },
    { name: 'bare loop again', args: bare('send') },
  ],
  /** Nothing is lost: what was sent lies in the store. */
  lost: (database, all) => all - database.get('SELECT count(*) AS n FROM message').n,
};
const consuming = {
  name: 'consuming',
  load: { messages: 40_000, warmUp: 10_000 },
  cases: [
    { name: 'bare loop, batches of 100', args: bare('consume') },
    { name: '@StreamListener', args: framework('receiver'), target: 0.5 },
    { name: 'bare loop again', args: bare('consume') },
  ],
  /** Nothing is left: the cursor is at the end and no message is claimed any more. */
  lost: (database, all) =>
    all - database.get('SELECT position FROM cursor').position + database.get('SELECT count(*) AS n FROM claim').n,
};

/** @param {{ quick: boolean, scratch: string }} options */
export async function measure({ quick, scratch }) {
  const [warmUps, rounds] = quick ? [1, 3] : [2, 10];
  const results = [];
  for (const { name: direction, load, cases, lost } of [sending, consuming]) {
    const template = join(scratch, direction);
    await prepareStore(template, direction === 'consuming' ? load.warmUp + load.messages : 0);
    const rates = new Map(cases.map(({ name }) => [name, []]));
    for (let round = -warmUps; round < rounds; round++) {
      for (const { name, args } of interleaved(cases, Math.abs(round))) {
        progress(`embedded: ${name}, round ${round + 1} of ${rounds}`);
        const { ms } = await runOn(template, join(scratch, 'store'), { name, args, load, lost });
        if (round >= 0) rates.get(name).push((load.messages / ms) * 1000);
      }
    }
    const [{ name: reference }] = cases;
    for (const { name, target } of cases) {
      const runs = rates.get(name);
      const { ratio, low, high } = pairedRatio(runs, rates.get(reference));
      const held = target === undefined ? undefined : ratio >= target;
      results.push({ name, reference, rate: median(runs), ratio, low, high, target, held, runs });
    }
  }
  show(results, rounds);
  return results;
}

/** A store as the binder makes it, with one destination and one group that has read nothing. */
async function prepareStore(directory, backlog) {
  // not at the top: it is built only when this runs
  const { openStore } = await import('../packages/binder-embedded/dist/store/schema.js');
  const database = openStore(directory);
  database.write(() => {
    database.run("INSERT INTO destination(id, name, partitions) VALUES (1, 'bench', 1)");
    database.run("INSERT INTO subscription(id, destination, name, kind) VALUES (1, 1, 'bench', 'durable')");
    database.run('INSERT INTO cursor(subscription, partition, position) VALUES (1, 0, 0)');
    for (let message = 0; message < backlog; message++) {
      const headers = { id: crypto.randomUUID(), timestamp: Date.now(), contentType: 'application/octet-stream' };
      database.run(
        'INSERT INTO message(destination, partition, at, headers, payload) VALUES (1, 0, ?, ?, ?)',
        Date.now(),
        JSON.stringify(headers),
        PAYLOAD,
      );
    }
  });
  // into the one file that is copied
  database.get('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

/** One run on a fresh copy of the store. @throws when a message was lost */
async function runOn(template, store, { name, args, load, lost }) {
  rmSync(store, { recursive: true, force: true });
  mkdirSync(store, { mode: 0o700 });
  copyFileSync(storeFile(template), storeFile(store));
  // or the first checkpoint of the run would have to write it to the disk
  const file = openSync(storeFile(store));
  fsyncSync(file);
  closeSync(file);
  const figures = await run({ name, args: args(store, load), cwd: here('apps') });
  const { openStore } = await import('../packages/binder-embedded/dist/store/schema.js');
  const database = openStore(store);
  const missing = lost(database, load.warmUp + load.messages);
  database.close();
  if (missing !== 0) throw new Error(`${name}: ${missing} messages are missing; a run with loss counts for nothing`);
  return figures;
}

function show(results, rounds) {
  const rows = results.map(({ name, rate, ratio, low, high, target, held }, index) => {
    const first = index === 0 || results[index - 1].reference !== results[index].reference;
    return [
      name,
      Math.round(rate),
      first ? '1' : `${ratio.toFixed(2)}  (${low.toFixed(2)} to ${high.toFixed(2)})`,
      target === undefined ? '' : `≥ ${target}`,
      held === undefined ? '' : `${ok(held)} ${held ? 'held' : 'not held'}`,
    ];
  });
  say(table(['embedded, 1 KiB', 'messages/s', '× bare (95 %)', 'target', ''], rows));
  const loads = [sending, consuming].map(({ name, load }) => `${name} ${load.messages} messages after ${load.warmUp}`);
  say(paint('dim', `${rounds} rounds, each run a process of its own, ${loads.join(', ')} that nobody timed.`));
}

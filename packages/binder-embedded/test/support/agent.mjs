/**
 * A process of its own with one embedded binder (the built package), driven by lines of JSON on standard input. It answers
 * `{reply, value|error}` and tells `{event: delivered|settled|fault|report|recovered|log}`.
 */
import { createInterface } from 'node:readline';
import { binderFactory } from '@streambind/binder-embedded';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (text) => say({ event: 'log', level, text })]),
);
const consumers = new Map();
const producers = new Map();
const held = [];
let binder;

/** Finer than a millisecond and the same clock in every process. */
const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const told = (error) => ({ code: error.code ?? error.name, message: error.message });

/** What this consumer does with a delivery: fail it, keep it, work for a while, acknowledge it. */
async function handle(name, behaviour, delivery) {
  const text = delivery.payload === null ? null : Buffer.from(delivery.payload).toString();
  const { id, attempt, crashes = 0, lane } = delivery;
  if (!behaviour.quiet) say({ event: 'delivered', consumer: name, id, attempt, crashes, lane, text, at: Date.now() });
  if (behaviour.hang) return new Promise((resolve) => held.push(() => resolve({ kind: 'ack' })));
  if (behaviour.workMs) await wait(behaviour.workMs);
  const { fail } = behaviour;
  const failing = fail && text?.startsWith(fail.prefix);
  if (failing && attempt < fail.attempts) {
    return { kind: 'requeue', delayMs: fail.delayMs, failure: new Error(`failed on ${text}`) };
  }
  if (failing && fail.bury) return { kind: 'deadLetter', reason: new Error('exhausted', { cause: new Error(text) }) };
  if (!behaviour.quiet) say({ event: 'settled', consumer: name, text, lane, at: now() });
  return { kind: 'ack' };
}

const commands = {
  async open(options) {
    binder = await binderFactory.create(
      { durable: false, lease: 30_000, keep: 0, ...options },
      {
        name: 'agent',
        log: { name: 'agent', enabled: () => true, ...log },
        report: (error, nextTryMs) => say({ event: 'report', ...told(error), nextTryMs }),
        recovered: () => say({ event: 'recovered' }),
      },
    );
  },
  async consume({ name, destination, behaviour = {}, ...source }) {
    let count = 0;
    const binding = await binder.bindConsumer(
      {
        binding: name,
        destinations: [destination],
        concurrency: 1,
        prefetch: 100,
        ordered: false,
        provision: 'create',
        options: {},
        ...source,
      },
      {
        deliver(delivery) {
          count++;
          return behaviour.instant ? { kind: 'ack' } : handle(name, behaviour, delivery);
        },
        fault: (error) => say({ event: 'fault', consumer: name, ...told(error) }),
      },
    );
    consumers.set(name, { binding, count: () => count });
  },
  count: async ({ name }) => consumers.get(name).count(),
  async produce({ name, destination, ...target }) {
    producers.set(
      name,
      await binder.bindProducer({
        binding: name,
        destination,
        requiredGroups: [],
        provision: 'create',
        options: {},
        ...target,
      }),
    );
  },
  /** Sends each text; resolves with what became of it. */
  send: ({ name, texts, partitions, headers = {}, pad = 0 }) =>
    Promise.all(
      texts.map((text, index) =>
        producers
          .get(name)
          .send({ payload: Buffer.from(text.padEnd(pad)), headers, partition: partitions?.[index] })
          .then(
            () => 'confirmed',
            (error) => error.code,
          ),
      ),
    ),
  /** Sends without end, a few at a time, and tells each text that was confirmed. */
  async flood({ name, prefix, partitions = 1, everyMs = 1 }) {
    const producer = producers.get(name);
    for (let n = 0; ; n++) {
      const text = `${prefix}:${n}`;
      const partition = n % partitions;
      producer.send({ payload: Buffer.from(text), headers: {}, partition }).then(
        () => say({ event: 'confirmed', text, partition }),
        (error) => say({ event: 'refused', text, ...told(error) }),
      );
      if (n % 5 === 4) await wait(everyMs);
    }
  },
  pause: async ({ name }) => consumers.get(name).binding.pause(),
  resume: async ({ name }) => consumers.get(name).binding.resume(),
  release: async () => held.splice(0).forEach((each) => each()),
  stop: ({ name, deadlineMs }) => consumers.get(name).binding.close(deadlineMs),
  flush: ({ name, deadlineMs }) => producers.get(name).close(deadlineMs),
  health: () => binder.health(),
  block: async ({ ms }) => {
    const until = Date.now() + ms;
    while (Date.now() < until);
  },
  async close() {
    await binder.close();
    lines.close();
  },
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { reply, command, ...rest } = JSON.parse(line);
  Promise.resolve(commands[command](rest)).then(
    (value) => say({ reply, value }),
    (error) => say({ reply, error: told(error) }),
  );
});
say({ event: 'up' });

/** `npm run side-by-side -w samples/retry-dead-letter`: the same service on every broker that is to be had, and what came of it. */
import { Unavailable, running, startPrivate, type BrokerName, type Brokers } from '../../../../tools/brokers/index.mjs';
import { paint, progress, say } from '../../../../tools/terminal.mjs';
import { embedded } from './embedded.js';
import { kafka } from './kafka.js';
import { play, type Outcome } from './play.js';
import { rabbit } from './rabbit.js';
import { redis } from './redis.js';
import { report } from './report.js';
import type { BinderType, Stage } from './stage.js';

/** On a broker that is there, else on one that is started and ended for this. */
async function on<N extends BrokerName>(name: N, open: (broker: Brokers[N]) => Promise<Stage>): Promise<Stage> {
  const found = await running(name);
  // one that cannot be administered from here cannot be looked into
  const stage = found && (await open(found).catch(() => undefined));
  if (stage) return stage;
  const own = await startPrivate(name, { tell: progress });
  return { ...(await open(own)), leave: () => own.remove() };
}

const stages: Readonly<Record<BinderType, () => Promise<Stage>>> = {
  embedded: () => Promise.resolve(embedded()),
  rabbit: () => on('rabbit', rabbit),
  kafka: () => on('kafka', kafka),
  redis: () => on('redis', redis),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(stages, name));
if (unknown.length > 0) {
  say(`There is no binder "${unknown[0]}"; there are: ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
for (const name of (asked.length > 0 ? asked : Object.keys(stages)) as BinderType[]) {
  progress(`${name} …`);
  let stage: Stage | undefined;
  try {
    stage = await stages[name]();
    outcomes.push(await play(stage));
  } catch (error) {
    if (!(error instanceof Unavailable)) process.exitCode = 1;
    say(paint('red', `${name}: ${(error as Error).message}`));
  } finally {
    await stage?.leave();
  }
}
if (outcomes.length > 0) say(report(outcomes));

/** One case in a process of its own, so that nothing of it is left for the next. Started by the runner. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult } from './case.js';
import { cases } from './cases/index.js';
import { CaseContext, type CaseSettings } from './context.js';
import { assertRefused, lacking } from './features.js';
import type { Subject } from './subject.js';

export type CaseReport = Pick<CaseResult, 'status' | 'reason' | 'ms'>;

const [module = '', id = '', directory = '', settings = '{}'] = process.argv.slice(2);
const started = performance.now();
const found = cases.find((each) => each.id === id)!;
const { subject } = (await import(module)) as { subject: Subject };

// who started it is gone
process.on('disconnect', () => process.exit(1));
process.channel!.unref();

const missing = lacking(found.needs ?? [], subject.factory.capabilities);

let report: Omit<CaseReport, 'ms'>;
try {
  const own = { broker: join(directory, 'broker'), work: join(directory, 'case') };
  for (const each of Object.values(own)) mkdirSync(each, { mode: 0o700 });
  process.chdir(own.work);
  const name = `${id.toLowerCase()}-${randomUUID().slice(0, 8)}`;
  const broker = await subject.broker(own.broker, name);
  const t = new CaseContext(name, subject, module, broker, own.work, JSON.parse(settings) as CaseSettings);
  try {
    await (missing === undefined ? found.run(t) : assertRefused(missing, t));
  } finally {
    try {
      await t.cleanUp();
    } finally {
      await broker.close();
    }
  }
  report = missing === undefined ? { status: 'passed' } : { status: 'unsupported', reason: missing };
} catch (error) {
  report = { status: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
process.send!({ ...report, ms: Math.round(performance.now() - started) } satisfies CaseReport);

// whatever still runs now was forgotten by the binder, by core, or by the case
setTimeout(() => {
  process.stderr.write(`still running: ${process.getActiveResourcesInfo().join(', ')}\n`);
}, 2500).unref();

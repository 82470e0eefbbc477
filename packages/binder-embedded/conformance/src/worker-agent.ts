/** Runs in a store's worker thread before its own code, and ends it where a killed process could end. */
import { createRequire } from 'node:module';
import { isMainThread, workerData } from 'node:worker_threads';
import type { AgentData } from './workers.js';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}
type Build = { DatabaseSync: new (file: string) => { prepare(sql: string): Statement } };

const require = createRequire(import.meta.url);
const PACKAGE = '@photostructure/sqlite';
const BUILT_IN = 'node:sqlite';

if (!isMainThread) {
  const { agent } = workerData as { agent: AgentData };
  let published = false;

  const observed = (sql: string, statement: Statement): Statement => {
    const step =
      <T>(work: (...values: unknown[]) => T) =>
      (...values: unknown[]): T => {
        if (Atomics.load(agent.own, 0) !== 0) process.exit(1);
        const result = work(...values);
        if (sql.startsWith('INSERT INTO message')) published = true;
        else if (sql === 'COMMIT' || sql === 'ROLLBACK') {
          if (published && sql === 'COMMIT' && Atomics.load(agent.all, 0) !== 0) process.exit(1);
          published = false;
        }
        return result;
      };
    return {
      run: step((...values) => statement.run(...values)),
      get: step((...values) => statement.get(...values)),
      all: step((...values) => statement.all(...values)),
    };
  };

  const observe = ({ DatabaseSync }: Build): Build['DatabaseSync'] =>
    class extends DatabaseSync {
      override prepare(sql: string): Statement {
        return observed(sql, super.prepare(sql));
      }
    };

  // whichever of the two the binder will choose
  if (atLeast24()) {
    const build = require(BUILT_IN) as Build;
    build.DatabaseSync = observe(build);
  }
  try {
    const build = require(PACKAGE) as Build;
    require.cache[require.resolve(PACKAGE)]!.exports = { ...build, DatabaseSync: observe(build) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
}

function atLeast24(): boolean {
  return Number(process.versions.node.split('.')[0]) >= 24;
}

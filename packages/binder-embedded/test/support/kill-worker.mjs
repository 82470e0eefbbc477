/**
 * Preloaded by a test: the worker thread of the store ends between the commit of a publication and its reply, once for
 * each time that the file named by KILL_WORKER is there.
 */
import { existsSync, rmSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const require = createRequire(import.meta.url);

if (isMainThread) {
  const threads = require('node:worker_threads');
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      super(file, { ...options, execArgv: ['--import', import.meta.url] });
    }
  };
  syncBuiltinESMExports();
} else {
  // whichever the driver will choose
  const builds = ['@photostructure/sqlite', ...(process.versions.node >= '24' ? ['node:sqlite'] : [])];
  for (const build of builds) spy(build);
}

function spy(build) {
  const sqlite = require(build);
  let published = false;
  const counted = (sql, statement) => ({
    run(...values) {
      const result = statement.run(...values);
      if (sql !== 'COMMIT') published = true;
      else if (published && existsSync(process.env.KILL_WORKER)) {
        rmSync(process.env.KILL_WORKER);
        process.exit(1);
      } else published = false;
      return result;
    },
  });
  class DatabaseSync extends sqlite.DatabaseSync {
    prepare(sql) {
      const statement = super.prepare(sql);
      return /^(INSERT INTO message|COMMIT)/.test(sql) ? counted(sql, statement) : statement;
    }
  }
  if (build.startsWith('node:')) sqlite.DatabaseSync = DatabaseSync;
  else require.cache[require.resolve(build)].exports = { ...sqlite, DatabaseSync };
}

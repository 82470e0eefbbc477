/** One connection: statements prepared once, short write transactions, and our own patience with the write lock. */
import { isBusy } from './failure.js';
import { openRaw, type RawDatabase, type Statement } from './driver.js';
import { Gate } from './gate.js';

type Value = string | number | null | Uint8Array;

const nap = new Int32Array(new SharedArrayBuffer(4));

export class Database {
  readonly #raw: RawDatabase;
  readonly #statements = new Map<string, Statement>();
  #synced = false;

  /**
   * @param patienceMs how long a statement may block this thread for a lock before it throws SQLITE_BUSY.
   * @param gate passed whenever SQLite is called
   */
  constructor(
    file: string,
    public patienceMs: number,
    private readonly gate = new Gate(),
  ) {
    this.#raw = this.#inside(() => openRaw(file));
    // SQLite's own wait sleeps up to 100 ms and starves; see #patiently
    this.exec('PRAGMA busy_timeout=0; PRAGMA foreign_keys=ON');
  }

  exec(sql: string): void {
    this.#patiently(() => this.#raw.exec(sql));
  }

  run(sql: string, ...values: readonly Value[]): number {
    this.gate.enter();
    try {
      return Number(this.#statement(sql).run(...values).changes);
    } finally {
      this.gate.leave();
    }
  }

  get<Row>(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#patiently(() => this.#statement(sql).get(...values)) as Row | undefined;
  }

  all<Row>(sql: string, ...values: readonly Value[]): Row[] {
    return this.#patiently(() => this.#statement(sql).all(...values)) as Row[];
  }

  /**
   * Runs `work` in one write transaction, all or nothing.
   * @param durable whether the commit also survives a loss of power, not only the death of processes.
   */
  write<T>(work: () => T, durable = false): T {
    if (durable !== this.#synced) {
      this.exec(`PRAGMA synchronous=${durable ? 'FULL' : 'NORMAL'}`);
      this.#synced = durable;
    }
    this.#patiently(() => this.#statement('BEGIN IMMEDIATE').run());
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (error) {
      try {
        this.#inside(() => this.#raw.exec('ROLLBACK'));
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#inside(() => this.#raw.close());
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#raw.prepare(sql)));
    return statement;
  }

  #inside<T>(work: () => T): T {
    this.gate.enter();
    try {
      return work();
    } finally {
      this.gate.leave();
    }
  }

  #patiently<T>(work: () => T): T {
    for (let tries = 0, until = 0; ; tries++) {
      try {
        return this.#inside(work);
      } catch (error) {
        if (!isBusy(error)) throw error;
        until ||= performance.now() + this.patienceMs;
        if (performance.now() > until) throw error;
        Atomics.wait(
          nap,
          0,
          0,
          tries < 3 ? 0.1 + Math.random() * 0.2 : 0.3 + Math.random() * Math.min(tries, 20) * 0.1,
        );
      }
    }
  }
}

/** Housekeeping of the worker: retention, caps, and whether the file at the path is still the one that is open. */
import { statSync } from 'node:fs';
import type { Database } from './database.js';
import { StoreFailure } from './failure.js';
import type { Settings } from './protocol.js';
import { compact, enforceCaps, retain } from './retention.js';
import { databaseFile } from './schema.js';

const TICK_MS = 1000;
/** Every so many ticks all destinations are looked at, not only those that this process used. */
const ALL_AFTER_TICKS = 30;

/** The file was deleted or replaced: what is written now, nobody will read. */
export class FileGone extends StoreFailure {}

export class Upkeep {
  /** Not the same in all processes, so that they do not meet at the lock. */
  readonly intervalMs = TICK_MS * (0.75 + Math.random() / 2);
  readonly #file: string;
  readonly #inode: number;
  readonly #touched = new Set<number>();
  #sweep: NodeJS.Immediate | undefined;
  #ticks = 0;

  constructor(
    private readonly db: Database,
    private readonly settings: Settings,
    private readonly warn: (text: string) => void,
  ) {
    this.#file = databaseFile(settings.directory);
    this.#inode = statSync(this.#file).ino;
  }

  /** Something was appended to or read from that destination. */
  touch(destination: number): void {
    this.#touched.add(destination);
  }

  tick(): void {
    if (this.#ticks++ % ALL_AFTER_TICKS === 0) {
      for (const { id } of this.db.all<{ id: number }>('SELECT id FROM destination')) this.#touched.add(id);
    }
    if (this.settings.maxAgeMs !== undefined || this.settings.maxSize !== undefined) {
      for (const { destination, unread } of enforceCaps(this.db, this.settings)) {
        this.warn(`dropped ${unread} unread messages of ${destination}: the store is over its max-age or max-size`);
      }
    }
    this.#clean([...this.#touched]);
    this.#touched.clear();
    compact(this.db);
  }

  /** One chunk at a time, so that messages pass in between. */
  #clean(destinations: readonly number[]): void {
    const more = destinations.filter((destination) => retain(this.db, destination, this.settings.keepMs));
    clearImmediate(this.#sweep);
    if (more.length > 0) {
      this.#sweep = setImmediate(() => {
        try {
          this.#clean(more);
        } catch {
          // locked or full: they are looked at again with the next tick
          for (const destination of more) this.#touched.add(destination);
        }
      });
    }
  }

  /** Makes the space of the write-ahead log available, which a full disk needs most. */
  shrink(): void {
    try {
      this.db.get('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // it is full; what follows says so
    }
  }

  /** @throws FileGone */
  requireFile(): void {
    if (statSync(this.#file, { throwIfNoEntry: false })?.ino === this.#inode) return;
    throw new FileGone('BROKER_UNAVAILABLE', 'The file of the embedded store was deleted or replaced.', {
      where: this.#file,
    });
  }

  close(): void {
    clearImmediate(this.#sweep);
  }
}

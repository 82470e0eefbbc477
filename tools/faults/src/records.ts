/**
 * The ledger: what happened, one line a record, written as it happens and judged when all is over. Every process appends
 * to a file of its own. A line is handed to the operating system before the program goes on, so a process that is killed
 * leaves all it wrote; only a machine that dies would take lines along, and no fault here kills the machine.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Attempt {
  readonly event: 'attempt';
  readonly id: string;
  readonly key: string;
  /** Grows by one for each message of a sender. */
  readonly sequence: number;
  /** Of the bytes, see `checksum`. */
  readonly sum: string;
  /** Its handler is going to throw each time. */
  readonly poison?: true;
}

/** How a send ended: the broker has it, it certainly has it not, or nobody can know. */
export type Outcome =
  | { readonly event: 'confirmed'; readonly id: string }
  | { readonly event: 'refused' | 'unknown'; readonly id: string; readonly code: string };

export interface Delivered {
  readonly event: 'delivered';
  readonly id: string;
  readonly group: string;
  readonly attempt: number;
  readonly sum: string;
}

/** How a handler ended; `failed` is on purpose. */
export interface Ended {
  readonly event: 'handled' | 'failed';
  readonly id: string;
  readonly group: string;
}

/** Written when it changes. */
export interface Health {
  readonly event: 'health';
  readonly liveness: 'up' | 'down';
  readonly readiness: 'up' | 'degraded' | 'down';
}

/** Written each second. */
export interface Resources {
  readonly event: 'resources';
  /** Megabytes of 10^6 bytes. */
  readonly rssMB: number;
  readonly sockets: number;
}

export type Role = 'worker' | 'sender';

/** The nemesis and the stage write the rest. */
export type Chronicle =
  | { readonly event: 'started'; readonly process: string; readonly role: Role; readonly group?: string }
  | {
      readonly event: 'exited';
      readonly process: string;
      readonly code: number | null;
      readonly signal: string | null;
      /** The signal that the nemesis had sent, or nothing: it ended by itself. */
      readonly ordered?: 'SIGKILL' | 'SIGTERM';
      /** Milliseconds since that signal. */
      readonly afterMs?: number;
    }
  /** From here on load is as it would be for ever. */
  | { readonly event: 'steady' }
  | {
      readonly event: 'struck';
      readonly what: string;
      /** The one process that it hits; absent: all. */
      readonly process?: string;
      /** By group: how many messages this may bring twice. */
      readonly duplicates: Readonly<Record<string, number>>;
    }
  /** What was struck last is done: an administration program takes its time. */
  | { readonly event: 'landed' }
  /** From here on nothing is in the way. */
  | { readonly event: 'over'; readonly what: string }
  /** What is sent from here on has to arrive although the broker forgot what was before. Absent: from `over` on. */
  | { readonly event: 'whole' }
  /** No sender sends any more. */
  | { readonly event: 'quiet' }
  /** What the broker has when all is done, by group. */
  | {
      readonly event: 'remains';
      readonly group: string;
      readonly backlog: number;
      readonly consumers: number;
      readonly deadLetters: readonly string[];
    }
  /** Warnings and errors of a process in the whole run. */
  | { readonly event: 'warnings'; readonly process: string; readonly count: number };

export type Happening = Attempt | Outcome | Delivered | Ended | Health | Resources | Chronicle;

/** `at`: milliseconds since 1970, all processes are on one machine; `by`: who wrote it. */
export type Entry<Kind extends Happening = Happening> = Kind & { readonly at: number; readonly by: string };

const SUFFIX = '.ledger';

export class Ledger {
  readonly #file: number;

  /** @param by the process, and the name of its file */
  constructor(directory: string, by: string) {
    this.#file = openSync(join(directory, by + SUFFIX), 'a');
  }

  write(happening: Happening): void {
    writeSync(this.#file, `${JSON.stringify({ ...happening, at: Date.now() })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads what was added to the ledgers of a directory since it was asked last. */
export class LedgerReader {
  readonly #read = new Map<string, number>();

  constructor(private readonly directory: string) {}

  /** In the order of their time; what one process wrote keeps its order. A line that was cut off is no entry. */
  more(): Entry[] {
    const entries: Entry[] = [];
    for (const file of readdirSync(this.directory).filter((name) => name.endsWith(SUFFIX))) {
      const by = file.slice(0, -SUFFIX.length);
      const from = this.#read.get(file) ?? 0;
      const bytes = readFrom(join(this.directory, file), from);
      const length = bytes.lastIndexOf(0x0a);
      if (length < 0) continue;
      this.#read.set(file, from + length + 1);
      for (const line of bytes.toString('utf8', 0, length).split('\n')) {
        entries.push({ ...(JSON.parse(line) as Happening & { at: number }), by });
      }
    }
    return entries.sort((a, b) => a.at - b.at);
  }
}

function readFrom(path: string, position: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - position));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, position));
  } finally {
    closeSync(file);
  }
}

export const readLedgers = (directory: string): Entry[] => new LedgerReader(directory).more();

/** The happenings that may have that name. */
type Named<Name, Each = Happening> = Each extends Happening
  ? Each['event'] & Name extends never
    ? never
    : Each
  : never;

export const isEvent =
  <Name extends Happening['event']>(...names: readonly Name[]) =>
  (entry: Entry): entry is Entry<Named<Name>> =>
    (names as readonly string[]).includes(entry.event);

/** The first half of the SHA-256: enough to tell bytes apart. */
export const checksum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32);

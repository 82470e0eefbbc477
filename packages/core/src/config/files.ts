/** Finds and reads configuration files, each directory and each file once. */
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import type { ConfigDocument } from './documents.js';
import type { Report } from './problems.js';
import { readProperties } from './properties-source.js';
import { readYaml } from './yaml-source.js';

/** From the lowest to the highest within one place. */
const EXTENSIONS = ['.yaml', '.yml', '.properties'];

/** A place where files of certain names may be. */
export interface Location {
  readonly directory: string;
  readonly names: readonly string[];
  readonly extensions: readonly string[];
}

export class Files {
  readonly #workingDirectory: string;
  readonly #report: Report;
  readonly #listings = new Map<string, ReadonlySet<string>>();
  readonly #documents = new Map<string, readonly ConfigDocument[]>();

  constructor(workingDirectory: string, report: Report) {
    this.#workingDirectory = workingDirectory;
    this.#report = report;
  }

  inDirectory(directory: string, names: readonly string[]): Location {
    return { directory, names, extensions: EXTENSIONS };
  }

  /** What a path of `spring.config.*` means, or undefined when nothing is there. */
  at(path: string, names: readonly string[]): Location | undefined {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return this.inDirectory(path, names);
    const extension = extname(path);
    return stats && { directory: dirname(path), names: [basename(path, extension)], extensions: [extension] };
  }

  /** The files of a location, or of one profile of it, that exist; from the lowest to the highest. */
  list({ directory, names, extensions }: Location, profile?: string): string[] {
    const listing = this.#listing(directory);
    const suffix = profile === undefined ? '' : `-${profile}`;
    return names
      .flatMap((name) => extensions.map((extension) => `${name}${suffix}${extension}`))
      .filter((name) => listing.has(name))
      .map((name) => join(directory, name));
  }

  read(path: string): readonly ConfigDocument[] {
    let documents = this.#documents.get(path);
    if (documents === undefined) this.#documents.set(path, (documents = this.#parse(path)));
    return documents;
  }

  /** As it is printed: relative to the working directory when it is below it. */
  display(path: string): string {
    const short = relative(this.#workingDirectory, path);
    return short.startsWith('..') || isAbsolute(short) ? resolve(path) : short;
  }

  #listing(directory: string): ReadonlySet<string> {
    let listing = this.#listings.get(directory);
    if (listing === undefined) {
      try {
        listing = new Set(readdirSync(directory));
      } catch {
        // there is no such directory, or none that can be listed: nothing to read in either case
        listing = new Set();
      }
      this.#listings.set(directory, listing);
    }
    return listing;
  }

  #parse(path: string): readonly ConfigDocument[] {
    const file = this.display(path);
    const fail = (message: string): [] => {
      this.#report({ severity: 'error', code: 'CONFIG_FILE', file, path: '', message });
      return [];
    };
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      return fail(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
    if (!isUtf8(bytes)) return fail('is not UTF-8');
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    if (text.includes('\u0000')) return fail('is not a text file');
    return path.endsWith('.properties') ? readProperties(text, file, this.#report) : readYaml(text, file, this.#report);
  }
}

/**
 * How packages beside core join an application: `web` now, others later. A package whose package.json says
 * `"streambind": { "module": true }` and stands in the application's dependencies exports `streambindModule`; core loads
 * it, checks its keys with all others, starts it after the bindings and stops it before them.
 */
import type { Class } from '../annotations/index.js';
import type { Environment } from '../config/index.js';
import type { Logger } from '../logging/index.js';
import type { Schema } from '../schema/index.js';

export interface Module {
  readonly name: string;
  /** Configuration keys that it owns: prefix → schema, `{ server: schema({ port: … }) }`. */
  readonly keys: Readonly<Record<string, Schema>>;
  /** Modules start in ascending, stop in descending order of it; web is 0. */
  readonly phase: number;
  /** Resolves when the module serves. A rejection ends the start of the application. */
  start(host: ModuleHost): Promise<RunningModule>;
}

export interface RunningModule {
  /** Takes nothing new at once, finishes what runs, at most `deadlineMs`. Never rejects. */
  stop(deadlineMs: number): Promise<void>;
}

/** What a module sees of its application. */
export interface ModuleHost {
  readonly environment: Environment;
  /** A logger of the module's own room: `log('web')`. */
  log(name: string): Logger;
  /** The module's own keys, read by the schema that it declared for `prefix`. */
  options<T>(prefix: string, schema: Schema<T>): T;
  /** The application's components, ready to use, in the order of their declaration. */
  components(): readonly { readonly type: Class; readonly name: string; readonly instance: object }[];
}

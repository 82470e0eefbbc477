/** A configuration as an application would read it, without starting one: what it binds, and all that is wrong. */
import { join } from 'node:path';
import { isStreambindError } from '../errors/index.js';
import type { BinderFactory } from '../binder/index.js';
import { EMBEDDED, KNOWN_TYPES, PREFIX, loadFactory, selectBinder, type BinderCatalog } from '../binding/index.js';
import { loadEnvironment, type Environment, type KeyGroup, type Problem } from '../config/index.js';
import { schema } from '../schema/index.js';
import { inspectBindings, type InspectedBinding } from './inspect-bindings.js';
import { catalogOf } from './catalog.js';
import { keyGroups } from './keys.js';
import { locate, type Location } from './locate.js';
import { loadModules } from './modules.js';
import { errorReporter, type ReportError } from './inspect-errors.js';

export interface InspectOptions {
  /** Where the application would be started. */
  readonly directory: string;
  /** As those of an application: `--spring.config.location=…`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Inspection {
  readonly profiles: readonly string[];
  readonly bindings: readonly InspectedBinding[];
  /** By file and line; those that stand in no file are last. */
  readonly problems: readonly Problem[];
}

/**
 * Runs nothing of the user's and asks no broker. Packages of binders and modules are loaded for what they know of keys;
 * those of the well-known brokers may be missing.
 */
export async function inspectConfiguration({ directory, args, env }: InspectOptions): Promise<Inspection> {
  const location = locate(join(directory, 'package.json'));
  const environment = loadEnvironment({ directories: [directory, location.packageRoot], args, env });
  checkFiles(environment);
  const catalog = catalogOf(environment, location, []);
  const report = errorReporter(environment);
  const { factories, missing } = await loadFactories(environment, catalog, location);
  const foreign = catalog.declared
    .filter(({ type }) => !factories.has(type))
    .map(({ type }): KeyGroup => ({ prefix: `${PREFIX}.${type}`, schema: schema({}), unread: true }));
  environment.check([...keyGroups(factories.values(), await loadModules(location)), ...foreign]);
  const bindings = inspectBindings({ environment, catalog, factories, report });
  for (const { type, key, error } of missing) {
    report(error, key, { severity: bindings.some((binding) => binding.type === type) ? 'error' : 'warning' });
  }
  checkDefaultBinder(catalog, report);
  return { profiles: environment.activeProfiles, bindings, problems: environment.problems.toSorted(byPlace) };
}

function checkFiles(environment: Environment): void {
  for (const { origin } of environment.view.entries()) if (origin.file !== undefined) return;
  if (environment.problems.some(({ file }) => file !== undefined)) return;
  if (environment.origin('spring.config.location') !== undefined) return;
  const message = 'there is no application.yml, .yaml or .properties here or in config/, or nothing in it';
  environment.report({ severity: 'warning', code: 'CONFIG_FILE', path: '', message });
}

/** A declared type that no package serves and that is none of the well-known ones. */
interface MissingType {
  readonly type: string;
  readonly key: string;
  readonly error: unknown;
}

/** By type: what is declared, what the application depends on, and the binder that serves where neither is. */
async function loadFactories(
  environment: Environment,
  { declared, installed }: BinderCatalog,
  { mainFile }: Location,
): Promise<{ readonly factories: ReadonlyMap<string, BinderFactory>; readonly missing: readonly MissingType[] }> {
  const factories = new Map<string, BinderFactory>();
  const missing: MissingType[] = [];
  const from = [...(mainFile === undefined ? [] : [mainFile]), import.meta.url];
  for (const type of new Set([...declared.map((binder) => binder.type), ...installed, EMBEDDED])) {
    const name = declared.find((binder) => binder.type === type)?.name;
    const key = `${PREFIX}.binders.${name}${environment.origin(`${PREFIX}.binders.${name}.type`) ? '.type' : ''}`;
    try {
      factories.set(type, await loadFactory(type, from, key));
    } catch (error) {
      if (!isStreambindError(error, 'BINDER_TYPE')) throw error;
      if (!KNOWN_TYPES.has(type)) missing.push({ type, key, error });
    }
  }
  return { factories, missing };
}

/** Where a binding needs it, that has told it as an error before. */
function checkDefaultBinder(catalog: BinderCatalog, report: ReportError): void {
  if (catalog.defaultBinder === undefined) return;
  try {
    selectBinder(catalog, undefined, PREFIX);
  } catch (error) {
    report(error, `${PREFIX}.default-binder`, { severity: 'warning' });
  }
}

const byPlace = (one: Problem, other: Problem): number =>
  Number(one.file === undefined) - Number(other.file === undefined) ||
  (one.file ?? '').localeCompare(other.file ?? '') ||
  (one.line ?? 0) - (other.line ?? 0) ||
  (one.column ?? 0) - (other.column ?? 0);

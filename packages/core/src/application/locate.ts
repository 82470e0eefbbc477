/** Where an application lives on disk: its main file, its package, what that depends on. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Location {
  /** Absolute path of the main module; absent when the application was started from no file. */
  readonly mainFile: string | undefined;
  /** The folder of the nearest package.json with a name; the working directory without a main file. */
  readonly packageRoot: string;
  /** Names in that package's `dependencies`. */
  readonly dependencies: readonly string[];
}

/** @param at `import.meta`, its url, or CommonJS's `__filename` */
export function locate(at: ImportMeta | string | URL | undefined): Location {
  const mainFile = at === undefined ? undefined : pathOf(at);
  const found = mainFile === undefined ? undefined : nearestPackage(dirname(mainFile));
  return {
    mainFile,
    packageRoot: found?.folder ?? (mainFile === undefined ? process.cwd() : dirname(mainFile)),
    dependencies: Object.keys((found?.json['dependencies'] as object | undefined) ?? {}),
  };
}

function pathOf(at: ImportMeta | string | URL): string {
  const place = typeof at === 'string' ? at : at instanceof URL ? at.href : at.url;
  return place.startsWith('file:') ? fileURLToPath(place) : place;
}

function nearestPackage(from: string): { folder: string; json: Record<string, unknown> } | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const json = readPackage(folder);
    if (json?.['name'] !== undefined) return { folder, json };
    if (dirname(folder) === folder) return undefined;
  }
}

/** The package.json of a dependency, looked for as Node does: in each node_modules upwards. */
export function readDependency(name: string, from: string): Record<string, unknown> | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const json = readPackage(join(folder, 'node_modules', name));
    if (json) return json;
    if (dirname(folder) === folder) return undefined;
  }
}

function readPackage(folder: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

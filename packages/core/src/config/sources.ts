/** What every source of properties comes down to, and the sources that are not files. */
import { indexSegment, parseKey, uniformKey, type Path } from './names.js';
import type { Report } from './problems.js';

/** Where a value comes from. */
export interface Origin {
  /** For people: `application.yml:12:9`, `environment variable SERVER_PORT`, `argument --server.port`. */
  readonly text: string;
  /** Relative to the working directory when it is below it. */
  readonly file?: string;
  /** 1-based, as is `column`. */
  readonly line?: number;
  readonly column?: number;
}

export interface Entry {
  readonly path: Path;
  /** `uniformKey(path)`. */
  readonly key: string;
  /** Placeholders are not resolved yet. */
  readonly value: string;
  /** The value was left out: `group:` and nothing behind it. */
  readonly empty: boolean;
  readonly origin: Origin;
}

export const entry = (path: Path, value: string, origin: Origin, empty = false): Entry => ({
  path,
  key: uniformKey(path),
  value,
  empty,
  origin,
});

export type Variables = Readonly<Record<string, string | undefined>>;

/** `--key=value`; a flag alone is `true`; a repeated one becomes a list. Arguments without `--` are the program's. */
export function readArguments(args: readonly string[]): Entry[] {
  const byKey = new Map<string, Entry>();
  for (const argument of args) {
    if (!argument.startsWith('--') || argument.length === 2) continue;
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
    const value = equals < 0 ? 'true' : argument.slice(equals + 1);
    const added = entry(parseKey(name), value, { text: `argument --${name}` });
    const earlier = byKey.get(added.key);
    byKey.set(added.key, earlier ? { ...earlier, value: `${earlier.value},${value}` } : added);
  }
  byKey.delete('');
  return [...byKey.values()];
}

/** Variables that are written like properties (`spring.rabbitmq.host`), which compose files allow. */
export function readDottedVariables(variables: Variables): Entry[] {
  const entries: Entry[] = [];
  for (const name in variables) {
    const value = variables[name];
    if (value !== undefined && name.includes('.')) {
      entries.push(entry(parseKey(name), value, { text: `environment variable ${name}` }));
    }
  }
  return entries;
}

/** The tree of `SPRING_APPLICATION_JSON`, or of `--spring.application.json`. */
export function readJson(text: string, origin: Origin, report: Report): Entry[] {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    tree = undefined;
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    report({
      severity: 'error',
      code: 'CONFIG_VALUE',
      path: 'spring.application.json',
      message: `the ${origin.text} is not a JSON object`,
      allowed: 'a JSON object such as {"server":{"port":8080}}',
    });
    return [];
  }
  const entries: Entry[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (Array.isArray(value) && value.length > 0) {
      value.forEach((element, index) => walk(element, [...path, indexSegment(index)]));
    } else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
      for (const [key, child] of Object.entries(value)) walk(child, [...path, ...parseKey(key)]);
    } else {
      const empty = value === null || typeof value === 'object';
      entries.push(entry(path, empty ? '' : String(value as string | number | boolean), origin, empty));
    }
  };
  for (const [key, value] of Object.entries(tree)) walk(value, parseKey(key));
  return entries;
}

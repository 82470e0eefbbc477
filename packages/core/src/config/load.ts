/** Brings all sources together in Spring's order: which files, which profiles, which value wins. */
import { dirname, join, resolve } from 'node:path';
import { schema } from '../schema/index.js';
import type { ConfigDocument } from './documents.js';
import { Environment } from './environment.js';
import { Files, type Location } from './files.js';
import { formatPath } from './names.js';
import { at, Problems } from './problems.js';
import { activeProfiles, matchesProfile } from './profiles.js';
import { PropertyStore } from './property-store.js';
import { readArguments, readDottedVariables, readJson, type Entry, type Variables } from './sources.js';

export interface LoadOptions {
  /** From the highest precedence to the lowest; the first is the working directory. */
  readonly directories: readonly string[];
  readonly args: readonly string[];
  readonly env: Variables;
}

const LOCATIONS = schema<{ name: string[]; location?: string[]; additionalLocation: string[] }>({
  name: { type: 'list', default: ['application'], doc: 'Base names of the files.' },
  location: { type: 'list', doc: 'Where to look instead of the default places.' },
  additionalLocation: { type: 'list', default: [], doc: 'Where to look beside and above them.' },
});

const PROFILES = schema<{ active: string[]; include: string[]; default: string[] }>({
  active: { type: 'list', default: [], doc: 'Profiles in force.' },
  include: { type: 'list', default: [], doc: 'Profiles in force in any case.' },
  default: { type: 'list', default: ['default'], doc: 'Profiles in force when no other is.' },
});

/** Never throws for what a user wrote: see `Environment.problems`. */
export function loadEnvironment(options: LoadOptions): Environment {
  return new Loader(options).load();
}

class Loader {
  readonly #directories: readonly string[];
  readonly #variables: Variables;
  readonly #problems = new Problems();
  readonly #files: Files;
  /** Above the environment variables: `SPRING_APPLICATION_JSON`, then the arguments. */
  readonly #above: readonly (readonly Entry[])[];
  readonly #dotted: readonly Entry[];
  #names: readonly string[] = [];

  constructor({ directories, args, env }: LoadOptions) {
    this.#directories = [...new Set(directories.map((directory) => resolve(directory)))];
    this.#variables = env;
    this.#dotted = readDottedVariables(env);
    this.#files = new Files(this.#directories[0] ?? process.cwd(), this.#problems.report);
    const given = readArguments(args);
    const json = given.find(({ key }) => key === 'spring.application.json');
    const variable = env['SPRING_APPLICATION_JSON'];
    const text = json?.value ?? variable;
    const origin = json?.origin ?? { text: 'environment variable SPRING_APPLICATION_JSON' };
    this.#above = [text === undefined ? [] : readJson(text, origin, this.#problems.report), given];
  }

  load(): Environment {
    const outside = this.#environment([]).options(LOCATIONS, 'spring.config');
    this.#names = outside.name;
    const locations = [
      ...this.#places(outside.location),
      ...outside.additionalLocation.flatMap((text) => this.#place(text)),
    ];
    const base = (profiles?: ReadonlySet<string>): (readonly Entry[])[] =>
      locations.flatMap((place) => this.#files.list(place).flatMap((file) => this.#inForce(file, profiles)));

    const first = this.#environment(base());
    const settings = first.options(PROFILES, 'spring.profiles');
    // an unfilled @placeholder@ of a build is no profile; the check names it
    const real = (names: readonly string[]): string[] => names.filter((name) => !/^@.*@$/.test(name));
    const profiles = activeProfiles({
      active: real(settings.active),
      include: real(settings.include),
      group: (name) =>
        first.options(
          schema<Record<string, string[] | undefined>>({ [name]: { type: 'list', doc: '' } }),
          'spring.profiles.group',
        )[name] ?? [],
    });
    const inForce = profiles.length > 0 ? profiles : settings.default;
    const set = new Set(inForce);
    const specific = inForce.flatMap((profile) =>
      locations.flatMap((place) =>
        this.#files.list(place, profile).flatMap((file) => {
          this.#files.read(file).forEach((document) => this.#forbidProfiles(document));
          return this.#inForce(file, set);
        }),
      ),
    );
    return this.#environment([...base(set), ...specific], profiles, settings.default);
  }

  #environment(
    files: readonly (readonly Entry[])[],
    profiles: string[] = [],
    fallbackProfiles: string[] = [],
  ): Environment {
    const view = new PropertyStore();
    for (const source of files) view.add(source);
    view.add(this.#dotted);
    view.addVariables(this.#variables);
    for (const source of this.#above) view.add(source);
    return new Environment({ view, problems: this.#problems, profiles, fallbackProfiles });
  }

  /** The default places, or those of `spring.config.location`; from the lowest to the highest. */
  #places(given: readonly string[] | undefined): Location[] {
    if (given !== undefined) return given.flatMap((text) => this.#place(text));
    return this.#directories
      .flatMap((directory) => [join(directory, 'config'), directory])
      .map((directory) => this.#files.inDirectory(directory, this.#names))
      .reverse();
  }

  /** `[optional:][file:|classpath:]path[;path…]`; what is named by a file is relative to it. */
  #place(text: string, importer?: Entry, from = this.#directories[0] ?? process.cwd()): Location[] {
    return text.split(';').flatMap((part) => {
      const [, optional, scheme, path] = /^(optional:)?(?:([a-z][a-z0-9+-]+):(?:\/\/(?=\/))?)?(.*)$/s.exec(
        part.trim(),
      )!;
      const inside = scheme === 'classpath' ? join(this.#directories.at(-1) ?? from, path!) : resolve(from, path!);
      const place =
        scheme === undefined || /^(file|classpath)$/.test(scheme) ? this.#files.at(inside, this.#names) : undefined;
      if (place !== undefined) return [place];
      if (optional === undefined) this.#missing(part.trim(), scheme, inside, importer);
      return [];
    });
  }

  #missing(text: string, scheme: string | undefined, path: string, importer: Entry | undefined): void {
    const where = {
      ...(importer && at(importer.origin)),
      path: importer ? formatPath(importer.path) : 'spring.config.location',
    };
    if (scheme === undefined || /^(file|classpath)$/.test(scheme)) {
      const message = `there is no ${this.#files.display(path)}`;
      this.#problems.report({
        severity: 'error',
        code: 'CONFIG_IMPORT',
        ...where,
        message,
        given: text,
        allowed: 'optional: in front of what may be missing',
      });
    } else {
      const message = 'only files can be imported; this one is left out';
      this.#problems.report({ severity: 'warning', code: 'CONFIG_UNSUPPORTED', ...where, message, given: text });
    }
  }

  /**
   * The sources of a file, from the lowest to the highest: the entries of each document that is in force, what it
   * imports right above it. Without profiles only documents that ask for none.
   */
  #inForce(
    file: string,
    profiles: ReadonlySet<string> | undefined,
    importers: readonly string[] = [],
  ): (readonly Entry[])[] {
    if (importers.includes(file)) return [];
    return this.#files.read(file).flatMap((document) => {
      if (!this.#holds(document, profiles)) return [];
      const imported = document.imports.flatMap((given) => this.#imported(given, file, profiles, [...importers, file]));
      return [document.entries, ...imported];
    });
  }

  #imported(
    given: Entry,
    file: string,
    profiles: ReadonlySet<string> | undefined,
    importers: readonly string[],
  ): (readonly Entry[])[] {
    const outside = this.#environment([]);
    const names = outside.readEntry(given, { type: 'list', doc: '' }) as readonly string[] | undefined;
    return (names ?? [])
      .flatMap((text) => this.#place(text, given, dirname(file)))
      .flatMap((place) => [undefined, ...(profiles ?? [])].flatMap((profile) => this.#files.list(place, profile)))
      .flatMap((path) => this.#inForce(path, profiles, importers));
  }

  #holds(document: ConfigDocument, profiles: ReadonlySet<string> | undefined): boolean {
    if (document.onProfile === undefined) return true;
    this.#forbidProfiles(document);
    if (profiles === undefined) return false;
    return document.onProfile
      .flatMap((given) => given.value.split(',').map((expression) => [given, expression.trim()] as const))
      .some(([given, expression]) => this.#matches(given, expression, profiles));
  }

  #matches(given: Entry, expression: string, profiles: ReadonlySet<string>): boolean {
    try {
      return expression !== '' && matchesProfile(expression, profiles);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const where = { ...at(given.origin), path: formatPath(given.path) };
      const { message } = error;
      this.#problems.report({
        severity: 'error',
        code: 'CONFIG_VALUE',
        ...where,
        message,
        given: expression,
        allowed: 'names with &, |, ! and ( )',
      });
      return false;
    }
  }

  /** Which profiles are in force is decided before anything that belongs to one profile is read. */
  #forbidProfiles({ entries }: ConfigDocument): void {
    for (const { key, path, origin } of entries) {
      if (!/^spring\.profiles\.(active|include|default)(\.\d+)?$/.test(key)) continue;
      const message = 'has no effect in a document that belongs to a profile';
      this.#problems.report({
        severity: 'warning',
        code: 'CONFIG_KEY',
        ...at(origin),
        path: formatPath(path),
        message,
      });
    }
  }
}

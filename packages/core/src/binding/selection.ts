/** Which binder serves a binding. Pure; Spring's rules and sentences, and embedded where nothing else is installed. */
import { StreambindError, nearest } from '../errors/index.js';

export interface DeclaredBinder {
  readonly name: string;
  readonly type: string;
  readonly defaultCandidate: boolean;
}

export interface BinderCatalog {
  /** Those below `spring.cloud.stream.binders`. */
  readonly declared: readonly DeclaredBinder[];
  readonly defaultBinder: string | undefined;
  /** Types of the binder packages among the application's dependencies, embedded left out. */
  readonly installed: readonly string[];
  /** Where `default-binder` stands. */
  readonly where: string;
}

export const EMBEDDED = 'embedded';

/**
 * @param wanted what `bindings.<name>.binder` says
 * @param where of that, or of the binding: for messages
 * @throws BINDER_UNKNOWN, BINDER_AMBIGUOUS
 */
export function selectBinder(catalog: BinderCatalog, wanted: string | undefined, where: string): DeclaredBinder {
  const candidates = implicitAndDeclared(catalog);
  const named = wanted ?? catalog.defaultBinder;
  if (named !== undefined) {
    const found = candidates.find(({ name }) => name === named) ?? ofType(named, catalog);
    if (found) return found;
    const close = nearest(
      named,
      candidates.map(({ name }) => name),
    );
    throw new StreambindError('BINDER_UNKNOWN', `Unknown binder configuration: ${named}`, {
      where: wanted === undefined ? catalog.where : where,
      given: named,
      allowed: candidates.map(({ name }) => name).join(', '),
      ...(close === undefined ? {} : { nearest: close }),
      fix: `Declare it below spring.cloud.stream.binders.${named}.`,
    });
  }
  const eligible = candidates.filter(({ defaultCandidate }) => defaultCandidate);
  if (eligible.length === 1) return eligible[0]!;
  if (eligible.length === 0) return { name: EMBEDDED, type: EMBEDDED, defaultCandidate: true };
  throw new StreambindError(
    'BINDER_AMBIGUOUS',
    `A default binder has been requested, but there is more than one binder available: ${eligible.map(({ name }) => name).join(',')}, and no default binder has been set.`,
    { where, fix: 'Set spring.cloud.stream.default-binder, or a binder on each binding.' },
  );
}

/** Packages count by themselves only where no declared binder may be the default. */
function implicitAndDeclared({ declared, installed }: BinderCatalog): readonly DeclaredBinder[] {
  if (declared.some(({ defaultCandidate }) => defaultCandidate)) return declared;
  const implicit = installed.filter((type) => !declared.some(({ name }) => name === type));
  return [...declared, ...implicit.map((type) => ({ name: type, type, defaultCandidate: true }))];
}

/** A binding may say `binder: rabbit` without a declaration, when nothing is declared. */
const ofType = (name: string, { declared }: BinderCatalog): DeclaredBinder | undefined =>
  declared.length === 0 && (name === EMBEDDED || KNOWN_TYPES.has(name))
    ? { name, type: name, defaultCandidate: true }
    : undefined;

export const KNOWN_TYPES: ReadonlySet<string> = new Set([EMBEDDED, 'rabbit', 'kafka', 'redis', 'rocketmq']);

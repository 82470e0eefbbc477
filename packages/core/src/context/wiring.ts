/**
 * The pure step between descriptions and objects: which definition goes where, in which order things are made, and every
 * mistake of the wiring at once.
 */
import { StreambindError, nearest } from '../errors/index.js';
import type { Class, ComponentDescription, Injection } from '../annotations/index.js';
import { constructionInjections, type Definition } from './definition.js';

export interface Wiring {
  /** What each injection gets; absent for an optional one that nothing fits, and for `@Value`. */
  readonly targets: ReadonlyMap<Injection, Definition>;
  /** A definition after all that its construction needs. */
  readonly construction: readonly Definition[];
  /** A definition after all that it uses, through fields too, as far as there is no circle. */
  readonly initialization: readonly Definition[];
  readonly errors: readonly StreambindError[];
}

export function planWiring(definitions: readonly Definition[]): Wiring {
  const errors: StreambindError[] = [];
  const index = new Index(definitions, errors);
  const targets = new Map<Injection, Definition>();
  const needs = new Map<Definition, Definition[]>();
  const uses = new Map<Definition, Definition[]>();

  for (const definition of definitions) {
    const wire = (injections: readonly Injection[]): Definition[] =>
      injections.flatMap((injection) => {
        if (injection.value !== undefined) return [];
        const target = index.find(injection, errors);
        if (!target) return [];
        targets.set(injection, target);
        return [target];
      });
    const construction = wire(constructionInjections(definition));
    const fields = definition.source.kind === 'component' ? wire(definition.source.description.fields) : [];
    needs.set(definition, construction);
    uses.set(definition, [...construction, ...fields]);
  }

  // A @Bean method runs on its class's instance and may use what is injected there.
  for (const definition of definitions) {
    if (definition.source.kind !== 'bean') continue;
    const maker = makerOf(definition.source.owner, definitions);
    const others = uses
      .get(maker)!
      .filter(({ source }) => source.kind !== 'bean' || source.owner !== maker.source.description);
    needs.get(definition)!.push(maker, ...others);
    uses.get(definition)!.push(maker);
  }

  const construction = sort(definitions, needs, (circle) => errors.push(circular(circle)));
  return { targets, construction, initialization: sort(construction, uses, () => {}), errors };
}

type ComponentDefinition = Definition & {
  readonly source: { readonly kind: 'component'; readonly description: ComponentDescription };
};

/** The definition of the class that a `@Bean` method stands in. */
export const makerOf = (owner: ComponentDescription, definitions: readonly Definition[]): ComponentDefinition =>
  definitions.find(({ source }) => source.kind === 'component' && source.description === owner) as ComponentDefinition;

class Index {
  readonly #byName = new Map<string, Definition>();

  constructor(
    private readonly definitions: readonly Definition[],
    errors: StreambindError[],
  ) {
    for (const definition of definitions) {
      const other = this.#byName.get(definition.name);
      if (other) errors.push(duplicate(definition, other));
      else this.#byName.set(definition.name, definition);
    }
  }

  find(injection: Injection, errors: StreambindError[]): Definition | undefined {
    const byName = injection.name === undefined ? undefined : this.#byName.get(injection.name);
    if (injection.first === 'name' && byName) {
      if (!injection.type || fits(byName, injection.type)) return byName;
      if (injection.named) {
        errors.push(wrongType(injection, byName, injection.type));
        return undefined;
      }
    }
    if (injection.named) {
      if (injection.required) errors.push(missing(injection, this.#byName.keys()));
      return undefined;
    }
    if (!injection.type) {
      if (byName) return byName;
      if (injection.required) errors.push(untyped(injection, this.#byName.keys()));
      return undefined;
    }
    const fitting = this.ofType(injection.type);
    const chosen = choose(fitting, injection.name);
    if (chosen) return chosen;
    if (fitting.length > 1) errors.push(ambiguous(injection.at, injection.type, fitting));
    else if (injection.required) errors.push(missing(injection, this.#byName.keys()));
    return undefined;
  }

  ofType(type: Class): Definition[] {
    return this.definitions.filter((definition) => fits(definition, type));
  }
}

export const fits = ({ type }: Definition, wanted: Class): boolean =>
  type !== undefined && (type === wanted || (type.prototype as unknown) instanceof wanted);

/** The only one, the only primary one, or the one of that name. */
export function choose(fitting: readonly Definition[], name: string | undefined): Definition | undefined {
  if (fitting.length <= 1) return fitting[0];
  const primary = fitting.filter((definition) => definition.primary);
  if (primary.length > 0) return primary.length === 1 ? primary[0] : undefined;
  return fitting.find((definition) => definition.name === name);
}

/** Depth first in the order given, dependencies before dependents. A circle is told once and cut where it closes. */
function sort(
  definitions: readonly Definition[],
  edges: ReadonlyMap<Definition, readonly Definition[]>,
  onCircle: (circle: readonly Definition[]) => void,
): Definition[] {
  const sorted = new Set<Definition>();
  const path: Definition[] = [];
  const visit = (definition: Definition): void => {
    if (sorted.has(definition)) return;
    const start = path.indexOf(definition);
    if (start >= 0) return onCircle(path.slice(start));
    path.push(definition);
    for (const needed of edges.get(definition) ?? []) visit(needed);
    path.pop();
    sorted.add(definition);
  };
  for (const definition of definitions) visit(definition);
  return [...sorted];
}

const list = (definitions: readonly Definition[]): string =>
  definitions.map(({ name, from }) => `${name} (${from})`).join(', ');

const duplicate = (one: Definition, other: Definition): StreambindError =>
  new StreambindError('COMPONENT_DUPLICATE', `Two components are named "${one.name}".`, {
    where: one.from,
    given: `${one.from} and ${other.from}`,
    fix: 'Give one of them another name: @Component("…").',
  });

const missing = ({ at, name, type, named }: Injection, names: Iterable<string>): StreambindError => {
  const close = name === undefined ? undefined : nearest(name, names);
  return new StreambindError('COMPONENT_MISSING', `Nothing can be injected into ${at}.`, {
    where: at,
    given: [...(named || !type ? [`name "${name}"`] : []), ...(type ? [`type ${type.name}`] : [])].join(', '),
    ...(close === undefined ? {} : { nearest: close }),
    fix: named
      ? 'Correct the name, or declare a component of that name.'
      : 'Declare a component of that type with @Component() in the folder of the main class or below it.',
  });
};

const untyped = ({ at, name, unwritten }: Injection, names: Iterable<string>): StreambindError => {
  if (unwritten) {
    return new StreambindError('METADATA_MISSING', `Nothing can be injected into ${at}: the compiler wrote no types.`, {
      where: at,
      fix: 'Set "emitDecoratorMetadata": true and compile with tsc or swc (esbuild and tsx leave types out), or name the component: @Resource("…").',
    });
  }
  const close = name === undefined ? undefined : nearest(name, names);
  return new StreambindError(
    'COMPONENT_MISSING',
    `Nothing can be injected into ${at}: no component has that name, and its type is unknown at run time.`,
    {
      where: at,
      ...(name === undefined ? {} : { given: `name "${name}"` }),
      ...(close === undefined ? {} : { nearest: close }),
      fix: 'Use a class (also an abstract one) as its type and import it without "type", or name the component: @Resource("…").',
    },
  );
};

const wrongType = ({ at, name }: Injection, found: Definition, wanted: Class): StreambindError =>
  new StreambindError('COMPONENT_MISSING', `The component "${name}" is no ${wanted.name}.`, {
    where: at,
    given: `${found.type?.name ?? 'a component of unknown type'} (${found.from})`,
    allowed: wanted.name,
  });

export const ambiguous = (at: string, type: Class, fitting: readonly Definition[]): StreambindError =>
  new StreambindError('COMPONENT_AMBIGUOUS', `Several components fit ${at}.`, {
    where: at,
    given: `type ${type.name}: ${list(fitting)}`,
    fix: 'Mark one with @Primary(), or name it with @Qualifier("…").',
  });

const circular = (circle: readonly Definition[]): StreambindError =>
  new StreambindError('COMPONENT_CIRCULAR', 'Components need each other in their constructors.', {
    where: circle[0]!.from,
    given: [...circle, circle[0]!].map(({ name }) => name).join(' → '),
    fix: 'Inject one of them into a field instead.',
  });

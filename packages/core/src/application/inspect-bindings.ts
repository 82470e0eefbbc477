/** The bindings that a configuration names, and what it alone tells of them. */
import type { StreambindError } from '../errors/index.js';
import type { BinderFactory, Capabilities } from '../binder/index.js';
import { BINDING, KNOWN_TYPES, PREFIX, PRODUCER, plan, selectBinder, type BinderCatalog } from '../binding/index.js';
import { withoutCredentials, type Environment, type Origin } from '../config/index.js';
import { parseExpression } from '../expression/index.js';
import { schema, kebab, type Schema } from '../schema/index.js';
import { adviseOnBindings, directionsOf } from './binding-advice.js';
import type { ReportError } from './inspect-errors.js';

const VALUES = ['destination', 'group', 'binder', 'contentType'] as const;

export interface InspectedBinding {
  readonly name: string;
  /** Absent where the configuration does not tell. */
  readonly direction?: 'input' | 'output';
  readonly destination: string;
  readonly group?: string;
  /** Absent where none can be chosen, as is `type`. */
  readonly binder?: string;
  readonly type?: string;
  readonly contentType: string;
  /** Where each value stands; defaults stand nowhere. */
  readonly origins: Readonly<Partial<Record<(typeof VALUES)[number], Origin>>>;
}

interface Given {
  readonly environment: Environment;
  readonly catalog: BinderCatalog;
  /** By type. */
  readonly factories: ReadonlyMap<string, BinderFactory>;
  readonly report: ReportError;
}

export function inspectBindings(given: Given): InspectedBinding[] {
  const names = given.environment.names(`${PREFIX}.bindings`);
  adviseOnBindings(names, given.environment);
  return names.map((name) => inspectBinding(name, given));
}

function inspectBinding(name: string, given: Given): InspectedBinding {
  const { environment, catalog, report } = given;
  const base = `${PREFIX}.bindings.${name}`;
  const { destination, group, contentType, binder: wanted } = environment.options(BINDING, base, `${PREFIX}.default`);
  const directions = directionsOf(name, environment);
  const origins: Partial<Record<(typeof VALUES)[number], Origin>> = {};
  for (const value of VALUES) {
    const key = keyOf(environment, name, value);
    const origin = key === undefined ? undefined : environment.origin(key);
    if (origin !== undefined) origins[value] = origin;
  }
  const key = keyOf(environment, name, 'binder') ?? base;
  let binder: { readonly name: string; readonly type: string } | undefined;
  try {
    const chosen = selectBinder(catalog, wanted, key);
    for (const direction of directions) tryPlan(name, direction, chosen.type, given);
    binder = chosen;
  } catch (error) {
    report(error, key);
  }
  return {
    name,
    ...(directions.length === 1 && { direction: directions[0]! }),
    destination: withoutCredentials(destination ?? name),
    ...(group !== undefined && { group }),
    ...(binder !== undefined && { binder: binder.name, type: binder.type }),
    contentType,
    origins,
  };
}

/** The key that a value of a binding comes from. */
function keyOf(environment: Environment, name: string, value: (typeof VALUES)[number]): string | undefined {
  const option = kebab(value);
  const keys = [`${PREFIX}.bindings.${name}.${option}`, `${PREFIX}.default.${option}`];
  if (value === 'binder') keys.push(`${PREFIX}.default-binder`);
  return keys.find((key) => isSet(environment, key));
}

function isSet(environment: Environment, key: string): boolean {
  try {
    return (environment.get(key) ?? '') !== '';
  } catch {
    // a placeholder that cannot be resolved: it is set, and told elsewhere
    return true;
  }
}

/** The planning of a start, for what it refuses. */
function tryPlan(name: string, direction: 'input' | 'output', type: string, given: Given): void {
  const { environment, catalog, report } = given;
  const base = `${PREFIX}.bindings.${name}`;
  const factory = given.factories.get(type) ?? (KNOWN_TYPES.has(type) ? anyBinder(type) : undefined);
  if (factory === undefined) return;
  const channel = { name, direction, field: name, bindable: Object };
  const factories = new Map([[type, factory]]);
  const { errors } = plan({ channels: [channel], listeners: [], environment, catalog, factories });
  for (const error of errors) report(error, blamed(error, base, `${PREFIX}.${type}`, name, environment));
  if (direction === 'input') return;
  const trees: [Schema, string][] = [
    [PRODUCER, `${base}.producer`],
    [factory.schemas.producer as Schema, `${PREFIX}.${type}.bindings.${name}.producer`],
  ];
  for (const [options, prefix] of trees) checkExpressions(options, prefix, given);
}

/** The option that an error quotes as given, `on-exhausted: dlq`, where it stands for the binding or its binder. */
function blamed(
  { details: { given } }: StreambindError,
  base: string,
  binder: string,
  name: string,
  environment: Environment,
): string {
  const option = typeof given === 'string' ? /^[a-z-]+/.exec(given)?.[0] : undefined;
  const keys = [
    `${base}.consumer.${option}`,
    `${base}.${option}`,
    `${PREFIX}.default.consumer.${option}`,
    `${PREFIX}.${option}`,
    ...['consumer', 'producer'].flatMap((side) => [
      `${binder}.bindings.${name}.${side}.${option}`,
      `${binder}.default.${side}.${option}`,
    ]),
    `${binder}.binder.${option}`,
  ];
  return keys.find((key) => environment.origin(key) !== undefined) ?? base;
}

function checkExpressions(options: Schema, prefix: string, { environment, report }: Given): void {
  const values = environment.options(options as Schema<Record<string, unknown>>, prefix);
  for (const [name, value] of Object.entries(values)) {
    if (
      typeof value !== 'string' ||
      (options.options as Schema<Record<string, unknown>>['options'])[name]!.type !== 'expression'
    )
      continue;
    const key = `${prefix}.${kebab(name)}`;
    try {
      parseExpression(value, key);
    } catch (error) {
      report(error, key);
    }
  }
}

const EVERYTHING: Omit<Capabilities, 'partitions'> = {
  order: 'partition',
  delayedRequeue: 'broker',
  minRequeueMs: 0,
  attempts: 'failures',
  durableGroups: true,
  replay: true,
  anonymousGroups: true,
  provisioning: true,
  pause: true,
  transactions: true,
  batch: true,
  headerTypes: 'typed',
  nullPayload: true,
  emptyPayload: true,
  maxPayload: Infinity,
  redeliverOnCrashMs: 0,
};

const ASSIGNS_PARTITIONS: ReadonlySet<string> = new Set(['kafka', 'rocketmq']);

/** Plans for a broker whose package is not there: whatever is asked of it, it may be able to do. */
const anyBinder = (type: string): BinderFactory => ({
  type,
  system: '',
  capabilities: { ...EVERYTHING, partitions: ASSIGNS_PARTITIONS.has(type) ? 'broker' : 'emulated' },
  schemas: { binder: schema({}), consumer: schema({}), producer: schema({}) },
  producerExpressions: [],
  create: () => Promise.reject(new Error('this binder only plans')),
});

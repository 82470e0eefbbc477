/** Properties of Java's clients, merged, each with the place where it is written; and what is wrong with them. */
import { StreambindError, type BinderContext } from '@streambind/core/binder';
import { nearest } from '@streambind/core/internal';
import { KNOWN_NAMES, isConnectionProperty, judge, type ReadProperty, type Scope } from './java-properties.js';
import type { Layer, Property } from './layers.js';

export type Origin = BinderContext['origin'];

export class MergedProperties {
  readonly #properties = new Map<string, Property>();
  readonly #origin: Origin;

  /** @param layers from the lowest to the highest */
  constructor(layers: readonly Layer[], origin: Origin) {
    this.#origin = origin;
    for (const { properties } of layers) {
      for (const property of properties) this.#properties.set(property.name, property);
    }
  }

  get(name: ReadProperty): string | undefined {
    return this.#properties.get(name)?.value;
  }

  /** The place where it is written; undefined when it is not. */
  where(name: ReadProperty): string | undefined {
    const property = this.#properties.get(name);
    return property && placeOf(property, this.#origin);
  }

  /** @throws CONFIG_VALUE */
  integer(name: ReadProperty, fallback: number, min = 0): number {
    const given = this.get(name)?.trim();
    if (given === undefined || given === '') return fallback;
    const value = /^\d+$/.test(given) ? Number(given) : NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw this.refused(name, `a whole number from ${min}`);
  }

  /** @throws CONFIG_VALUE */
  flag(name: ReadProperty, fallback: boolean): boolean {
    return this.word(name, ['true', 'false'], String(fallback) as 'true' | 'false') === 'true';
  }

  /** One of several words, whatever its case. @throws CONFIG_VALUE */
  word<T extends string>(name: ReadProperty, words: readonly T[], fallback: T): T {
    const given = this.get(name)?.trim();
    if (given === undefined || given === '') return fallback;
    const found = words.find((word) => word.toLowerCase() === given.toLowerCase());
    if (found === undefined) throw this.refused(name, words.join(', '));
    return found;
  }

  refused(name: ReadProperty, allowed: string, fix?: string): StreambindError {
    return new StreambindError('CONFIG_VALUE', `The property ${name} of the Kafka client cannot be used.`, {
      ...withWhere(this.where(name)),
      given: SECRET.test(name) ? '******' : this.get(name),
      allowed,
      ...(fix === undefined ? {} : { fix }),
    });
  }
}

const SECRET = /password|jaas|keystore\.key/;

export function placeOf({ keys }: Property, origin: Origin): string {
  for (const key of keys) {
    const place = origin?.(key);
    if (place !== undefined) return `${place} (${key})`;
  }
  return keys[0]!;
}

export const withWhere = (where: string | undefined): { where?: string } => (where === undefined ? {} : { where });

const OF: Readonly<Record<Scope, string>> = { client: 'the connection', consumer: 'consumers', producer: 'producers' };

/**
 * What in these layers has no effect, a line each.
 * @throws CONFIG_VALUE when brokers are named where the binder's own `brokers` belongs
 */
export function noticesOf(layers: readonly Layer[], origin: Origin): readonly string[] {
  return layers.flatMap((layer) => layer.properties.flatMap((property) => noticeOf(property, layer, origin) ?? []));
}

function noticeOf(property: Property, { scope, kind, namesBrokers }: Layer, origin: Origin): string | undefined {
  const { name, value } = property;
  const where = placeOf(property, origin);
  if (name === 'bootstrap.servers' && !namesBrokers) {
    throw new StreambindError('CONFIG_VALUE', 'Brokers are named where they cannot be.', {
      where,
      given: value,
      fix: 'Name them by spring.cloud.stream.kafka.binder.brokers, or spring.kafka.bootstrap-servers; for a binding with brokers of its own declare a binder (spring.cloud.stream.binders).',
    });
  }
  const judgement = judge(name, value, scope);
  switch (judgement.kind) {
    case 'read':
      return undefined;
    case 'unread':
      return `${name} has no effect here: ${judgement.reason}.\n  where:   ${where}`;
    case 'other':
      return `${name} is a property of ${OF[judgement.of]}, and has no effect here.\n  where:   ${where}`;
    case 'unknown': {
      if (kind === 'boot') return undefined;
      const close = nearest(name, KNOWN_NAMES);
      return [
        `${name} is no property of a Kafka client that is known here, and has no effect.`,
        `  where:   ${where}`,
        ...(close === undefined ? [] : [`  nearest: ${close}`]),
      ].join('\n');
    }
  }
}

/**
 * The connection is one: what is written for consumers or producers alone holds for both, unless the two differ.
 * @throws CONFIG_VALUE when they do
 */
export function connectionProperties(layers: readonly Layer[], origin: Origin): MergedProperties {
  const [producer, consumer] = (['producer', 'consumer'] as const).map((side) =>
    connectionLayer(layers.filter(({ scope }) => scope === 'client' || scope === side)),
  ) as [Layer, Layer];
  for (const property of consumer.properties) {
    const { name, value } = property;
    const other = producer.properties.find((each) => each.name === name);
    if (other === undefined || other.value === value || OF_A_SIDE.has(name)) continue;
    const what = `Consumers and producers of a binder share its connection, and ${name} differs.`;
    throw new StreambindError('CONFIG_VALUE', what, {
      where: `${placeOf(property, origin)}, ${placeOf(other, origin)}`,
      fix: 'Write it once, in configuration of the binder, or declare two binders (spring.cloud.stream.binders).',
    });
  }
  return new MergedProperties([producer, consumer], origin);
}

/** Each side may have its name, and its patience. */
const OF_A_SIDE: ReadonlySet<string> = new Set(['client.id', 'request.timeout.ms']);

function connectionLayer(layers: readonly Layer[]): Layer {
  const merged = new Map(layers.flatMap(({ properties }) => properties.map((each) => [each.name, each] as const)));
  const properties = [...merged.values()].filter(({ name }) => isConnectionProperty(name));
  return { scope: 'client', kind: 'map', namesBrokers: true, properties };
}

/**
 * A binding has no connection of its own.
 * @throws CONFIG_VALUE when it asks for another one than the binder has
 */
export function refuseOtherConnection({ properties }: Layer, connection: MergedProperties, origin: Origin): void {
  for (const property of properties) {
    const { name, value } = property;
    if (!isConnectionProperty(name) || OF_A_SIDE.has(name) || connection.get(name as ReadProperty) === value) continue;
    throw new StreambindError(
      'CONFIG_VALUE',
      `${name} belongs to the connection of the binder, which its bindings share.`,
      {
        where: placeOf(property, origin),
        fix: 'Write it in configuration of the binder, or declare a binder for this binding (spring.cloud.stream.binders).',
      },
    );
  }
}

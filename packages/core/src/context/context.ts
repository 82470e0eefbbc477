/**
 * The application's singletons: made in the order of their constructors' needs, wired by fields (where circles are
 * fine), initialised in the order of all their needs, destroyed in reverse.
 */
import { StreambindError, asError, isStreambindError, nearest } from '../errors/index.js';
import type { Class, Injection } from '../annotations/index.js';
import type { Definition } from './definition.js';
import { ambiguous, choose, fits, makerOf, planWiring, type Wiring } from './wiring.js';

export class Context {
  readonly #definitions: readonly Definition[];
  readonly #wiring: Wiring;
  readonly #instances = new Map<Definition, object>();
  readonly #initialised: Definition[] = [];

  /**
   * @param resolve replaces the placeholders of a `@Value`
   * @throws the mistakes of the wiring, all in one AggregateError
   */
  constructor(
    definitions: readonly Definition[],
    private readonly resolve: (text: string, at: string) => string,
  ) {
    this.#definitions = definitions;
    this.#wiring = planWiring(definitions);
    if (this.#wiring.errors.length > 0) throw new AggregateError(this.#wiring.errors);
  }

  /** Makes everything, then awaits each `@PostConstruct`. */
  async start(): Promise<void> {
    for (const definition of this.#wiring.construction) {
      this.#instances.set(definition, await this.#make(definition));
    }
    for (const definition of this.#wiring.construction) this.#setFields(definition);
    for (const definition of this.#wiring.initialization) {
      const { source } = definition;
      this.#initialised.push(definition);
      if (source.kind !== 'component') continue;
      for (const method of source.description.postConstruct) await this.#call(definition, method, '@PostConstruct');
    }
  }

  /** Awaits each `@PreDestroy` and each `close()` of a bean, also after one that failed; the failures are returned. */
  async stop(): Promise<Error[]> {
    const failures: Error[] = [];
    for (const definition of this.#initialised.splice(0).reverse()) {
      const { source } = definition;
      const end = (method: string, what: string): Promise<unknown> =>
        this.#call(definition, method, what).catch((error: unknown) => failures.push(asError(error)));
      if (source.kind === 'component')
        for (const method of source.description.preDestroy) await end(method, '@PreDestroy');
      if (source.kind === 'bean' && this.#closes(definition)) await end('close', 'close()');
    }
    return failures;
  }

  /** Spring infers the destroy method of a bean in the same way. */
  #closes(definition: Definition): boolean {
    const { close } = this.#instances.get(definition) as { readonly close?: unknown };
    return typeof close === 'function' && close.length === 0;
  }

  /**
   * @throws COMPONENT_MISSING, COMPONENT_AMBIGUOUS
   */
  get<T>(wanted: Class<T> | string): T {
    const text = typeof wanted === 'string' ? `"${wanted}"` : wanted.name;
    if (typeof wanted === 'string') {
      const definition = this.#definitions.find(({ name }) => name === wanted);
      if (definition) return this.#instances.get(definition) as T;
    } else {
      const fitting = this.#definitions.filter((definition) => fits(definition, wanted));
      const chosen = choose(fitting, undefined);
      if (chosen) return this.#instances.get(chosen) as T;
      if (fitting.length > 1) throw ambiguous(`get(${text})`, wanted, fitting);
    }
    throw new StreambindError('COMPONENT_MISSING', `There is no component ${text}.`, { where: `get(${text})` });
  }

  /**
   * A component to be had once the context has started: the one of that name, or without a name the only one of the type.
   * @param where the name was written: for messages
   * @returns undefined when no name is given and nothing is of the type
   * @throws COMPONENT_MISSING, COMPONENT_AMBIGUOUS
   */
  provider<T extends object>(type: Class<T>, name: string | undefined, where: string): (() => T) | undefined {
    const fitting = this.#definitions.filter((definition) => fits(definition, type));
    if (name === undefined && fitting.length > 1) throw ambiguous(where, type, fitting);
    const found = name === undefined ? fitting[0] : fitting.find((definition) => definition.name === name);
    if (found) return () => this.#instances.get(found) as T;
    if (name === undefined) return undefined;
    const close = nearest(
      name,
      fitting.map((definition) => definition.name),
    );
    throw new StreambindError('COMPONENT_MISSING', `There is no ${type.name} of the name "${name}".`, {
      where,
      given: name,
      allowed: fitting.map((definition) => definition.name).join(', ') || 'none is declared',
      ...(close === undefined ? {} : { nearest: close }),
    });
  }

  /** All components that classes of the application are, in the order of their declaration. */
  components(): { readonly type: Class; readonly name: string; readonly instance: object }[] {
    return this.#definitions.flatMap((definition) =>
      definition.source.kind === 'component'
        ? [
            {
              type: definition.source.description.type,
              name: definition.name,
              instance: this.#instances.get(definition)!,
            },
          ]
        : [],
    );
  }

  async #make(definition: Definition): Promise<object> {
    const { source } = definition;
    try {
      switch (source.kind) {
        case 'instance':
          return source.instance;
        case 'component': {
          if (source.made) return source.made;
          const type = source.description.type as unknown as new (...args: unknown[]) => object;
          return new type(...source.description.constructorParameters.map((injection) => this.#valueOf(injection)));
        }
        case 'bean': {
          const owner = makerOf(source.owner, this.#definitions);
          // Its fields are set now: a @Bean method may use what was injected into its class.
          this.#setFields(owner);
          const instance = this.#instances.get(owner) as Record<string, (...args: unknown[]) => unknown>;
          const made = await instance[source.method.method]!(...source.method.parameters.map((p) => this.#valueOf(p)));
          if (made === undefined || made === null) throw new Error('it returned nothing');
          return made as object;
        }
      }
    } catch (error) {
      if (isStreambindError(error)) throw error;
      const cause = asError(error);
      throw new StreambindError(
        'COMPONENT_FAILED',
        `The component "${definition.name}" could not be made: ${cause.message}`,
        { where: definition.from },
        cause,
      );
    }
  }

  #setFields(definition: Definition): void {
    if (definition.source.kind !== 'component') return;
    const instance = this.#instances.get(definition) as Record<string | symbol, unknown>;
    for (const injection of definition.source.description.fields) {
      const value = this.#valueOf(injection);
      if (value !== undefined) instance[injection.field] = value;
    }
  }

  #valueOf(injection: Injection): unknown {
    if (injection.value !== undefined) return convert(this.resolve(injection.value, injection.at), injection);
    const target = this.#wiring.targets.get(injection);
    return target && this.#instances.get(target);
  }

  async #call(definition: Definition, method: string, decorator: string): Promise<void> {
    const instance = this.#instances.get(definition) as Record<string, () => unknown>;
    try {
      await instance[method]!();
    } catch (error) {
      const cause = asError(error);
      throw new StreambindError(
        'COMPONENT_FAILED',
        `${decorator} of "${definition.name}" failed: ${cause.message}`,
        { where: `${definition.type?.name ?? definition.name}.${method}` },
        cause,
      );
    }
  }
}

/** A `@Value` into a field of type Number or Boolean. */
function convert(text: string, { at, valueType }: Injection): unknown {
  if (valueType === Number) {
    const number = Number(text);
    if (text.trim() !== '' && !Number.isNaN(number)) return number;
    throw new StreambindError('CONFIG_VALUE', `The value for ${at} is no number.`, {
      where: at,
      given: text,
      allowed: 'a number',
    });
  }
  if (valueType === Boolean) {
    if (/^(true|on|yes|1)$/i.test(text)) return true;
    if (/^(false|off|no|0)$/i.test(text)) return false;
    throw new StreambindError('CONFIG_VALUE', `The value for ${at} is no boolean.`, {
      where: at,
      given: text,
      allowed: 'true or false',
    });
  }
  return text;
}

/** The packages behind the binders that an application uses, each loaded when a first binding asks for it. */
import { isStreambindError, type StreambindError } from '../errors/index.js';
import type { BinderFactory } from '../binder/index.js';
import { PREFIX, loadFactory } from '../binding/index.js';
import type { Environment } from '../config/index.js';
import type { Location } from './locate.js';

export interface BinderSources {
  readonly environment: Environment;
  readonly location: Location;
  /** Factories given by hand; they win over packages of the same type. */
  readonly factories: readonly BinderFactory[];
}

export class BinderFactories {
  /** Those that could be loaded. */
  readonly byType = new Map<string, BinderFactory>();
  readonly #sources: BinderSources;
  readonly #typeOf = new Map<string, string>();

  constructor(sources: BinderSources) {
    this.#sources = sources;
  }

  /** The factory of a binder that a binding was planned for. */
  of(binder: string): BinderFactory {
    return this.byType.get(this.#typeOf.get(binder)!)!;
  }

  /** @returns what kept packages from being loaded, each once */
  async load(binders: Iterable<{ readonly name: string; readonly type: string }>): Promise<StreambindError[]> {
    const { environment, location, factories } = this.#sources;
    const from = [...(location.mainFile === undefined ? [] : [location.mainFile]), import.meta.url];
    const errors = new Map<string, StreambindError>();
    for (const { name, type } of binders) {
      this.#typeOf.set(name, type);
      if (this.byType.has(type)) continue;
      const key = `${PREFIX}.binders.${name}.type`;
      const origin = environment.origin(key);
      try {
        const byHand = factories.find((factory) => factory.type === type);
        this.byType.set(type, byHand ?? (await loadFactory(type, from, origin ? `${origin.text} (${key})` : key)));
      } catch (error) {
        if (!isStreambindError(error)) throw error;
        errors.set(error.message, error);
      }
    }
    return [...errors.values()];
  }
}

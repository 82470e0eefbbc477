import { uniformKey, type Path } from './names.js';
import { PropertyStore, type Below, type PropertyView } from './property-store.js';
import type { Entry } from './sources.js';

/** A few entries above all others. Only they are listed, so a check judges what was added and nothing twice. */
export class AddedView implements PropertyView {
  readonly #added = new PropertyStore();
  readonly #base: PropertyView;

  constructor(added: readonly Entry[], base: PropertyView) {
    this.#added.add(added);
    this.#base = base;
  }

  find(path: Path): Entry | undefined {
    return this.#added.find(path) ?? this.#base.find(path);
  }

  below(prefix: Path): readonly Below[] {
    const added = this.#added.below(prefix);
    const keys = new Set(added.map(({ rest }) => uniformKey(rest)));
    return [...added, ...this.#base.below(prefix).filter(({ rest }) => !keys.has(uniformKey(rest)))];
  }

  entries(): Iterable<Entry> {
    return this.#added.entries();
  }
}

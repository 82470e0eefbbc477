/** Counters by name and tags, kept in memory for whoever prints them. A counter is looked up once, then counted with. */
export interface Counter {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly value: number;
  add(count?: number): void;
}

export class Meters {
  readonly #counters = new Map<string, CountedValue>();

  /** The same counter for the same name and tags. */
  counter(name: string, tags: Readonly<Record<string, string>> = {}): Counter {
    const key = `${name} ${JSON.stringify(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    let counter = this.#counters.get(key);
    if (!counter) this.#counters.set(key, (counter = new CountedValue(name, tags)));
    return counter;
  }

  all(): readonly Counter[] {
    return [...this.#counters.values()];
  }
}

class CountedValue implements Counter {
  value = 0;

  constructor(
    readonly name: string,
    readonly tags: Readonly<Record<string, string>>,
  ) {}

  add(count = 1): void {
    this.value += count;
  }
}

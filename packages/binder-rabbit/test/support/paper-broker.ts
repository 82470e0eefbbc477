/** The rules by which RabbitMQ answers declarations, on paper: enough for topologies, and no more. */
import type { Declaration } from '../../src/topology/declarations.js';
import type { Configuration, Objects, RecordedBinding, RecordedExchange, RecordedQueue } from './configurations.js';

const typeOf = (given: Readonly<Record<string, unknown>>): string => (given['x-queue-type'] as string) ?? 'classic';

/** Each declaration on its own: what follows one that is refused is made all the same. */
export class PaperBroker {
  readonly #exchanges = new Map<string, RecordedExchange>();
  readonly #queues = new Map<string, RecordedQueue>();
  readonly #bindings = new Map<string, RecordedBinding>();

  constructor({ exchanges = {}, queues = {} }: NonNullable<Configuration['before']> = {}) {
    const common = { durable: true, auto_delete: false };
    for (const [name, { type }] of Object.entries(exchanges)) {
      this.#exchanges.set(name, { name, type, ...common, internal: false, arguments: {} });
    }
    for (const [name, given] of Object.entries(queues)) {
      this.#queues.set(name, { name, type: typeOf(given), ...common, exclusive: false, arguments: given });
    }
  }

  make(one: Declaration): void {
    switch (one.kind) {
      case 'exchange': {
        const { name, type, durable, autoDelete: auto_delete } = one;
        // no plug-ins on paper
        if (this.#exchanges.has(name) || type === 'x-delayed-message') return;
        this.#exchanges.set(name, { name, type, durable, auto_delete, internal: false, arguments: one.arguments });
        return;
      }
      case 'queue': {
        const { name, durable, exclusive, autoDelete: auto_delete } = one;
        if (this.#queues.has(name)) return;
        const type = typeOf(one.arguments);
        this.#queues.set(name, { name, type, durable, auto_delete, exclusive, arguments: one.arguments });
        return;
      }
      case 'binding': {
        const { exchange: source, queue: destination, routingKey: routing_key } = one;
        if (!this.#exchanges.has(source) || !this.#queues.has(destination)) return;
        const made = { source, destination, destination_type: 'queue', routing_key, arguments: one.arguments };
        this.#bindings.set(JSON.stringify(made), made);
        return;
      }
      case 'check':
    }
  }

  objects(): Objects {
    return {
      exchanges: [...this.#exchanges.values()],
      queues: [...this.#queues.values()],
      bindings: [...this.#bindings.values()],
    };
  }
}

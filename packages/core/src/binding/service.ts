/** All bindings of an application: started, stopped and found together. */
import { StreambindError, asError, isStreambindError, nearest } from '../errors/index.js';
import type { DrainReport, FlushReport } from '../binder/index.js';
import type { Binders } from './binders.js';
import { InputBinding, type BindingControl, type OutputBinding } from './bindings.js';

export class BindingService {
  readonly #inputs: Set<InputBinding>;
  readonly #outputs: Set<OutputBinding>;

  constructor(
    inputs: readonly InputBinding[],
    outputs: readonly OutputBinding[],
    private readonly binders: Binders,
  ) {
    this.#inputs = new Set(inputs);
    this.#outputs = new Set(outputs);
  }

  get all(): readonly (InputBinding | OutputBinding)[] {
    return [...this.#inputs, ...this.#outputs];
  }

  add(binding: InputBinding | OutputBinding): void {
    if (binding instanceof InputBinding) this.#inputs.add(binding);
    else this.#outputs.add(binding);
  }

  remove(binding: InputBinding | OutputBinding): void {
    this.#inputs.delete(binding as InputBinding);
    this.#outputs.delete(binding as OutputBinding);
  }

  /** @throws BINDING_UNKNOWN */
  get(name: string): BindingControl {
    const found = this.all.find(({ plan }) => plan.name === name);
    if (found) return found;
    const close = nearest(
      name,
      this.all.map(({ plan }) => plan.name),
    );
    throw new StreambindError('BINDING_UNKNOWN', `There is no binding "${name}".`, {
      given: name,
      allowed: this.all.map(({ plan }) => plan.name).join(', '),
      ...(close === undefined ? {} : { nearest: close }),
    });
  }

  /**
   * Starts all of one direction.
   * @returns `bound` when every one is up; `settled` already when each is up or its broker is known to be away
   */
  start(direction: 'input' | 'output'): { readonly bound: Promise<void>; readonly settled: Promise<void> } {
    const starting = this.all.filter(({ plan }) => plan.direction === direction && plan.autoStartup);
    const bound = starting.map((binding) =>
      binding.start().catch((error: unknown) => Promise.reject(describeFailure(binding, error))),
    );
    const settled = bound.map((up, index) => Promise.race([up, starting[index]!.binder.troubled]));
    const all = Promise.all(bound).then(() => undefined);
    all.catch(() => {});
    return { bound: all, settled: Promise.all(settled).then(() => undefined) };
  }

  async stopInputs(deadlineMs: number): Promise<DrainReport[]> {
    return Promise.all([...this.#inputs].map((binding) => binding.unbind(deadlineMs)));
  }

  async stopOutputs(deadlineMs: number): Promise<FlushReport[]> {
    return Promise.all([...this.#outputs].map((binding) => binding.unbind(deadlineMs)));
  }

  closeBinders(): Promise<Error[]> {
    return this.binders.close();
  }
}

function describeFailure({ plan }: InputBinding | OutputBinding, error: unknown): unknown {
  if (isStreambindError(error)) return error;
  const cause = asError(error);
  return new StreambindError(
    'BINDER_FAILED',
    `The binding "${plan.name}" could not be bound: ${cause.message}`,
    { where: plan.name },
    cause,
  );
}

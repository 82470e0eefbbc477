/** The life of bindings: bound when the application starts or by hand, paused, stopped, and drained at the end. */
import { StreambindError, asError } from '../errors/index.js';
import type { ConsumerBinding, ConsumerSink, DrainReport, FlushReport, ProducerBinding } from '../binder/index.js';
import type { Outbound, Transactions } from '../pipeline/index.js';
import type { BinderState } from './binders.js';
import type { OutputChannel } from './channels.js';
import type { InputPlan, OutputPlan } from './plan-types.js';

export type BindingState = 'stopped' | 'starting' | 'running' | 'paused' | 'failed';

export interface BindingInfo {
  readonly name: string;
  readonly direction: 'input' | 'output';
  readonly destination: string;
  readonly group?: string;
  readonly binder: string;
  readonly state: BindingState;
  /** Why it failed, or why it is still starting. */
  readonly error?: string;
}

/** One binding, as `application.binding(name)` gives it. */
export interface BindingControl {
  /** Takes nothing more and lets running handlers finish. */
  stop(): Promise<void>;
  /** @throws BINDING_STATE for an anonymous group: what passed meanwhile is gone, as in Spring */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  info(): BindingInfo;
}

abstract class Binding<Bound> implements BindingControl {
  #state: BindingState = 'stopped';
  #bound: Promise<Bound> | undefined;
  #error: Error | undefined;

  constructor(
    readonly plan: InputPlan | OutputPlan,
    readonly binder: BinderState,
  ) {}

  get state(): BindingState {
    return this.#state;
  }

  protected get bound(): Promise<Bound> | undefined {
    return this.#bound;
  }

  /** Idempotent while it starts or runs. */
  start(): Promise<void> {
    this.#bound ??= this.#bind();
    return this.#bound.then(() => undefined);
  }

  async #bind(): Promise<Bound> {
    this.#state = 'starting';
    this.#error = undefined;
    try {
      const bound = await this.bind();
      // Stopped meanwhile: whoever stops waits for this promise and closes what came of it.
      if ((this.#state as BindingState) === 'starting') this.#state = 'running';
      return bound;
    } catch (error) {
      this.#error = asError(error);
      this.#bound = undefined;
      if ((this.#state as BindingState) === 'starting') this.#state = 'failed';
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.unbind();
  }

  pause(): void {
    throw new StreambindError('BINDING_STATE', `The binding "${this.plan.name}" cannot be paused: it is an output.`);
  }

  resume(): void {
    this.pause();
  }

  protected abstract bind(): Promise<Bound>;

  /** Forgets the bound thing and returns it. */
  protected release(): Promise<Bound> | undefined {
    const bound = this.#bound;
    this.#bound = undefined;
    this.#state = 'stopped';
    return bound;
  }

  protected mark(state: BindingState): void {
    this.#state = state;
  }

  abstract unbind(deadlineMs?: number): Promise<unknown>;
  abstract info(): BindingInfo;

  protected get trouble(): string | undefined {
    const error = this.#error ?? (this.#state === 'starting' ? this.binder.trouble?.error : undefined);
    return error?.message.split('\n', 1)[0];
  }
}

const NOTHING: DrainReport = { finished: 0, returned: 0, abandoned: 0 };

export class InputBinding extends Binding<readonly ConsumerBinding[]> {
  #consumers: readonly ConsumerBinding[] | undefined;
  #ever = false;

  constructor(
    override readonly plan: InputPlan,
    binder: BinderState,
    /** Composes the pipeline, once its binder is known to be transactional or not. */
    private readonly sink: (transactions: Transactions | undefined) => ConsumerSink,
  ) {
    super(plan, binder);
  }

  override start(): Promise<void> {
    if (this.#ever && !this.bound && this.plan.settings.group === undefined) {
      return Promise.reject(
        new StreambindError('BINDING_STATE', 'Can not re-bind an anonymous binding', {
          where: this.plan.name,
          fix: 'Give it a group.',
        }),
      );
    }
    return super.start();
  }

  protected override async bind(): Promise<readonly ConsumerBinding[]> {
    const binder = await this.binder.open();
    const { transactions } = this.binder;
    if (transactions) refuseIdempotent(this.plan);
    const sink = this.sink(transactions);
    const bound = await Promise.all(this.plan.sources.map((source) => binder.bindConsumer(source, sink)));
    this.#ever = true;
    return (this.#consumers = bound);
  }

  override pause(): void {
    this.#whenBound('pause');
  }

  override resume(): void {
    this.#whenBound('resume');
  }

  #whenBound(change: 'pause' | 'resume'): void {
    const consumers = this.#consumers;
    if (!consumers || (this.state !== 'running' && this.state !== 'paused')) {
      throw new StreambindError(
        'BINDING_STATE',
        `The binding "${this.plan.name}" is ${this.state} and cannot ${change}.`,
        { where: this.plan.name },
      );
    }
    for (const consumer of consumers) consumer[change]();
    this.mark(change === 'pause' ? 'paused' : 'running');
  }

  override async unbind(deadlineMs?: number): Promise<DrainReport> {
    const starting = this.state === 'starting';
    const bound = this.release();
    this.#consumers = undefined;
    if (!bound) return NOTHING;
    if (starting) {
      // Its broker may stay away; should it still come, what was bound is given up at once.
      bound.then(
        (late) => late.forEach((consumer) => void consumer.close(0)),
        () => {},
      );
      return NOTHING;
    }
    const consumers = await bound;
    const reports = await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)));
    return reports.reduce(
      (sum, { finished, returned, abandoned }) => ({
        finished: sum.finished + finished,
        returned: sum.returned + returned,
        abandoned: sum.abandoned + abandoned,
      }),
      NOTHING,
    );
  }

  override info(): BindingInfo {
    const { name, binder, settings } = this.plan;
    const { trouble } = this;
    return {
      name,
      direction: 'input',
      destination: settings.destination,
      ...(settings.group === undefined ? {} : { group: settings.group }),
      binder,
      state: this.state,
      ...(trouble === undefined ? {} : { error: trouble }),
    };
  }
}

/** Its key would be remembered although the commit failed, and the message then be taken for a duplicate. */
function refuseIdempotent({ binder, listeners }: InputPlan): void {
  const listener = listeners.find(({ idempotent }) => idempotent);
  if (!listener) return;
  throw new StreambindError(
    'DECORATOR_MISUSE',
    `@IdempotentReceiver stands where the binder "${binder}" has transactions`,
    {
      where: listener.at,
      fix: 'Take @IdempotentReceiver out: what the method sends is committed with its message, once. Or use a binder without transactions.',
    },
  );
}

export class OutputBinding extends Binding<ProducerBinding> {
  #producer: ProducerBinding | undefined;
  readonly #ready: Promise<ProducerBinding>;
  #tellReady!: (producer: ProducerBinding) => void;

  constructor(
    override readonly plan: OutputPlan,
    binder: BinderState,
    private readonly channel: OutputChannel,
    outbound: (producer: () => ProducerBinding | Promise<ProducerBinding>) => Outbound,
  ) {
    super(plan, binder);
    this.#ready = new Promise((resolve) => (this.#tellReady = resolve));
    this.#pipeline = outbound(() => this.#producer ?? this.#ready);
    channel.open(this.#pipeline);
  }

  readonly #pipeline: Outbound;

  protected override async bind(): Promise<ProducerBinding> {
    const binder = await this.binder.open();
    const producer = await binder.bindProducer(this.plan.target);
    this.#producer = producer;
    this.#tellReady(producer);
    this.channel.open(this.#pipeline);
    return producer;
  }

  /** Refuses new sends, waits for those under way, then closes the producer. */
  override async unbind(deadlineMs?: number): Promise<FlushReport> {
    this.channel.shut();
    const { pending, failures } = this.#pipeline;
    const started = performance.now();
    await within(this.#pipeline.drained(), deadlineMs);
    const bound = this.release();
    const left = deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - (performance.now() - started));
    if (this.#producer) await (await bound)?.close(left);
    this.#producer = undefined;
    this.#pipeline.abandon();
    // whether the pipeline gave them up or the producer did when it was closed
    const unconfirmed = this.#pipeline.failures - failures;
    return { confirmed: pending - unconfirmed, unconfirmed };
  }

  override info(): BindingInfo {
    const { name, binder, target } = this.plan;
    const { trouble } = this;
    return {
      name,
      direction: 'output',
      destination: target.destination,
      binder,
      state: this.state,
      ...(trouble === undefined ? {} : { error: trouble }),
    };
  }
}

/** Waits for a promise, at most so long. */
async function within(promise: Promise<void>, deadlineMs: number | undefined): Promise<void> {
  if (deadlineMs === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)))]);
  clearTimeout(timer);
}

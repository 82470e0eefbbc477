/**
 * One application from its plan to its end. Start: outputs, components, inputs, modules; a broker that is away holds up
 * none of the later ones. Stop: modules, inputs, outputs, components, binders, within one deadline.
 */
import { StreambindError } from '../errors/index.js';
import type { Class } from '../annotations/index.js';
import { KeyGroups } from './keys.js';
import type { Binders, BindingControl, BindingInfo, BindingService } from '../binding/index.js';
import type { Environment } from '../config/index.js';
import type { Context } from '../context/index.js';
import type { Logger, Logging } from '../logging/index.js';
import type { MessageChannel } from '../messaging/index.js';
import type { Counter, Meters } from '../observability/index.js';
import type { Schema } from '../schema/index.js';
import { stoppedWhileStarting } from './failure.js';
import type { Module, ModuleHost, RunningModule } from './module.js';
import type { BindInputOptions, BindOutputOptions, DynamicBindings } from './dynamic-bindings.js';
import { LIFECYCLE } from './properties.js';
import type { Scheduler } from './scheduler.js';
import { Deadline, describeReceipt, type ShutdownReceipt } from './shutdown.js';

export interface ApplicationHealth {
  /** Down only when the application itself cannot go on; a broker that is away does not change it. */
  readonly liveness: 'up' | 'down';
  readonly readiness: 'up' | 'degraded' | 'down';
  readonly binders: Readonly<Record<string, { readonly state: 'up' | 'degraded' | 'down'; readonly reason?: string }>>;
}

/** A running application. Can be injected by its type. */
export abstract class Application {
  /** The configuration, every value with its origin. */
  abstract readonly environment: Environment;
  /** What was counted so far: messages handled, retried, failed, dropped, sent. */
  abstract readonly counters: readonly Counter[];
  /**
   * A component by its class or name.
   * @throws COMPONENT_MISSING, COMPONENT_AMBIGUOUS
   */
  abstract get<T>(type: Class<T> | string): T;
  /** @throws BINDING_UNKNOWN */
  abstract binding(name: string): BindingControl;
  abstract bindings(): readonly BindingInfo[];
  /**
   * Binds an input while the application runs; resolves when it is live.
   * @throws BINDING_STATE the name is taken; CLOSED the application stops; whatever a start would refuse
   */
  abstract bind(name: string, options: BindInputOptions): Promise<BindingControl>;
  /** Binds an output while the application runs, as an input is bound. */
  abstract bind(name: string, options?: BindOutputOptions): Promise<MessageChannel>;
  /**
   * Ends what `bind` began: running handlers and pending sends finish first.
   * @throws BINDING_UNKNOWN, BINDING_STATE for a binding of a binding class
   */
  abstract unbind(name: string): Promise<void>;
  abstract health(): Promise<ApplicationHealth>;
  /** Stops in order; idempotent, every call gives the one receipt. */
  abstract stop(): Promise<ShutdownReceipt>;
}

export interface Assembly {
  readonly name: string;
  readonly environment: Environment;
  readonly logging: Logging;
  readonly meters: Meters;
  readonly binders: Binders;
  readonly modules: readonly Module[];
}

/** What knows the application and so comes after it. */
export interface ApplicationParts {
  readonly context: Context;
  readonly bindings: BindingService;
  readonly dynamic: DynamicBindings;
  readonly scheduler: Scheduler;
  /** Gives the inputs their methods; called when the components have started. */
  attachListeners(): void;
}

export class RunningApplication extends Application {
  readonly log: Logger;
  readonly #assembly: Assembly;
  #parts!: ApplicationParts;
  readonly #running: RunningModule[] = [];
  #started: 'no' | 'starting' | 'yes' = 'no';
  #stopping: Promise<ShutdownReceipt> | undefined;
  #onStop: (() => void)[] = [];

  constructor(assembly: Assembly) {
    super();
    this.#assembly = assembly;
    this.log = assembly.logging.logger('application');
  }

  assemble(parts: ApplicationParts): void {
    this.#parts = parts;
  }

  override get environment(): Environment {
    return this.#assembly.environment;
  }

  override get counters(): readonly Counter[] {
    return this.#assembly.meters.all();
  }

  override get<T>(type: Class<T> | string): T {
    return this.#parts.context.get(type);
  }

  override binding(name: string): BindingControl {
    return this.#parts.bindings.get(name);
  }

  override bindings(): readonly BindingInfo[] {
    return this.#parts.bindings.all.map((binding) => binding.info());
  }

  override bind(name: string, options: BindInputOptions): Promise<BindingControl>;
  override bind(name: string, options?: BindOutputOptions): Promise<MessageChannel>;
  override async bind(
    name: string,
    options: BindInputOptions | BindOutputOptions = {},
  ): Promise<BindingControl | MessageChannel> {
    if (this.#started !== 'yes' || this.#stopping) {
      const when = this.#stopping ? 'stops' : 'has not started';
      throw new StreambindError('CLOSED', `Nothing can be bound: the application ${when}.`, { where: name });
    }
    const { dynamic } = this.#parts;
    return 'handler' in options ? dynamic.bindInput(name, options) : dynamic.bindOutput(name, options);
  }

  override unbind(name: string): Promise<void> {
    return this.#parts.dynamic.unbind(name);
  }

  override async health(): Promise<ApplicationHealth> {
    const binders = await this.#assembly.binders.health();
    const states = Object.values(binders).map(({ state }) => state);
    const waiting = this.bindings().some(({ state }) => state === 'starting' || state === 'failed');
    const serving = this.#started === 'yes' && !this.#stopping && !waiting && !states.includes('down');
    return {
      liveness: 'up',
      readiness: serving ? (states.includes('degraded') ? 'degraded' : 'up') : 'down',
      binders,
    };
  }

  /** Called once, at the latest when the application stops. */
  whenStopped(callback: () => void): void {
    this.#onStop.push(callback);
  }

  /**
   * @param timeoutMs `spring.cloud.stream.start-timeout`; absent: brokers are waited for without end
   * @throws START_TIMEOUT, and whatever a component, binding or module refuses to start with
   */
  async start(timeoutMs: number | undefined): Promise<void> {
    this.#started = 'starting';
    const ready = this.#start();
    await (timeoutMs === undefined ? ready : this.#orTimeout(ready, timeoutMs));
    if (this.#stopping) throw stoppedWhileStarting();
    this.#started = 'yes';
  }

  async #start(): Promise<void> {
    const outputs = this.#parts.bindings.start('output');
    // Components may send from @PostConstruct: outputs are on their way, and such a send waits for its own.
    await this.#unlessStopping(this.#parts.context.start());
    this.#parts.attachListeners();
    await this.#unlessStopping(outputs.settled);
    const inputs = this.#parts.bindings.start('input');
    await this.#unlessStopping(inputs.settled);
    for (const module of [...this.#assembly.modules].sort((a, b) => a.phase - b.phase)) {
      const starting = module.start(this.#hostOf()).then(async (running) => {
        // Stopped meanwhile: what still comes up goes down again.
        if (this.#stopping) await running.stop(0);
        else this.#running.push(running);
      });
      await this.#unlessStopping(starting);
    }
    this.#parts.scheduler.start();
    await this.#unlessStopping(Promise.all([outputs.bound, inputs.bound]));
  }

  #abandonStart: ((reason: Error) => void) | undefined;

  /** Ends the wait for a start that somebody stops. */
  async #unlessStopping<T>(step: Promise<T>): Promise<T> {
    if (this.#stopping) throw stoppedWhileStarting();
    return Promise.race([step, new Promise<never>((_, reject) => (this.#abandonStart = reject))]);
  }

  async #orTimeout(ready: Promise<void>, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#startTimeout(timeoutMs)), timeoutMs);
    });
    try {
      await Promise.race([ready, timeout]);
    } finally {
      clearTimeout(timer);
      ready.catch(() => {});
    }
  }

  #startTimeout(timeoutMs: number): StreambindError {
    const trouble = this.#assembly.binders.all().find((binder) => binder.trouble)?.trouble;
    const waiting = this.bindings().filter(({ state }) => state === 'starting');
    return new StreambindError(
      'START_TIMEOUT',
      `The application was not ready within ${timeoutMs} ms: ${waiting.map(({ name }) => name).join(', ') || 'its components'} did not come up` +
        (trouble ? ` after ${trouble.tries} tries.` : '.'),
      {
        where: 'spring.cloud.stream.start-timeout',
        ...(trouble ? { given: trouble.error.message.split('\n', 1)[0], tries: trouble.tries } : {}),
      },
      trouble?.error,
    );
  }

  #hostOf(): ModuleHost {
    const { environment, logging } = this.#assembly;
    return {
      environment,
      log: (name) => logging.logger(name),
      options: <T>(prefix: string, schema: Schema<T>) => environment.options(schema, prefix),
      components: () => this.#parts.context.components(),
    };
  }

  override stop(): Promise<ShutdownReceipt> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<ShutdownReceipt> {
    const started = performance.now();
    const { timeoutPerShutdownPhase } = this.environment.options(LIFECYCLE, KeyGroups.LIFECYCLE);
    const deadline = new Deadline(timeoutPerShutdownPhase);
    this.#abandonStart?.(stoppedWhileStarting());

    // Inputs stop taking at the same moment as timers and modules; handlers may still send.
    const [inputs, tasks] = await Promise.all([
      this.#parts.bindings.stopInputs(deadline.leftMs),
      this.#parts.scheduler.stop(deadline.leftMs),
      ...this.#running.toReversed().map((module) => module.stop(deadline.leftMs)),
    ]);
    const drained = [...inputs, tasks];
    const flushed = await this.#parts.bindings.stopOutputs(deadline.leftMs);
    for (const failure of [...(await this.#parts.context.stop()), ...(await this.#parts.bindings.closeBinders())]) {
      this.log.error(failure.message, failure);
    }
    const sum = <T>(reports: readonly T[], of: (report: T) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    const receipt: ShutdownReceipt = {
      finished: sum(drained, ({ finished }) => finished),
      returned: sum(drained, ({ returned }) => returned),
      abandoned: sum(drained, ({ abandoned }) => abandoned),
      confirmed: sum(flushed, ({ confirmed }) => confirmed),
      unconfirmed: sum(flushed, ({ unconfirmed }) => unconfirmed),
      ms: Math.round(performance.now() - started),
    };
    this.log.info(describeReceipt(receipt));
    for (const callback of this.#onStop.splice(0)) callback();
    return receipt;
  }
}

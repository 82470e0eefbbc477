/** From planned bindings to bindings with their channels and pipelines, at the start and later. */
import type { ListenerDescription } from '../annotations/index.js';
import type { ProducerBinding } from '../binder/index.js';
import {
  InputBinding,
  InputChannel,
  OutputBinding,
  OutputChannel,
  PREFIX,
  PartitionKeyExtractorStrategy,
  PartitionSelectorStrategy,
  partitioner,
  type Binders,
  type InputPlan,
  type OutputPlan,
  type Partitioning,
  type PartitionStrategies,
} from '../binding/index.js';
import type { Environment } from '../config/index.js';
import type { Context } from '../context/index.js';
import type { Converters } from '../converter/index.js';
import { parseExpression } from '../expression/index.js';
import type { Logger } from '../logging/index.js';
import type { Message } from '../messaging/index.js';
import type { Meters } from '../observability/index.js';
import {
  ErrorListeners,
  Listeners,
  errorListener,
  idempotentListener,
  inboundPipeline,
  methodListener,
  outboundPipeline,
  type Idempotency,
  type Listener,
  type Outbound,
} from '../pipeline/index.js';
import { RetryTemplate } from '../retry/index.js';
import { idempotencyOf } from './idempotency.js';

interface Input {
  readonly channel: InputChannel;
  readonly listeners: Listeners;
  readonly errorListeners: ErrorListeners;
  /** Of those listeners that handle each message once. */
  readonly idempotency: Map<ListenerDescription, () => Idempotency>;
}

export interface BindingTools {
  readonly environment: Environment;
  readonly binders: Binders;
  readonly converters: Converters;
  readonly meters: Meters;
  readonly log: Logger;
}

export class BindingMaker {
  readonly #tools: BindingTools;
  readonly #inputs = new Map<string, Input>();
  readonly #outputs = new Map<string, OutputChannel>();

  constructor(tools: BindingTools) {
    this.#tools = tools;
  }

  get inputChannels(): ReadonlyMap<string, InputChannel> {
    return new Map([...this.#inputs].map(([name, { channel }]) => [name, channel]));
  }

  get outputChannels(): ReadonlyMap<string, OutputChannel> {
    return this.#outputs;
  }

  /** Of one name the first counts. */
  addChannel(name: string, direction: 'input' | 'output'): void {
    if (this.#inputs.has(name) || this.#outputs.has(name)) return;
    const { log, converters } = this.#tools;
    if (direction === 'output') {
      this.#outputs.set(name, new OutputChannel(name));
      return;
    }
    const listeners = new Listeners(log);
    const channel = new InputChannel(name, listeners, converters);
    this.#inputs.set(name, {
      channel,
      listeners,
      errorListeners: new ErrorListeners(log),
      idempotency: new Map(),
    });
  }

  forget(name: string): void {
    this.#inputs.delete(name);
    this.#outputs.delete(name);
  }

  /** @throws COMPONENT_MISSING, COMPONENT_AMBIGUOUS, DECORATOR_MISUSE, EXPRESSION_SYNTAX, CONFIG_VALUE */
  input(plan: InputPlan, context: Context): InputBinding {
    const { environment, binders, log, meters } = this.#tools;
    const { listeners, errorListeners, idempotency } = this.#inputs.get(plan.name)!;
    for (const listener of plan.listeners) {
      const found = idempotencyOf(listener, plan.settings, environment, context, meters);
      if (found) idempotency.set(listener, found);
    }
    const where = `${PREFIX}.bindings.${plan.name}.consumer.retry-template-name`;
    const retryTemplate =
      plan.retryTemplate === undefined ? undefined : context.provider(RetryTemplate, plan.retryTemplate, where);
    return new InputBinding(plan, binders.get(plan.binder), (transactions) =>
      inboundPipeline({
        settings: plan.settings,
        listeners,
        errorListeners,
        ...(retryTemplate ? { retryTemplate } : {}),
        ...(transactions ? { transactions } : {}),
        log,
        meters,
      }),
    );
  }

  /** @throws COMPONENT_MISSING, COMPONENT_AMBIGUOUS, EXPRESSION_SYNTAX */
  output(plan: OutputPlan, context: Context): OutputBinding {
    const channel = this.#outputs.get(plan.name)!;
    return new OutputBinding(plan, this.#tools.binders.get(plan.binder), channel, this.#outbound(plan, context));
  }

  /** Gives an input its methods; the components have started. */
  attach({ name, listeners, errorListeners }: InputPlan, context: Context): void {
    const { converters, log } = this.#tools;
    const input = this.#inputs.get(name)!;
    const instanceOf = ({ owner }: ListenerDescription): object => context.get(owner) as object;
    const outputOf = ({ sendTo }: ListenerDescription): OutputChannel | undefined =>
      sendTo && this.#outputs.get(sendTo[0]!);
    const listenerOf = (one: ListenerDescription): Listener => {
      const listener = methodListener(one, instanceOf(one), converters, outputOf(one), log);
      const idempotency = input.idempotency.get(one)?.();
      return idempotency ? idempotentListener(listener, idempotency, converters, log) : listener;
    };
    for (const one of listeners) input.listeners.add(listenerOf(one));
    for (const one of errorListeners) input.errorListeners.add(errorListener(one, instanceOf(one), outputOf(one), log));
  }

  #outbound(
    { name, binder: binderName, settings, partitioning, expressions: written }: OutputPlan,
    context: Context,
  ): (producer: () => ProducerBinding | Promise<ProducerBinding>) => Outbound {
    const { converters, meters, binders } = this.#tools;
    const binder = binders.get(binderName);
    const expressions = Object.entries(written).map(
      ([option, { text, where }]) => [option, parseExpression(text, where)] as const,
    );
    const strategies = partitioning && strategiesOf(partitioning, `${PREFIX}.bindings.${name}.producer`, context);
    return (producer) =>
      outboundPipeline({
        settings,
        converters,
        meters,
        producer,
        attempt: () => binder.transactions?.current,
        ...(partitioning && strategies ? { partitionOf: partitioner(partitioning, strategies, producer) } : {}),
        ...(expressions.length > 0
          ? {
              evaluate: (message: Message) =>
                Object.fromEntries(expressions.map(([option, expression]) => [option, expression.evaluate(message)])),
            }
          : {}),
      });
  }
}

/** Spring: a named component, or the only one of its kind. */
function strategiesOf(partitioning: Partitioning, where: string, context: Context): PartitionStrategies {
  const { keyExtractor, selector: selectorName } = partitioning;
  const extractor = context.provider(
    PartitionKeyExtractorStrategy,
    keyExtractor,
    `${where}.partition-key-extractor-name`,
  );
  const selector = context.provider(PartitionSelectorStrategy, selectorName, `${where}.partition-selector-name`);
  return { ...(extractor ? { extractor } : {}), ...(selector ? { selector } : {}) };
}

/**
 * Which method hears which channel, and what of their declarations is wrong; in Spring's words where Spring has the
 * same error.
 */
import { StreambindError, isStreambindError, nearest, type ErrorCode } from '../errors/index.js';
import type { ChannelDescription, ListenerDescription, TaskDescription } from '../annotations/index.js';
import type { Environment } from '../config/index.js';
import { parseExpression } from '../expression/index.js';
import { argumentErrors, bindsChannels } from '../pipeline/index.js';
import { ERROR_CHANNEL } from './keys.js';

interface Heard {
  readonly listeners: readonly ListenerDescription[];
  readonly errorListeners: readonly ListenerDescription[];
}

type Channels = ReadonlyMap<string, ChannelDescription>;

export class ListenerPlanner {
  readonly #listeners = new Map<string, ListenerDescription[]>();
  readonly #errorListeners = new Map<string, ListenerDescription[]>();
  readonly #errors: StreambindError[] = [];

  constructor(
    private readonly channels: Channels,
    private readonly notEnabled: readonly ChannelDescription[],
    /** By input: the names of its own error channels. */
    private readonly errorChannels: ReadonlyMap<string, readonly string[]>,
    private readonly environment: Environment,
  ) {}

  add(declared: ListenerDescription): void {
    if (this.#isDeclarative(declared)) return;
    const listener = this.#resolved(declared);
    if (!listener) return;
    this.#checkExpressions(listener);
    const { target } = listener;
    const hears = this.channels.get(target)?.direction === 'input';
    const hearsErrors = target === ERROR_CHANNEL || [...this.errorChannels.values()].flat().includes(target);
    if (!hears && !hearsErrors) return this.#unknownTarget(listener);
    this.#checkReply(listener);
    if (hearsErrors && listener.idempotent)
      this.#refuse('DECORATOR_MISUSE', listener.at, '@IdempotentReceiver means nothing on an error channel');
    const heard = hears ? this.#listeners : this.#errorListeners;
    heard.set(target, [...(heard.get(target) ?? []), listener]);
  }

  /** A task with its placeholders resolved. */
  task(declared: TaskDescription): TaskDescription {
    const { at, kind, parameters, returns } = declared;
    if (parameters > 0)
      this.#refuse('DECORATOR_MISUSE', at, `Only a method without parameters may be annotated with @${kind}`);
    if (kind === 'InboundChannelAdapter' && returns === 'nothing')
      this.#refuse('LISTENER_RETURNS', at, 'An @InboundChannelAdapter has to return what is sent');
    if (declared.channel === undefined) return declared;
    const channel = this.#attempt(() => this.environment.resolve(declared.channel!, declared.at));
    if (channel !== undefined) this.#checkOutput(declared, channel);
    return { ...declared, channel: channel ?? '' };
  }

  /** @returns every mistake of what was added */
  finish(): readonly StreambindError[] {
    for (const [target, several] of this.#listeners) this.#checkReturns(target, several);
    for (const listener of [...this.#errorListeners.values()].flat()) {
      this.#errors.push(...argumentErrors(listener, false));
    }
    return this.#errors;
  }

  of(input: string): Heard {
    const own = (this.errorChannels.get(input) ?? []).flatMap((name) => this.#errorListeners.get(name) ?? []);
    return {
      listeners: this.#listeners.get(input) ?? [],
      errorListeners: [...own, ...this.ofErrors],
    };
  }

  get ofErrors(): readonly ListenerDescription[] {
    return this.#errorListeners.get(ERROR_CHANNEL) ?? [];
  }

  #isDeclarative({ at, parameters }: ListenerDescription): boolean {
    const declarative = parameters.some(bindsChannels);
    if (declarative) {
      this.#refuse('NOT_SUPPORTED_YET', at, 'Channels as parameters of a @StreamListener (declarative mode).', {
        fix: 'Take the message or its payload as parameter, and inject channels into fields.',
      });
    }
    return declarative;
  }

  /** Names may hold placeholders. */
  #resolved(listener: ListenerDescription): ListenerDescription | undefined {
    const { at, target, condition, sendTo } = listener;
    const resolve = (text: string): string => this.environment.resolve(text, at);
    return this.#attempt(() => ({
      ...listener,
      target: resolve(target),
      ...(condition === undefined ? {} : { condition: resolve(condition) }),
      sendTo: sendTo?.map(resolve),
    }));
  }

  #checkExpressions({ at, condition, parameters }: ListenerDescription): void {
    const texts = [condition, ...parameters.map(({ payload }) => payload?.expression)];
    for (const text of texts) if (text !== undefined) this.#attempt(() => parseExpression(text, at));
  }

  #attempt<T>(task: () => T): T | undefined {
    try {
      return task();
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      this.#errors.push(error);
      return undefined;
    }
  }

  #refuse(code: ErrorCode, at: string, what: string, details: object = {}): void {
    this.#errors.push(new StreambindError(code, what, { where: at, ...details }));
  }

  #unknownTarget({ at, target }: ListenerDescription): void {
    if (target === '') return this.#refuse('LISTENER_TARGET', at, 'The binding name cannot be null');
    const inputs = [...this.errorChannels.keys()];
    const close = nearest(target, [...inputs, ERROR_CHANNEL, ...[...this.errorChannels.values()].flat()]);
    const declared = this.notEnabled.find(({ name, direction }) => name === target && direction === 'input');
    const what = this.channels.has(target)
      ? `${at} listens to "${target}", which is an output.`
      : `${at} listens to "${target}", which no binding class declares${declared ? ' that is enabled' : ''}.`;
    this.#refuse('LISTENER_TARGET', at, what, {
      given: target,
      allowed: inputs.join(', ') || 'no input is declared',
      ...(close === undefined ? {} : { nearest: close }),
      fix: declared
        ? `Enable it: @EnableBinding(${declared.bindable.name})`
        : `Declare it: @EnableBinding(Sink), or a class of your own with @Input('${target}').`,
    });
  }

  /** Part of Spring's errors that depend on one method alone. */
  #checkReply(listener: ListenerDescription): void {
    const { at, kind, sendTo, returns, condition } = listener;
    if (kind === 'Transformer' && returns === 'nothing')
      this.#refuse('LISTENER_RETURNS', at, 'A @Transformer has to return what the message becomes');
    if (sendTo === undefined) {
      if (kind === 'StreamListener' && returns === 'value')
        this.#refuse(
          'LISTENER_RETURNS',
          at,
          'A method annotated with @StreamListener having a return type should also have an outbound target specified',
          { fix: "Add @SendTo('…'), or return nothing." },
        );
      return;
    }
    const [name] = sendTo;
    if (name === undefined) return this.#refuse('SEND_TO_TARGET', at, 'At least one output must be specified');
    if (sendTo.length > 1)
      return this.#refuse('SEND_TO_TARGET', at, 'Multiple destinations cannot be specified', {
        given: sendTo.join(', '),
      });
    this.#checkOutput(listener, name);
    if (kind === 'StreamListener' && returns === 'nothing')
      this.#refuse(
        'LISTENER_RETURNS',
        at,
        'An output channel cannot be specified for a method that does not return a value',
      );
    if (condition !== undefined)
      this.#refuse('LISTENER_RETURNS', at, 'Cannot set a condition for methods that return a value');
  }

  #checkOutput({ at, kind }: Pick<ListenerDescription | TaskDescription, 'at' | 'kind'>, name: string): void {
    if (name === '') return this.#refuse('SEND_TO_TARGET', at, 'An empty destination cannot be specified');
    if (this.channels.get(name)?.direction === 'output') return;
    const outputs = [...this.channels.values()].filter(({ direction }) => direction === 'output');
    const names = outputs.map((channel) => channel.name);
    const close = nearest(name, names);
    const what = `@${kind === 'StreamListener' ? 'SendTo' : kind} names "${name}", which is no output.`;
    this.#refuse('SEND_TO_TARGET', at, what, {
      given: name,
      allowed: names.join(', ') || 'no output is declared',
      ...(close === undefined ? {} : { nearest: close }),
    });
  }

  #checkReturns(target: string, several: readonly ListenerDescription[]): void {
    const streamListeners = several.filter(({ kind }) => kind === 'StreamListener');
    const returning = streamListeners.filter(({ sendTo, returns }) => sendTo !== undefined || returns === 'value');
    if (streamListeners.length < 2 || returning.length === 0) return;
    this.#refuse(
      'LISTENER_RETURNS',
      returning.map(({ at }) => at).join(', '),
      'If multiple @StreamListener methods are listening to the same binding target, none of them may return a value',
      { given: `${streamListeners.length} listeners on "${target}"` },
    );
  }
}

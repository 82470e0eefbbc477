/**
 * Error channels: who listens to `errorChannel` or to a binding's own is told of each message that failed for good,
 * before it is settled. Telling changes nothing about the settlement.
 */
import { StreambindError, asError } from '../errors/index.js';
import type { ListenerDescription, ParameterDescription } from '../annotations/index.js';
import { parseExpression } from '../expression/index.js';
import type { Logger } from '../logging/index.js';
import {
  ErrorMessage,
  Message,
  MessageBuilder,
  MessageHandlingError,
  MessageHeaders,
  type MessageChannel,
} from '../messaging/index.js';
import { headerResolver, kindOf } from './arguments.js';
import { ReceivedMessage, type Exchange } from './exchange.js';
import { unexpectedReply } from './listeners.js';
import { withinTime } from './time-limit.js';

export interface ErrorListener {
  /** `Alerts.onError` */
  readonly at: string;
  tell(message: ErrorMessage): Promise<void>;
}

/** Makes an error listener of a method; what it returns goes to the output, if it names one. */
export function errorListener(
  description: ListenerDescription,
  instance: object,
  output: MessageChannel | undefined,
  log: Logger,
): ErrorListener {
  const { at, condition, parameters } = description;
  const resolvers = parameters.map((parameter) => resolver(parameter, `${at} parameter ${parameter.index + 1}`));
  const method = (instance as Record<string, (...args: unknown[]) => unknown>)[description.method]!;
  const test = condition === undefined ? undefined : parseExpression(condition, `the condition of ${at}`);
  const unexpected = unexpectedReply(description, log);
  const reply = (value: unknown): void | Promise<void> => (output ? output.send(asMessage(value)) : unexpected());
  return {
    at,
    async tell(message) {
      if (test?.test(message) === false) return;
      const value = await method.apply(
        instance,
        resolvers.map((resolve) => resolve(message)),
      );
      if (value !== undefined && value !== null) await reply(value);
    },
  };
}

const asMessage = (value: unknown): Message =>
  value instanceof Message ? value : MessageBuilder.withPayload(value).build();

function resolver(parameter: ParameterDescription, where: string): (message: ErrorMessage) => unknown {
  switch (kindOf(parameter)) {
    case 'message':
      return (message) => message;
    case 'headers':
      return ({ headers }) => headers;
    case 'header': {
      const text = parameter.payload?.expression;
      if (text === undefined) return headerResolver(parameter, where);
      const expression = parseExpression(text, where);
      return (message) => expression.evaluate(message);
    }
    case 'payload':
    case 'acknowledgment':
      return ({ payload }) => payload;
  }
}

/** Those of one input: its own channel's first, then the global ones. */
export class ErrorListeners {
  readonly #all: ErrorListener[] = [];

  constructor(private readonly log: Logger) {}

  add(listener: ErrorListener): void {
    this.#all.push(listener);
  }

  /**
   * @param limitMs what each of them may take before the next one is told; absent: no limit
   * @returns undefined, or a promise that never rejects
   */
  tell(exchange: Exchange, error: Error, limitMs: number | undefined): Promise<void> | undefined {
    return this.#all.length === 0 ? undefined : this.#tell(exchange, error, limitMs);
  }

  async #tell(exchange: Exchange, cause: Error, limitMs: number | undefined): Promise<void> {
    const failed = new ReceivedMessage(exchange.delivery.payload, exchange);
    const error = new MessageHandlingError(`Message ${exchange.id} failed: ${cause.message}`, failed, cause);
    const headers = new MessageHeaders({ [MessageHeaders.SOURCE_DATA]: exchange.delivery.native });
    const message = new ErrorMessage(error, headers, failed);
    for (const listener of this.#all) {
      try {
        const telling = listener.tell(message);
        await (limitMs === undefined ? telling : withinTime(telling, limitMs, () => tooLong(limitMs)));
      } catch (thrown) {
        const trouble = asError(thrown);
        this.log.error(`${listener.at} failed over the error of message ${exchange.id}: ${trouble.message}`, trouble);
      }
    }
  }
}

const tooLong = (limitMs: number): StreambindError =>
  new StreambindError('HANDLER_TIMEOUT', `It took longer than ${limitMs} ms, the handler-timeout.`);

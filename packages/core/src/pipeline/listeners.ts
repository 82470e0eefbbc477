/**
 * The listeners of one input and how a message finds them: each whose condition holds is called, one after the other, as
 * in Spring. Beyond Spring: one that cannot read the message does not starve the others, and after a failure only those
 * that have not finished are called again.
 */
import { StreambindError, asError } from '../errors/index.js';
import type { ListenerDescription } from '../annotations/index.js';
import { isConversionFailure, type Converters } from '../converter/index.js';
import { parseExpression } from '../expression/index.js';
import type { Logger } from '../logging/index.js';
import { Message, MessageBuilder, MessageHeaders, type MessageChannel } from '../messaging/index.js';
import { argumentResolvers, lazyRoot } from './arguments.js';
import type { Exchange } from './exchange.js';

export interface Listener {
  /** `ReceiveMessageListenerController.input`. */
  readonly at: string;
  readonly matches?: (exchange: Exchange) => boolean;
  call(exchange: Exchange): void | Promise<void>;
}

type Reply = (value: unknown, exchange: Exchange) => void | Promise<void>;

/** Makes a listener of a method; its arguments, condition and reply are worked out once. */
export function methodListener(
  description: ListenerDescription,
  instance: object,
  converters: Converters,
  output: MessageChannel | undefined,
  log: Logger,
): Listener {
  const resolvers = argumentResolvers(description, converters);
  const method = (instance as Record<string, (...args: unknown[]) => unknown>)[description.method]!;
  const [only] = resolvers;
  const invoke =
    resolvers.length === 1 && only
      ? (exchange: Exchange): unknown => {
          const argument = only(exchange);
          return argument instanceof Promise
            ? argument.then((ready: unknown) => method.call(instance, ready))
            : method.call(instance, argument);
        }
      : (exchange: Exchange): unknown => {
          const args = resolvers.map((resolve) => resolve(exchange));
          return args.some((argument) => argument instanceof Promise)
            ? Promise.all(args).then((ready) => method.apply(instance, ready))
            : method.apply(instance, args);
        };
  const replyRequired = description.kind === 'Transformer';
  const unexpected = unexpectedReply(description, log);
  const reply: Reply = (value, exchange) => {
    if (value === undefined || value === null) return replyRequired ? noReply(description) : undefined;
    return output ? sendReply(value, exchange, output, description.copyHeaders) : unexpected();
  };
  return {
    at: description.at,
    ...(description.condition === undefined
      ? {}
      : { matches: condition(description.condition, description.at, converters) }),
    call(exchange) {
      const result = invoke(exchange);
      if (result === undefined && !replyRequired) return;
      return isThenable(result) ? awaitReply(result, reply, exchange) : reply(result, exchange);
    },
  };
}

async function awaitReply(result: PromiseLike<unknown>, reply: Reply, exchange: Exchange): Promise<void> {
  const value = await result;
  await reply(value, exchange);
}

function noReply({ at }: ListenerDescription): never {
  throw new StreambindError('LISTENER_RETURNS', `${at} is a @Transformer and returned nothing.`, {
    where: at,
    fix: 'Return what the message becomes, or make it a @ServiceActivator.',
  });
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

function condition(text: string, at: string, converters: Converters): (exchange: Exchange) => boolean {
  const expression = parseExpression(text, `the condition of ${at}`);
  return (exchange) => expression.test(lazyRoot(exchange, converters));
}

/** Spring: `spring.cloud.stream.integration.message-handler-not-propagated-headers`. */
const NOT_COPIED = MessageHeaders.CONTENT_TYPE;

function sendReply(value: unknown, exchange: Exchange, output: MessageChannel, copyHeaders: boolean): Promise<void> {
  const builder = value instanceof Message ? MessageBuilder.fromMessage(value) : MessageBuilder.withPayload(value);
  if (copyHeaders) {
    const own = value instanceof Message ? value.headers[NOT_COPIED] : undefined;
    builder.copyHeadersIfAbsent(exchange.headers);
    builder.setHeader(NOT_COPIED, own);
  }
  return output.send(builder.build());
}

const NAMES_OUTPUT = {
  StreamListener: "Add @SendTo('…') to the method",
  ServiceActivator: 'Give it an outputChannel',
  Transformer: 'Give it an outputChannel',
};

/** The compiler did not say that the method returns something, so only the first returned value shows it. */
export function unexpectedReply(description: ListenerDescription, log: Logger): () => void {
  let warned = false;
  return () => {
    if (warned) return;
    warned = true;
    const error = new StreambindError(
      'LISTENER_RETURNS',
      `${description.at} returned a value, and no output is named for it.`,
      {
        where: description.at,
        fix: `${NAMES_OUTPUT[description.kind]}, or return nothing. The value was not sent.`,
      },
    );
    log.warn(error.message);
  };
}

/** All listeners of one input; more may come and go while it runs. */
export class Listeners {
  readonly #all: Listener[] = [];
  /** Which listeners have finished a message that is not settled yet, by `keyOf`. */
  readonly #finished = new Map<string, Set<Listener>>();

  constructor(private readonly log: Logger) {}

  add(listener: Listener): () => void {
    this.#all.push(listener);
    return () => {
      const at = this.#all.indexOf(listener);
      if (at >= 0) this.#all.splice(at, 1);
    };
  }

  dispatch(exchange: Exchange): void | Promise<void> {
    const [first] = this.#all;
    if (first && this.#all.length === 1 && !first.matches) return first.call(exchange);
    return this.#dispatchToMatching(exchange);
  }

  /** The message is settled for good. */
  forget(exchange: Exchange): void {
    if (this.#finished.size > 0) this.#finished.delete(keyOf(exchange));
  }

  async #dispatchToMatching(exchange: Exchange): Promise<void> {
    if (this.#all.length === 0) {
      throw new StreambindError('NO_LISTENER_MATCHED', 'The input has no listener.', {
        fix: 'Declare a method with @StreamListener, or subscribe to the channel.',
      });
    }
    const matching = this.#all.filter(({ matches }) => !matches || matches(exchange));
    if (matching.length === 0) {
      this.log.warn(`Cannot find a @StreamListener matching for message with id: ${exchange.id}`);
      return;
    }
    const finished = this.#finishedOf(exchange);
    const unreadable: { listener: Listener; error: Error }[] = [];
    for (const listener of matching) {
      if (finished.has(listener)) continue;
      try {
        await listener.call(exchange);
        finished.add(listener);
      } catch (error) {
        if (!isConversionFailure(error)) throw error;
        unreadable.push({ listener, error: asError(error) });
      }
    }
    if (finished.size === 0 && unreadable[0]) throw unreadable[0].error;
    for (const { listener, error } of unreadable) {
      this.log.warn(`${listener.at} cannot read message ${exchange.id}, which another listener took: ${error.message}`);
    }
  }

  /** A first attempt begins anew, whatever else had its name. */
  #finishedOf(exchange: Exchange): Set<Listener> {
    const key = keyOf(exchange);
    const known = exchange.delivery.attempt > 1 ? this.#finished.get(key) : undefined;
    if (known) return known;
    const none = new Set<Listener>();
    this.#finished.set(key, none);
    if (this.#finished.size > REMEMBERED) this.#finished.delete(this.#finished.keys().next().value!);
    return none;
  }
}

/** Messages that were given back may be settled elsewhere: no more than these many are remembered, the newest. */
const REMEMBERED = 10_000;

/** Brokers number within a lane. */
const keyOf = ({ delivery }: Exchange): string => `${delivery.lane}\n${delivery.id}`;

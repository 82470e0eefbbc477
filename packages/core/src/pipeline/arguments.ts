/**
 * How each parameter of a handler method gets its argument. Planned once from the parameter's description; per message
 * only the chosen resolver runs.
 */
import { StreambindError } from '../errors/index.js';
import { usableType, type Class, type ListenerDescription, type ParameterDescription } from '../annotations/index.js';
import { Acknowledgment, Message, MessageChannel, MessageHeaders } from '../messaging/index.js';
import type { Converters, PayloadReader, PayloadTarget } from '../converter/index.js';
import { parseExpression } from '../expression/index.js';
import { ReceivedMessage, type Exchange } from './exchange.js';

export type ArgumentResolver = (exchange: Exchange) => unknown;

type ParameterKind = 'message' | 'payload' | 'header' | 'headers' | 'acknowledgment';

export function kindOf({ type, payload, header, headers }: ParameterDescription): ParameterKind {
  // with the header in which Spring Kafka has it, too
  if (type === Acknowledgment) return 'acknowledgment';
  if (header) return 'header';
  if (headers || type === MessageHeaders) return 'headers';
  if (typeof type === 'function' && (type === Message || (type.prototype as unknown) instanceof Message))
    return 'message';
  return payload?.expression === undefined ? 'payload' : 'header';
}

/** A parameter that is bound once instead of being resolved for each message. Spring: declarative mode. */
export const bindsChannels = ({ type, channel }: ParameterDescription): boolean =>
  channel ||
  (typeof type === 'function' && (type === MessageChannel || (type.prototype as unknown) instanceof MessageChannel));

/** What of a listener's parameters is wrong by their declaration alone. */
export function argumentErrors(listener: ListenerDescription, manual: boolean): StreambindError[] {
  const { parameters, kind, at } = listener;
  const kinds = parameters.map(kindOf);
  const errors: StreambindError[] = [];
  if (isAmbiguous(parameters, kinds)) {
    errors.push(
      new StreambindError('LISTENER_ARGUMENTS', `Ambiguous method arguments for the ${kind} method`, {
        where: at,
        given: `${parameters.filter(({ payload }) => payload).length} @Payload() among ${parameters.length} parameters`,
        fix: 'Annotate one parameter with @Payload() and every other with @Header("…") or @Headers(), or take one Message.',
      }),
    );
  }
  if (kinds.includes('acknowledgment') && !manual) {
    errors.push(
      new StreambindError('LISTENER_ARGUMENTS', `${at} takes an Acknowledgment, but its binding settles by itself.`, {
        where: at,
        fix: "Set acknowledge-mode: manual in the consumer options of the binding's binder, or take the parameter out.",
      }),
    );
  }
  return errors;
}

/** Once a parameter is marked as the payload, no other may be left to guess; several unmarked ones all take it. */
function isAmbiguous(parameters: readonly ParameterDescription[], kinds: readonly ParameterKind[]): boolean {
  const marked = parameters.filter(({ payload }) => payload).length;
  const guessed = parameters.filter(({ payload }, index) => !payload && kinds[index] === 'payload').length;
  return marked > 1 || (marked === 1 && guessed > 0);
}

/** One resolver a parameter, in their order. */
export const argumentResolvers = (listener: ListenerDescription, converters: Converters): readonly ArgumentResolver[] =>
  listener.parameters.map((parameter) => resolver(parameter, listener, converters));

function resolver(
  parameter: ParameterDescription,
  listener: ListenerDescription,
  converters: Converters,
): ArgumentResolver {
  const where = `${listener.at} parameter ${parameter.index + 1}`;
  switch (kindOf(parameter)) {
    case 'acknowledgment':
      return (exchange) => exchange.acknowledgment;
    case 'headers':
      return (exchange) => exchange.headers;
    case 'header':
      return parameter.payload?.expression === undefined
        ? headerResolver(parameter, where)
        : expressionResolver(parameter.payload.expression, where, converters);
    case 'message': {
      const read = payloadReader({ ...parameter, type: undefined }, where, converters);
      return (exchange) => {
        const payload = read(exchange);
        return payload instanceof Promise
          ? payload.then((converted: unknown) => new ReceivedMessage(converted, exchange))
          : new ReceivedMessage(payload, exchange);
      };
    }
    case 'payload':
      return payloadReader(parameter, where, converters);
  }
}

/** Reads the payload by its content type; the reader of a type is looked up once while the type stays the same. */
function payloadReader(parameter: ParameterDescription, where: string, converters: Converters): ArgumentResolver {
  const target = payloadTarget(parameter);
  const required = parameter.payload?.required;
  let lastType: string | undefined;
  let read: PayloadReader | undefined;
  return (exchange) => {
    const { contentType } = exchange;
    if (contentType !== lastType || !read) {
      read = converters.reader(contentType, target);
      lastType = contentType;
    }
    const bytes = exchange.delivery.payload;
    const empty = bytes === null || bytes.length === 0;
    if (empty && required === false) return undefined;
    if ((empty && required) || (bytes === null && target.kind === 'class')) {
      throw new StreambindError('PAYLOAD_INVALID', 'Payload value must not be empty', { where });
    }
    return read(bytes);
  };
}

export function payloadTarget({ type, payload }: Pick<ParameterDescription, 'type' | 'payload'>): PayloadTarget {
  const wanted = payload?.type ?? type;
  const schema = payload?.schema === undefined ? {} : { schema: payload.schema as PayloadTarget['schema'] & object };
  if (wanted === String) return { kind: 'string', ...schema };
  if (wanted === Number) return { kind: 'number', ...schema };
  if (wanted === Boolean) return { kind: 'boolean', ...schema };
  if (wanted === Buffer || wanted === Uint8Array) return { kind: 'bytes', ...schema };
  const known = usableType(wanted);
  return known && !isPlatformClass(known)
    ? { kind: 'class', type: known as never, ...schema }
    : { kind: 'unknown', ...schema };
}

/** `Map`, `Date` and their like are what JSON was parsed to, not something to make with `new`. */
const isPlatformClass = (type: Class): boolean => (globalThis as Record<string, unknown>)[type.name] === type;

export function headerResolver(
  { header, type }: ParameterDescription,
  where: string,
): (message: { readonly headers: MessageHeaders }) => unknown {
  const { name, defaultValue } = header!;
  const required = header!.required ?? defaultValue === undefined;
  return ({ headers }) => {
    const value = headers[name] ?? defaultValue;
    if (value === undefined || value === null) {
      if (!required) return undefined;
      throw new StreambindError('HEADER_MISSING', `Missing header '${name}'`, {
        where,
        fix: `Send the header, or declare it as @Header({ name: '${name}', required: false }).`,
      });
    }
    return convertHeader(value, type, name, where);
  };
}

function convertHeader(value: unknown, type: unknown, name: string, where: string): unknown {
  if (type === String && typeof value !== 'string') return textOf(value);
  if (type === Number && typeof value !== 'number') {
    const number = Number(textOf(value));
    if (!Number.isNaN(number)) return number;
    throw new StreambindError('CONVERSION', `The header '${name}' is no number.`, { where, given: textOf(value) });
  }
  if (type === Boolean && typeof value !== 'boolean') return /^(true|on|yes|1)$/i.test(textOf(value));
  return value;
}

const textOf = (value: unknown): string =>
  value instanceof Uint8Array
    ? Buffer.from(value).toString('utf8')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string | number | bigint | boolean);

function expressionResolver(text: string, where: string, converters: Converters): ArgumentResolver {
  const expression = parseExpression(text, where);
  return (exchange) => expression.evaluate(lazyRoot(exchange, converters));
}

/** The root of expressions over an inbound message; the payload is converted when the expression names it. */
export function lazyRoot(exchange: Exchange, converters: Converters): object {
  return {
    get headers() {
      return exchange.headers;
    },
    get payload() {
      return converters.reader(exchange.contentType, { kind: 'unknown' })(exchange.delivery.payload);
    },
  };
}

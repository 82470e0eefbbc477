/** Decorators of bindings and listeners. Spring: `org.springframework.cloud.stream.annotation`. */
import { MessageChannel, SubscribableChannel } from '../messaging/index.js';
import { classDecorator, injectionDecorator, methodDecorator, type Class } from './record.js';

/** Binds the channels that the given binding classes declare, and makes the class a component. */
export const EnableBinding = (...bindable: Class[]): ClassDecorator => classDecorator('EnableBinding', bindable);

/**
 * On a field of a binding class: an input named after the field unless a name is given. Beside `@Autowired` it names the
 * channel to inject. On a parameter of a listener (declarative mode) it is refused at the start.
 */
export const Input = (name?: string): PropertyDecorator & ParameterDecorator => injectionDecorator('Input', name);

/** As `Input`, for an output. On a `@StreamListener` method it is the same as `@SendTo`. */
export const Output = (name?: string): PropertyDecorator & ParameterDecorator => injectionDecorator('Output', name);

/** The binding class with the one output `output`. */
export class Source {
  static readonly OUTPUT = 'output';
  @Output(Source.OUTPUT) readonly output!: MessageChannel;
}

/** The binding class with the one input `input`. */
export class Sink {
  static readonly INPUT = 'input';
  @Input(Sink.INPUT) readonly input!: SubscribableChannel;
}

/** `Source` and `Sink` in one. */
export class Processor {
  static readonly INPUT = 'input';
  static readonly OUTPUT = 'output';
  @Input(Processor.INPUT) readonly input!: SubscribableChannel;
  @Output(Processor.OUTPUT) readonly output!: MessageChannel;
}

export interface StreamListenerOptions {
  /** The name of an input. */
  readonly target: string;
  /** An expression over the message; the method is called only where it is true. Evaluated before the payload is converted. */
  readonly condition?: string;
  /** Copy the headers of the message to what the method returns, where absent there. Default true. */
  readonly copyHeaders?: boolean;
}

/** The method handles the messages of an input. */
export const StreamListener = (target: string | StreamListenerOptions): MethodDecorator =>
  methodDecorator('StreamListener', typeof target === 'string' ? { target } : target);

export interface IdempotentReceiverOptions {
  /**
   * An expression over the message for what tells one piece of work from another: `headers['orderNumber']`,
   * `payload.id + '/' + payload.version`. Default: the id of the message, which each `send` makes anew.
   */
  readonly key?: string;
  /** The name of an `IdempotencyStore`. Default: the only one. */
  readonly store?: string;
  /** How long a handled key is remembered: milliseconds, or a duration such as `12h`. Default `1d`. */
  readonly ttl?: number | string;
  /**
   * How long the claim of a process that died keeps others from handling its message; renewed while a handler runs.
   * Milliseconds, or a duration. Default `10s`.
   */
  readonly lease?: number | string;
}

/**
 * Beside a decorator that makes the method a listener: messages of a key that it has handled are acknowledged and counted
 * without another call. One whose handler failed or whose process died is handled again. Spring Integration:
 * `@IdempotentReceiver`.
 */
export const IdempotentReceiver = (options: IdempotentReceiverOptions = {}): MethodDecorator =>
  methodDecorator('IdempotentReceiver', options);

/** What the method returns is sent to this output. */
export const SendTo = (...names: string[]): MethodDecorator => methodDecorator('SendTo', names);

/** A validator by the Standard Schema specification (zod, valibot, arktype …); only the shape that is used here. */
export interface PayloadSchema {
  readonly '~standard': object;
}

export interface PayloadOptions {
  /** The class, or `String`, `Number`, `Boolean`, `Buffer`, to convert the payload to. */
  readonly type?: unknown;
  /** Validates the converted payload; its output is what the handler gets. */
  readonly schema?: PayloadSchema;
  /** An expression with the message as its root, instead of the whole payload. */
  readonly expression?: string;
  /**
   * What an empty or null payload comes to. true: it fails; false: `undefined`. Unset: it fails for a class, and is the
   * empty text, the empty bytes or null else. Spring fails for all of them.
   */
  readonly required?: boolean;
}

/** The parameter takes the payload: as its own class says, or as given here. */
export const Payload = (
  what?: string | PayloadOptions | (new (...args: never[]) => unknown) | typeof String | typeof Number | typeof Boolean,
): ParameterDecorator =>
  injectionDecorator(
    'Payload',
    typeof what === 'string' ? { expression: what } : typeof what === 'function' ? { type: what } : (what ?? {}),
  ) as ParameterDecorator;

export interface HeaderOptions {
  readonly name: string;
  /** Default true, unless a default value is given. */
  readonly required?: boolean;
  readonly defaultValue?: unknown;
}

/** The parameter takes one header. */
export const Header = (header: string | HeaderOptions): ParameterDecorator =>
  injectionDecorator('Header', typeof header === 'string' ? { name: header } : header) as ParameterDecorator;

/** The parameter takes all headers. */
export const Headers = (): ParameterDecorator => injectionDecorator('Headers', undefined) as ParameterDecorator;

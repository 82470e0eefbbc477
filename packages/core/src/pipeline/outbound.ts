/**
 * A message's way out. `OUTBOUND` is the order of the steps; each is composed once, when the channel is made. The promise
 * of a send resolves on the broker's confirmation and is the caller's only news.
 */
import { StreambindError, asError, isStreambindError } from '../errors/index.js';
import type { HeaderValue, ProducerBinding, WireRecord } from '../binder/index.js';
import type { Converters } from '../converter/index.js';
import { HeaderRecord, MessageHeaders, type Message } from '../messaging/index.js';
import type { Meters } from '../observability/index.js';
import { Deadlines, type Timed } from './deadlines.js';
import type { Attempt } from './transactions.js';

export interface OutboundSettings {
  readonly binding: string;
  readonly contentType: string;
  /** Milliseconds; 30000 unless configured. */
  readonly sendTimeout: number;
  /** Sends handed to the binder and not confirmed; as many again may wait. */
  readonly maxInFlight: number;
}

export interface OutboundContext {
  readonly settings: OutboundSettings;
  readonly converters: Converters;
  readonly meters: Meters;
  /** The producer once it is bound; a send waits for it. */
  readonly producer: () => ProducerBinding | Promise<ProducerBinding>;
  /** Absent where the binding is not partitioned. */
  readonly partitionOf?: (message: Message) => number;
  /** Producer options that are expressions, by name. */
  readonly evaluate?: (message: Message) => Readonly<Record<string, unknown>>;
  /** The attempt at a delivery of the same transactional binder that is running where a send is called. */
  readonly attempt?: () => Attempt | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One send on its way. */
class Outgoing implements Timed<Outgoing> {
  before: Outgoing | undefined;
  after: Outgoing | undefined;
  record: Mutable<WireRecord> | undefined;
  deadline = 0;
  timer: NodeJS.Timeout | undefined;
  reject!: (reason: Error) => void;
  attempt: Attempt | undefined;
  /** Handed to the binder: from here on its outcome can be unknown. */
  handedOver = false;
  /** Its caller was told that it failed; it must not be sent any more. */
  expired = false;

  constructor(
    readonly message: Message,
    readonly timeoutMs: number,
  ) {}
}

type Send = (outgoing: Outgoing) => Promise<void>;
interface StepContext extends OutboundContext {
  readonly whenAbandoned: (callback: () => void) => void;
  /** Counts what a send came to; gives its error as the caller gets it. */
  readonly told: (outgoing: Outgoing, failure?: unknown) => StreambindError | undefined;
}

type OutboundStep = (context: StepContext, next: Send) => Send;

/** Headers that belong to one delivery or are orders to this pipeline; they never leave. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  MessageHeaders.DELIVERY_ATTEMPT,
  MessageHeaders.SOURCE_DATA,
  MessageHeaders.PARTITION,
  MessageHeaders.PARTITION_OVERRIDE,
  MessageHeaders.REPLY_CHANNEL,
  MessageHeaders.ERROR_CHANNEL,
]);

/** Asked when the send is called: later steps may run on behalf of other sends. */
const belong: OutboundStep = ({ attempt: running }, next) => {
  if (!running) return next;
  return (outgoing) => {
    outgoing.attempt = running();
    const sending = next(outgoing);
    return outgoing.attempt ? outgoing.attempt.add(sending) : sending;
  };
};

const encode: OutboundStep =
  ({ settings, converters, producer, partitionOf, evaluate }, next) =>
  (outgoing) => {
    const { message } = outgoing;
    const { headers } = message;
    const own = headers[MessageHeaders.CONTENT_TYPE];
    const { bytes, contentType } = converters.encode(
      message.payload,
      typeof own === 'string' ? own : settings.contentType,
      typeof own === 'string',
    );
    const sent = new HeaderRecord() as Record<string, HeaderValue>;
    for (const name in headers) if (!NEVER_SENT.has(name)) sent[name] = headers[name] as HeaderValue;
    sent[MessageHeaders.CONTENT_TYPE] = contentType;
    const record: Mutable<WireRecord> = { payload: bytes, headers: sent };
    const received = MessageHeaders.receivedWith(headers);
    if (received !== undefined) record.received = received;
    if (typeof own !== 'string') record.contentTypeBy = 'binding';
    // a producer that is not bound does not know yet how many partitions the broker has
    if (partitionOf && !(producer() instanceof Promise)) record.partition = partitionOf(message);
    if (evaluate) record.evaluated = evaluate(message);
    outgoing.record = record;
    return next(outgoing);
  };

/**
 * The one promise of a send, and its deadline, which counts from the call, waiting included. When the output closes, what
 * is still open ends at once.
 */
const limitTime: OutboundStep = ({ settings, told, whenAbandoned }, next) => {
  const deadlines = new Deadlines<Outgoing>(settings.sendTimeout, (outgoing) => {
    outgoing.expired = true;
    outgoing.reject(
      told(outgoing, outgoing.handedOver ? unknownOutcome(outgoing, settings) : neverSent(outgoing, settings))!,
    );
  });
  whenAbandoned(() => deadlines.expireAll());
  return (outgoing) =>
    new Promise<void>((resolve, reject) => {
      outgoing.reject = reject;
      deadlines.add(outgoing, outgoing.timeoutMs);
      const failed = (error: unknown): void => {
        if (outgoing.expired) return;
        deadlines.delete(outgoing);
        reject(told(outgoing, error)!);
      };
      try {
        next(outgoing).then(() => {
          if (outgoing.expired) return;
          deadlines.delete(outgoing);
          told(outgoing);
          resolve();
        }, failed);
      } catch (error) {
        failed(error);
      }
    });
};

/** At most `maxInFlight` at the binder, as many again waiting in the order of their calls. */
const admit: OutboundStep = ({ settings: { binding, maxInFlight } }, next) => {
  const waiting: { readonly outgoing: Outgoing; start(): void; drop(): void }[] = [];
  let inFlight = 0;
  const finished = (): void => {
    inFlight--;
    while (inFlight < maxInFlight && waiting.length > 0) {
      const turn = waiting.shift()!;
      if (turn.outgoing.expired) turn.drop();
      else turn.start();
    }
  };
  const start = (outgoing: Outgoing): Promise<void> => {
    inFlight++;
    const sending = next(outgoing);
    sending.then(finished, finished);
    return sending;
  };
  return (outgoing) => {
    if (inFlight < maxInFlight && waiting.length === 0) return start(outgoing);
    if (waiting.length >= maxInFlight) {
      return Promise.reject(
        new StreambindError(
          'BUFFER_FULL',
          `The binding "${binding}" has ${inFlight} sends in flight and ${waiting.length} waiting.`,
          {
            where: binding,
            fix: 'Await the sends, or raise producer.max-in-flight.',
          },
        ),
      );
    }
    return new Promise<void>((resolve, reject) => {
      waiting.push({
        outgoing,
        start: () => void start(outgoing).then(resolve, reject),
        drop: resolve,
      });
    });
  };
};

const transmit: OutboundStep =
  ({ producer, partitionOf }) =>
  (outgoing) => {
    const bound = producer();
    if (!(bound instanceof Promise)) return handOver(outgoing, bound);
    return bound.then((ready) => {
      if (outgoing.expired) return;
      if (partitionOf) outgoing.record!.partition = partitionOf(outgoing.message);
      return handOver(outgoing, ready);
    });
  };

function handOver(outgoing: Outgoing, producer: ProducerBinding): Promise<void> {
  outgoing.attempt?.check();
  outgoing.handedOver = true;
  return producer.send(outgoing.record!, outgoing.attempt?.delivery);
}

const OUTBOUND: readonly OutboundStep[] = [belong, limitTime, encode, admit, transmit];

/** Sends that failed; what is unhandled among rejections is told from the user's own by this. */
const sendFailures = new WeakSet<Error>();
export const isSendFailure = (reason: unknown): boolean => reason instanceof Error && sendFailures.has(reason);

export interface Outbound {
  send(message: Message, timeoutMs?: number): Promise<void>;
  /** Sends that neither resolved nor rejected yet. */
  readonly pending: number;
  /** Sends that have failed so far. */
  readonly failures: number;
  /** Resolves when nothing is pending. */
  drained(): Promise<void>;
  /** Rejects what is pending: PUBLISH_UNKNOWN where the binder had it already. */
  abandon(): void;
}

export function outboundPipeline(context: OutboundContext): Outbound {
  const { settings, meters } = context;
  const sent = meters.counter('streambind.messages.sent', { binding: settings.binding });
  const failed = meters.counter('streambind.sends.failed', { binding: settings.binding });
  let pending = 0;
  let failures = 0;
  let drains: (() => void)[] = [];
  let abandon = (): void => {};
  const own: StepContext = {
    ...context,
    whenAbandoned: (callback) => (abandon = callback),
    told(outgoing, failure) {
      if (--pending === 0 && drains.length > 0) {
        for (const drain of drains) drain();
        drains = [];
      }
      if (failure === undefined) {
        sent.add();
        return undefined;
      }
      failed.add();
      failures++;
      return asSendFailure(failure, outgoing.message, settings.binding);
    },
  };
  const send = OUTBOUND.reduceRight<Send>(
    (next, step) => step(own, next),
    () => Promise.resolve(),
  );
  return {
    get pending() {
      return pending;
    },
    get failures() {
      return failures;
    },
    drained: () => (pending === 0 ? Promise.resolve() : new Promise((resolve) => drains.push(resolve))),
    abandon: () => abandon(),
    send(message, timeoutMs = settings.sendTimeout) {
      pending++;
      return send(new Outgoing(message, timeoutMs));
    },
  };
}

/** Every rejection of a send names its binding and its message. */
export function asSendFailure(thrown: unknown, message: Message | undefined, binding: string): StreambindError {
  const context = { binding, messageId: message?.headers[MessageHeaders.ID] };
  const error = isStreambindError(thrown)
    ? new StreambindError(
        thrown.code,
        thrown.message.split('\n', 1)[0]!,
        { ...thrown.details, ...context },
        thrown.cause,
      )
    : new StreambindError(
        'PUBLISH_REFUSED',
        `The message could not be sent: ${asError(thrown).message}`,
        context,
        thrown,
      );
  sendFailures.add(error);
  return error;
}

const unknownOutcome = ({ timeoutMs }: Outgoing, { binding }: OutboundSettings): StreambindError =>
  new StreambindError(
    'PUBLISH_UNKNOWN',
    `The broker did not confirm a message within ${timeoutMs} ms; it may have arrived or not.`,
    {
      where: binding,
      fix: 'Send it again with the same id where the receivers are idempotent.',
    },
  );

const neverSent = ({ timeoutMs }: Outgoing, { binding }: OutboundSettings): StreambindError =>
  new StreambindError(
    'BROKER_UNAVAILABLE',
    `A message could not be handed to the broker within ${timeoutMs} ms; it was not sent.`,
    {
      where: binding,
    },
  );

/**
 * A delivery's way in. `INBOUND` is the order of the steps; each is composed once, when the binding is bound. What the
 * steps below `settleFailures` throw becomes a settlement there, so nothing leaves this pipeline but a settlement.
 */
import { ImmediateAcknowledgeError, RejectAndDontRequeueError, StreambindError, asError } from '../errors/index.js';
import type { ConsumerSink, Delivery, Later, Settlement } from '../binder/index.js';
import { isConversionFailure } from '../converter/index.js';
import type { Logger } from '../logging/index.js';
import { Acknowledgment } from '../messaging/index.js';
import type { Meters } from '../observability/index.js';
import { backOff, isRetryable, type RetryPolicy, type RetryTemplate } from '../retry/index.js';
import { among } from './among.js';
import { Exchange } from './exchange.js';
import type { ErrorListeners } from './error-listeners.js';
import type { Listeners } from './listeners.js';
import { Postponed } from './postponed.js';
import { withinTime } from './time-limit.js';
import { Attempt, type Transactions } from './transactions.js';

export interface InboundSettings {
  readonly binding: string;
  readonly destination: string;
  readonly group: string | undefined;
  readonly contentType: string;
  readonly retry: RetryPolicy;
  readonly exhausted: 'dlq' | 'drop' | 'requeue';
  readonly acknowledge: 'auto' | 'manual' | 'none';
  /** Milliseconds an attempt may take; absent: no limit. */
  readonly handlerTimeout?: number;
}

export interface InboundContext {
  readonly settings: InboundSettings;
  readonly listeners: Listeners;
  /** Told of each message that failed for good. */
  readonly errorListeners: ErrorListeners;
  /** Decides about retries instead of `settings.retry`. */
  readonly retryTemplate?: () => RetryTemplate;
  /** Of the binder, where it is transactional. */
  readonly transactions?: Transactions;
  readonly log: Logger;
  readonly meters: Meters;
}

type Outcome = Settlement | Later;
type Handle = (exchange: Exchange) => Outcome | Promise<Outcome>;
type InboundStep = (context: InboundContext, next: Handle) => Handle;

const ACK: Settlement = { kind: 'ack' };

/** More deliveries than this without the end of an attempt, and the message is what kills its consumers. */
const MOST_CRASHES = 20;

const refuseCrashing: InboundStep =
  ({ settings, errorListeners, log }, next) =>
  (exchange) => {
    const { crashes = 0 } = exchange.delivery;
    if (crashes <= MOST_CRASHES) return next(exchange);
    const reason = new StreambindError(
      'CRASHING',
      `Message ${exchange.id} was delivered ${crashes} times without an end of its handling.`,
      {
        where: settings.binding,
      },
    );
    log.error(`${reason.message}\nIt goes to the dead letters.`);
    return afterTelling(errorListeners.tell(exchange, reason, settings.handlerTimeout), { kind: 'deadLetter', reason });
  };

/** A settlement waits for those who are told, so that what they send is not lost in a crash right after it. */
const afterTelling = (telling: Promise<void> | undefined, settlement: Settlement): Settlement | Promise<Settlement> =>
  telling ? telling.then(() => settlement) : settlement;

/** Retry, dead letter or drop: the one place that decides what a failure comes to. */
const settleFailures: InboundStep = (context, next) => {
  const { settings, listeners, errorListeners, log, meters } = context;
  const nextTry = retryDecision(context);
  const attemptsInAll = context.retryTemplate ? '' : ` of ${settings.retry.maxAttempts}`;
  const tags = { binding: settings.binding };
  const handled = meters.counter('streambind.messages.handled', tags);
  const retried = meters.counter('streambind.messages.retried', tags);
  const failed = meters.counter('streambind.messages.failed', tags);
  const dropped = meters.counter('streambind.messages.dropped', tags);

  const done = (exchange: Exchange, outcome: Outcome): Outcome => {
    handled.add();
    listeners.forget(exchange);
    return outcome;
  };

  const failure = (exchange: Exchange, thrown: unknown): Settlement | Promise<Settlement> => {
    if (thrown instanceof Postponed) {
      log.debug(`Message ${exchange.id} comes again in ${thrown.delayMs} ms: ${thrown.message}`);
      return { kind: 'requeue', delayMs: thrown.delayMs };
    }
    const error = asError(thrown);
    const { attempt } = exchange.delivery;
    if (among(error, ImmediateAcknowledgeError)) {
      log.info(`Message ${exchange.id} is done with, by its handler's wish: ${error.message}`);
      done(exchange, ACK);
      return ACK;
    }
    const hopeless = among(error, RejectAndDontRequeueError) || isConversionFailure(error);
    const delayMs = hopeless ? undefined : nextTry(attempt, error);
    if (delayMs !== undefined) {
      log.warn(
        `Attempt ${attempt}${attemptsInAll} failed for message ${exchange.id}, next in ${delayMs} ms: ${error.name}: ${error.message}`,
      );
      retried.add();
      return { kind: 'requeue', delayMs, failure: error };
    }
    listeners.forget(exchange);
    failed.add();
    const settlement = exhausted(exchange, error);
    return afterTelling(errorListeners.tell(exchange, error, settings.handlerTimeout), settlement);
  };

  const exhausted = (exchange: Exchange, error: Error): Settlement => {
    const { attempt } = exchange.delivery;
    const attempts = `message ${exchange.id} of ${describe(settings)} failed after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`;
    switch (settings.exhausted) {
      case 'dlq':
        log.error(`${attempts} and goes to the dead letters: ${error.message}`, error);
        return { kind: 'deadLetter', reason: error };
      case 'drop':
        dropped.add();
        log.error(`${attempts} and is dropped: ${error.message}`, error);
        return ACK;
      case 'requeue':
        log.error(`${attempts} and is given back: ${error.message}`, error);
        return { kind: 'requeue', delayMs: settings.retry.backOffMaxInterval };
    }
  };

  return (exchange) => {
    try {
      const outcome = next(exchange);
      return outcome instanceof Promise
        ? outcome.then(
            (settled) => done(exchange, settled),
            (error: unknown) => failure(exchange, error),
          )
        : done(exchange, outcome);
    } catch (error) {
      return failure(exchange, error);
    }
  };
};

type RetryDecision = (attempts: number, error: Error) => number | undefined;

/** Milliseconds until the next attempt, undefined where there is none. */
function retryDecision({ settings, retryTemplate, log }: InboundContext): RetryDecision {
  const { retry } = settings;
  if (!retryTemplate)
    return (attempts, error) =>
      attempts < retry.maxAttempts && isRetryable(retry, error) ? backOff(retry, attempts) : undefined;
  return (attempts, error) => {
    try {
      return retryTemplate().backOff(attempts, error);
    } catch (thrown) {
      log.error(`The retry template of ${describe(settings)} failed: ${asError(thrown).message}`, asError(thrown));
      return undefined;
    }
  };
}

/** What an attempt sends waits for its end: committed with its acknowledgement, aborted with its failure. */
const transact: InboundStep = ({ settings, listeners, transactions }, next) => {
  if (!transactions) return next;

  const settled = async (attempt: Attempt, wanted: Settlement): Promise<Settlement> => {
    let settlement = wanted;
    if (settlement.kind === 'ack') {
      const failure = await attempt.drained().then(() => undefined, asError);
      if (!failure) {
        attempt.done();
        return settlement;
      }
      settlement = { kind: 'requeue', delayMs: settings.retry.backOffInitialInterval, failure };
    }
    await transactions.abort(attempt);
    return settlement;
  };

  return async (exchange) => {
    const attempt = new Attempt(exchange.delivery);
    try {
      const outcome = await transactions.run(attempt, () => next(exchange));
      if (outcome.kind === 'later') {
        return { kind: 'later', settlement: outcome.settlement.then((settlement) => settled(attempt, settlement)) };
      }
      await attempt.drained();
      attempt.done();
      return outcome;
    } catch (thrown) {
      const doneWith = among(asError(thrown), ImmediateAcknowledgeError);
      const failure = doneWith ? await attempt.drained().then(() => undefined, asError) : asError(thrown);
      if (!failure) {
        attempt.done();
        throw thrown;
      }
      // what its other listeners sent is gone, so none of them has finished it
      listeners.forget(exchange);
      await transactions.abort(attempt);
      throw failure;
    }
  };
};

/** An attempt that takes longer has failed; what it comes to later is ignored. */
const limitTime: InboundStep = ({ settings }, next) => {
  const limit = settings.handlerTimeout;
  if (limit === undefined) return next;
  return (exchange) => {
    const outcome = next(exchange);
    return outcome instanceof Promise ? withinTime(outcome, limit, () => tooLong(exchange, settings, limit)) : outcome;
  };
};

const tooLong = ({ id }: Exchange, { binding }: InboundSettings, limit: number): StreambindError =>
  new StreambindError('HANDLER_TIMEOUT', `The handler of message ${id} took longer than ${limit} ms.`, {
    where: binding,
  });

/** The handler's return frees its slot; the message stays in flight until `acknowledge()` or `nack()`. */
const acknowledgeByHand: InboundStep = ({ settings }, next) => {
  if (settings.acknowledge !== 'manual') return next;
  return (exchange) => {
    const settlement = new Promise<Settlement>((resolve) => {
      exchange.acknowledgment = new Acknowledgment((nackDelayMs) =>
        resolve(
          nackDelayMs === undefined
            ? ACK
            : { kind: 'requeue', delayMs: nackDelayMs, failure: new Error('nack by the handler') },
        ),
      );
    });
    const later: Later = { kind: 'later', settlement };
    const outcome = next(exchange);
    return outcome instanceof Promise ? outcome.then(() => later) : later;
  };
};

const dispatch: InboundStep =
  ({ listeners }) =>
  (exchange) => {
    const running = listeners.dispatch(exchange);
    return running instanceof Promise ? running.then(toAck) : ACK;
  };
const toAck = (): Settlement => ACK;

const INBOUND: readonly InboundStep[] = [
  refuseCrashing,
  settleFailures,
  transact,
  limitTime,
  acknowledgeByHand,
  dispatch,
];

/** The sink that a binder delivers to. */
export function inboundPipeline(context: InboundContext): ConsumerSink {
  const { settings, log } = context;
  const handle = INBOUND.reduceRight<Handle>(
    (next, step) => step(context, next),
    () => ACK,
  );
  return {
    deliver: (delivery: Delivery) => handle(new Exchange(delivery, settings.contentType)),
    fault: (error) => log.warn(`${describe(settings)}: ${error.message}`),
  };
}

const describe = ({ destination, group }: InboundSettings): string =>
  group === undefined ? destination : `${destination} (group ${group})`;

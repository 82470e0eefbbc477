/** What an application does to its process: signals, rejections that nobody handles, and the exit code. */
import { constants } from 'node:os';
import { asError } from '../errors/index.js';
import type { Logger } from '../logging/index.js';
import { isSendFailure } from '../pipeline/index.js';
import { isTold } from './failure.js';
import type { ShutdownReceipt } from './shutdown.js';

export interface Stoppable {
  stop(): Promise<ShutdownReceipt>;
  readonly log: Logger;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Terminals send one signal to the whole group, and wrappers pass it on: what comes so soon is the same wish. */
const SAME_WISH_MS = 500;

const running = new Set<Stoppable>();
let firstSignalAt: number | undefined;

/**
 * Stops the application in order on a signal; ends the process on a second one, or after an error that nobody handled.
 * @returns ends that
 */
export function attachToProcess(application: Stoppable): () => void {
  if (running.size === 0) {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    process.on('unhandledRejection', onUnhandled);
    process.on('uncaughtException', onUnhandled);
  }
  running.add(application);
  // One turn later: only then does Node report rejections that came with the end, a failed start above all.
  return () => setImmediate(detach, application);
}

function detach(application: Stoppable): void {
  running.delete(application);
  if (running.size > 0) return;
  for (const signal of SIGNALS) process.off(signal, onSignal);
  process.off('unhandledRejection', onUnhandled);
  process.off('uncaughtException', onUnhandled);
  process.off('beforeExit', onNothingLeft);
}

/** From now on: when nothing keeps the process alive any more, its end is a stop like any other. */
export function stopWhenNothingIsLeft(): void {
  if (!process.listeners('beforeExit').includes(onNothingLeft)) process.on('beforeExit', onNothingLeft);
}

function onNothingLeft(): void {
  void endWith(0);
}

function onSignal(signal: NodeJS.Signals): void {
  const now = performance.now();
  if (firstSignalAt !== undefined) {
    if (now - firstSignalAt >= SAME_WISH_MS) process.exit(128 + constants.signals[signal]);
    return;
  }
  firstSignalAt = now;
  for (const { log } of running) log.info(`${signal}: stopping`);
  void endWith(0);
}

function onUnhandled(reason: unknown): void {
  if (isTold(reason)) {
    void endWith(1);
    return;
  }
  const [application] = running;
  if (isSendFailure(reason)) {
    application?.log.error(
      `A send that nobody awaited failed: ${asError(reason).message}\n  binding: ${sent(reason, 'binding')}, message: ${sent(reason, 'messageId')}`,
    );
    return;
  }
  // What comes while everything ends already is told, and changes nothing.
  application?.log.error('Nobody handled this error; the application stops.', reason);
  void endWith(1);
}

const sent = (reason: unknown, key: string): string =>
  String((reason as { details?: Record<string, unknown> }).details?.[key]);

let ending: Promise<void> | undefined;

/** Stops everything and exits: with `least`, or with 2 where work stayed unfinished. */
function endWith(least: 0 | 1): Promise<void> {
  return (ending ??= (async () => {
    const receipts = await Promise.all([...running].map((application) => application.stop()));
    const unfinished = receipts.some(({ abandoned, unconfirmed }) => abandoned + unconfirmed > 0);
    process.exit(least === 1 ? 1 : unfinished ? 2 : process.exitCode);
  })());
}

/** When a task runs next: the options of a decorator as a function. */
import { Cron } from 'croner';
import { StreambindError, asError } from '../errors/index.js';
import type { TriggerOptions } from '../annotations/index.js';
import { milliseconds, type Environment } from '../config/index.js';

/** One run that ended; `due` is when it should have started, in milliseconds since 1970. */
export interface Run {
  readonly due: number;
  readonly ended: number;
}

export interface Trigger {
  /** When the next run is due, in milliseconds since 1970; undefined: never. */
  next(now: number, last: Run | undefined): number | undefined;
}

/**
 * @param at the method: for messages
 * @throws DECORATOR_MISUSE for none or several of the three, CONFIG_VALUE for what cannot be read
 */
export function triggerOf(options: TriggerOptions, at: string, environment: Environment): Trigger {
  const { fixedDelay, fixedRate, cron } = options;
  const given = Object.entries({ fixedDelay, fixedRate, cron }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw new StreambindError('DECORATOR_MISUSE', 'A timer takes exactly one of fixedDelay, fixedRate and cron', {
      where: at,
      given: given.map(([name]) => name).join(', ') || 'none',
    });
  }
  if (cron !== undefined) return cronTrigger(environment.resolve(cron, at), options.initialDelay !== undefined, at);
  const read = (name: 'fixedDelay' | 'fixedRate' | 'initialDelay', least: number): number =>
    milliseconds(options[name] ?? least, least, name, at, environment);
  const initialDelay = read('initialDelay', 0);
  const delay = read('fixedDelay', 0);
  const rate = read('fixedRate', 1);
  return {
    next: (now, last) =>
      !last ? now + initialDelay : fixedRate === undefined ? last.ended + delay : Math.max(now, last.due + rate),
  };
}

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** Spring wants both the day of the month and that of the week to fit; most other crons want one of them. */
function cronTrigger(text: string, delayed: boolean, at: string): Trigger {
  if (text.trim() === '-') return { next: () => undefined };
  const wrong = (what: string, cause?: unknown): StreambindError =>
    new StreambindError(
      'CONFIG_VALUE',
      `The cron expression of ${at} ${what}.`,
      {
        where: at,
        given: text,
        allowed: 'second minute hour day-of-month month day-of-week, as in 0 0/15 8-18 * * MON-FRI',
      },
      cause,
    );
  if (delayed) throw wrong('cannot have an initialDelay');
  let cron: Cron;
  try {
    cron = new Cron(MACROS[text.trim()] ?? text, { mode: '6-part', domAndDow: true, sloppyRanges: true, paused: true });
  } catch (error) {
    throw wrong(`cannot be read: ${asError(error).message}`, error);
  }
  // a timer may fire a little early: never the same moment twice
  return { next: (now, last) => cron.nextRun(new Date(Math.max(now, last?.due ?? 0)))?.getTime() };
}

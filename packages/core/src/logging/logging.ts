/**
 * The only place that writes to the console: Spring Boot's line layout on standard error, in colour when that is a
 * terminal, or one JSON object a line (ECS). Standard output belongs to the application.
 */
import { stackTraceOf } from '../errors/index.js';

export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'OFF';

const RANK: Record<LogLevel, number> = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, OFF: 5 };

export interface Logger {
  readonly name: string;
  enabled(level: LogLevel): boolean;
  debug(text: string, error?: unknown): void;
  info(text: string, error?: unknown): void;
  warn(text: string, error?: unknown): void;
  error(text: string, error?: unknown): void;
}

export interface LoggingOptions {
  /** Levels by logger name or a prefix of it at a dot; `root` is the rest. Default: root INFO. */
  readonly levels?: Readonly<Record<string, LogLevel>>;
  /** `ecs` writes JSON lines. Default: Boot's console layout. */
  readonly format?: 'console' | 'ecs';
  readonly colour?: boolean;
  readonly application?: string;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
}

/** A tree of loggers of one application. Levels can be set after loggers were handed out. */
export class Logging {
  readonly #loggers = new Map<string, NamedLogger>();
  #levels: ReadonlyMap<string, LogLevel> = new Map();
  #options: LoggingOptions = {};
  #generation = 0;

  constructor(options: LoggingOptions = {}) {
    this.configure(options);
  }

  configure(options: LoggingOptions): void {
    this.#options = { colour: process.stderr.isTTY && !process.env['NO_COLOR'], ...this.#options, ...options };
    this.#levels = new Map(Object.entries(this.#options.levels ?? {}));
    this.#generation++;
  }

  logger(name: string): Logger {
    let logger = this.#loggers.get(name);
    if (!logger) this.#loggers.set(name, (logger = new NamedLogger(name, this)));
    return logger;
  }

  /** Lines without a head; `log` writes them as one INFO entry. Nothing in JSON. */
  banner(mode: 'console' | 'log', lines: readonly string[]): void {
    if (mode === 'log') this.logger('application').info(`\n${lines.join('\n')}`);
    else if (this.#options.format !== 'ecs') (this.#options.write ?? writeToStandardError)(`${lines.join('\n')}\n\n`);
  }

  /** @internal for NamedLogger: the level that applies to a name, and when it was last changed. */
  threshold(name: string): { rank: number; generation: number } {
    let prefix = name;
    for (;;) {
      const level = this.#levels.get(prefix);
      if (level !== undefined) return { rank: RANK[level], generation: this.#generation };
      const dot = prefix.lastIndexOf('.');
      if (dot < 0) return { rank: RANK[this.#levels.get('root') ?? 'INFO'], generation: this.#generation };
      prefix = prefix.slice(0, dot);
    }
  }

  /** @internal for NamedLogger. */
  get generation(): number {
    return this.#generation;
  }

  /** @internal for NamedLogger. */
  write(level: LogLevel, name: string, text: string, error: unknown): void {
    const line =
      this.#options.format === 'ecs'
        ? ecsLine(level, name, text, error, this.#options.application)
        : consoleLine(level, name, text, error, this.#options.colour === true);
    (this.#options.write ?? writeToStandardError)(line);
  }
}

let guarded = false;

function writeToStandardError(line: string): void {
  if (!guarded) {
    guarded = true;
    // The terminal was closed, or the reader of a pipe ended: nobody reads on, and the application goes on or stops all the same.
    process.stderr.on('error', () => {});
  }
  process.stderr.write(line);
}

class NamedLogger implements Logger {
  #rank = 0;
  #generation = -1;

  constructor(
    readonly name: string,
    private readonly logging: Logging,
  ) {}

  enabled(level: LogLevel): boolean {
    if (this.#generation !== this.logging.generation) {
      const { rank, generation } = this.logging.threshold(this.name);
      this.#rank = rank;
      this.#generation = generation;
    }
    return RANK[level] >= this.#rank;
  }

  debug(text: string, error?: unknown): void {
    if (this.enabled('DEBUG')) this.logging.write('DEBUG', this.name, text, error);
  }

  info(text: string, error?: unknown): void {
    if (this.enabled('INFO')) this.logging.write('INFO', this.name, text, error);
  }

  warn(text: string, error?: unknown): void {
    if (this.enabled('WARN')) this.logging.write('WARN', this.name, text, error);
  }

  error(text: string, error?: unknown): void {
    if (this.enabled('ERROR')) this.logging.write('ERROR', this.name, text, error);
  }
}

const COLOUR: Partial<Record<LogLevel, string>> = { DEBUG: '32', INFO: '32', WARN: '33', ERROR: '31', TRACE: '32' };

/** `2026-11-21 12:30:00.123  INFO 4242 --- [main] core.binding                 : text`, as Boot 2.7 prints it. */
function consoleLine(level: LogLevel, name: string, text: string, error: unknown, colour: boolean): string {
  const paint = (code: string, value: string): string => (colour ? `\u001b[${code}m${value}\u001b[0m` : value);
  const head =
    `${paint('2', timestamp(new Date()))} ${paint(COLOUR[level] ?? '0', level.padStart(5))} ` +
    `${paint('35', String(process.pid))} ${paint('2', '---')} ${paint('2', '[main]')} ` +
    `${paint('36', shorten(name, 20).padEnd(20))} ${paint('2', ':')} ${text}\n`;
  return error === undefined ? head : `${head}${stackOf(error)}\n`;
}

function ecsLine(level: LogLevel, name: string, text: string, error: unknown, application?: string): string {
  return `${JSON.stringify({
    '@timestamp': new Date().toISOString(),
    'log.level': level,
    'process.pid': process.pid,
    'service.name': application,
    'log.logger': name,
    message: text,
    ...(error === undefined
      ? {}
      : { 'error.type': error instanceof Error ? error.name : typeof error, 'error.stack_trace': stackOf(error) }),
    'ecs.version': '8.11',
  })}\n`;
}

function timestamp(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return (
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
  );
}

/** The end of a name that is too long, as Boot cuts it. */
const shorten = (name: string, width: number): string =>
  name.length <= width ? name : name.slice(name.length - width);

const stackOf = (error: unknown): string => (error instanceof Error ? stackTraceOf(error) : String(error));

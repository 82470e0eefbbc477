/** The binders of an application: each created once, when the first binding needs it, and closed with the last. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { StreambindError, asError, isStreambindError, nearest } from '../errors/index.js';
import type { Binder, BinderFactory, BinderHealth } from '../binder/index.js';
import type { Environment } from '../config/index.js';
import type { Logger } from '../logging/index.js';
import { Transactions } from '../pipeline/index.js';
import type { Schema } from '../schema/index.js';
import { KNOWN_TYPES } from './selection.js';
import { PREFIX } from './keys.js';
import { BINDER } from './properties.js';

/** The package that serves a type: one of ours by its short name, else the type is a package's name. */
export const packageOf = (type: string): string => (KNOWN_TYPES.has(type) ? `@streambind/binder-${type}` : type);

/**
 * Loads the package of a binder type from the application's folder, then from core's own.
 * @throws BINDER_TYPE with the install command, or with the type that was meant
 */
export async function loadFactory(type: string, from: readonly string[], where: string): Promise<BinderFactory> {
  const name = packageOf(type);
  let failure: unknown;
  for (const base of from) {
    let file: string;
    try {
      file = createRequire(base).resolve(name);
    } catch (error) {
      failure ??= error;
      continue;
    }
    const loaded = (await import(pathToFileURL(file).href)) as { binderFactory?: BinderFactory };
    if (loaded.binderFactory) return loaded.binderFactory;
    throw new StreambindError('BINDER_TYPE', `The package ${name} exports no binderFactory, so it is no binder.`, {
      where,
      given: type,
    });
  }
  const meant = KNOWN_TYPES.has(type) ? undefined : nearest(type, KNOWN_TYPES);
  throw new StreambindError(
    'BINDER_TYPE',
    `No package serves the binder type "${type}".`,
    {
      where,
      given: type,
      allowed: `${[...KNOWN_TYPES].join(', ')}, or the name of a package`,
      ...(meant === undefined ? { fix: `npm install ${name}` } : { nearest: meant }),
    },
    failure,
  );
}

export interface BinderState {
  readonly name: string;
  /** Created by the first call. */
  open(): Promise<Binder>;
  /** Resolves at the first trouble with the broker: who waits for a binding may go on without it. */
  readonly troubled: Promise<void>;
  /** What was reported last and is not over. */
  /** Once it is open, if it is transactional. */
  readonly transactions: Transactions | undefined;
  trouble: { readonly error: Error; readonly tries: number } | undefined;
}

export class Binders {
  readonly #states = new Map<string, BinderState>();
  readonly #opened = new Map<string, Promise<Binder>>();

  constructor(
    private readonly environment: Environment,
    private readonly factoryOf: (binder: string) => BinderFactory,
    private readonly logger: (name: string) => Logger,
  ) {}

  get(name: string): BinderState {
    let state = this.#states.get(name);
    if (!state) this.#states.set(name, (state = this.#create(name)));
    return state;
  }

  all(): readonly BinderState[] {
    return [...this.#states.values()];
  }

  async health(): Promise<Record<string, BinderHealth>> {
    const entries = await Promise.all(
      this.all().map(async (state): Promise<[string, BinderHealth]> => {
        if (state.trouble) return [state.name, { state: 'down', reason: firstLine(state.trouble.error) }];
        try {
          return [state.name, (await (await state.open()).health?.()) ?? { state: 'up' }];
        } catch (error) {
          return [state.name, { state: 'down', reason: firstLine(asError(error)) }];
        }
      }),
    );
    return Object.fromEntries(entries);
  }

  /** Closes all; failures are returned. */
  async close(): Promise<Error[]> {
    const failures: Error[] = [];
    await Promise.all(
      [...this.#opened.values()].map(async (opening) => {
        const binder = await opening.catch(() => undefined);
        await binder?.close().catch((error: unknown) => failures.push(asError(error)));
      }),
    );
    return failures;
  }

  #create(name: string): BinderState {
    const factory = this.factoryOf(name);
    const log = this.logger(`binder.${factory.type}`);
    let tellTrouble!: () => void;
    const troubled = new Promise<void>((resolve) => (tellTrouble = resolve));
    // Read before anything is opened: their problems belong to the check at start.
    const options = binderOptions(factory, name, this.environment);
    const create = (): Promise<Binder> =>
      factory.create(options, {
        name,
        log,
        origin: (key) => binderEnvironment(name, this.environment).origin(key)?.text,
        report: (error, nextTryMs) => {
          const { trouble } = state;
          const tries = (trouble?.tries ?? 0) + 1;
          state.trouble = { error, tries };
          tellTrouble();
          const next = nextTryMs > 0 ? `; try ${tries + 1} in ${Math.round(nextTryMs)} ms` : '';
          const [first, ...rest] = error.message.split('\n');
          // what to do about it is said once
          const details = trouble?.error.message === error.message ? [] : [...rest, ...codeLine(error)];
          log.warn([`${first!.replace(/\.$/, '')}${next}`, ...details].join('\n'));
        },
        recovered: () => {
          if (state.trouble) {
            log.info(`The binder "${name}" is connected again after ${state.trouble.tries} failed tries.`);
          }
          state.trouble = undefined;
        },
      });
    let transactions: Transactions | undefined;
    const open = async (): Promise<Binder> => {
      const binder = await create();
      if (binder.transactions) transactions = new Transactions(binder.transactions);
      return binder;
    };
    const state: BinderState = {
      name,
      troubled,
      get transactions() {
        return transactions;
      },
      trouble: undefined,
      open: () => {
        let opening = this.#opened.get(name);
        if (!opening) this.#opened.set(name, (opening = open()));
        return opening;
      },
    };
    return state;
  }
}

const codeLine = (error: Error): string[] => (isStreambindError(error) ? [`  code:    ${error.code}`] : []);

const firstLine = ({ message }: Error): string => message.split('\n', 1)[0]!;

/** The environment of one binder: its own `environment` block above the application's keys. */
export function binderEnvironment(name: string, environment: Environment): Environment {
  const prefix = `${PREFIX}.binders.${name}`;
  return environment.child(`${prefix}.environment`, environment.options(BINDER, prefix).inheritEnvironment);
}

/** What a binder is created with. Of two groups of keys with one name, the later wins where it says something. */
export function binderOptions(factory: BinderFactory, name: string, environment: Environment): unknown {
  const own = binderEnvironment(name, environment);
  const options: Record<string, unknown> = {};
  for (const [prefix, connection] of Object.entries(factory.connection ?? {})) {
    const given = own.options(connection as Schema<Record<string, unknown>>, prefix);
    for (const name in given) options[name] = given[name] ?? options[name];
  }
  const ofBinder = own.options(factory.schemas.binder as Schema<object>, `${PREFIX}.${factory.type}.binder`);
  // an option that both have is the binder's where it is set
  return Object.assign(
    options,
    Object.fromEntries(Object.entries(ofBinder).filter(([name, value]) => value !== undefined || !(name in options))),
  );
}

/** `runApplication`: from a decorated main class to a running application. */
import { readFileSync } from 'node:fs';
import { StreambindError } from '../errors/index.js';
import { recordOf, type BootApplicationOptions, type Class } from '../annotations/index.js';
import type { BinderFactory } from '../binder/index.js';
import { PREFIX, STREAM } from '../binding/index.js';
import { loadEnvironment, type Environment } from '../config/index.js';
import { Logging, type LogLevel } from '../logging/index.js';
import type { Application, RunningApplication } from './application.js';
import { assemble } from './assemble.js';
import { isStoppedWhileStarting, markTold, stoppedWhileStarting, tellStartFailure } from './failure.js';
import { KeyGroups } from './keys.js';
import { locate, type Location } from './locate.js';
import type { Module } from './module.js';
import { loadModules } from './modules.js';
import { attachToProcess, stopWhenNothingIsLeft } from './process.js';
import { LOGGING, MAIN, STRUCTURED_LOGGING } from './properties.js';
import { scanComponents } from './scan.js';
import { NOTHING_STARTED } from './shutdown.js';

export interface RunOptions {
  /** `import.meta`, its url, or `__filename`: where the component scan starts and the configuration is looked for. */
  readonly at?: ImportMeta | string | URL;
  /** Default: the process's own. `--key=value` sets a property. */
  readonly args?: readonly string[];
  /** Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Components beside those that are found. */
  readonly components?: readonly Class[];
  /** Binders given by hand instead of by package. */
  readonly binders?: readonly BinderFactory[];
  /** Modules given by hand, beside those among the dependencies. */
  readonly modules?: readonly Module[];
  /** Default true: signals stop the application, and unhandled errors end the process. */
  readonly signals?: boolean;
}

/**
 * Starts an application and resolves when all its bindings are up; a broker that is away is waited for.
 * @param at `import.meta`, in CommonJS `__filename`; or the options
 * @throws what kept it from starting, printed already
 */
export async function runApplication(
  main: Class,
  at: ImportMeta | string | URL | RunOptions = {},
): Promise<Application> {
  const started = performance.now();
  const options: RunOptions = isOptions(at) ? at : { at };
  const logging = new Logging();
  const log = logging.logger('application');
  let debug = false;
  let application: RunningApplication | undefined;
  let stopped = false;
  // Attached before anything can fail or take long: a signal while it starts is a stop like any other.
  const detach =
    options.signals === false
      ? () => {}
      : attachToProcess({
          log,
          stop: () => {
            stopped = true;
            return application ? application.stop() : Promise.resolve(NOTHING_STARTED);
          },
        });
  const requireWanted = (): void => {
    if (stopped) throw stoppedWhileStarting();
  };
  try {
    const location = locate(options.at);
    const environment = loadEnvironment({
      directories: [process.cwd(), location.packageRoot],
      args: options.args ?? process.argv.slice(2),
      env: options.env ?? process.env,
    });
    // Boot's `debug`; a variable DEBUG=* is meant for another library.
    debug = /^(true|on|yes|1)$/i.test(environment.get('debug') ?? '');
    configureLogging(logging, environment, debug);
    printBanner(environment, logging);
    const name = main.name;
    log.info(`Starting ${name} using Node ${process.version} with PID ${process.pid} (${location.packageRoot})`);
    log.info(profilesLine(environment));
    if (debug) printOrigins(environment, logging);

    const modules = [...(options.modules ?? []), ...(await loadModules(location))];
    const components = await findComponents(main, location, options, logging);
    requireWanted();
    application = await assemble({
      name,
      components,
      environment,
      location,
      logging,
      modules,
      factories: options.binders ?? [],
    });
    tellAboutMissingModules(environment, modules, logging);
    requireWanted();
    const { startTimeout } = environment.options(STREAM, PREFIX);
    await application.start(startTimeout);
    // Not before: who stays attached hears of the rejection of a start that fails.
    application.whenStopped(detach);
    if (options.signals !== false) stopWhenNothingIsLeft();
    for (const binding of application.bindings()) logging.logger('binding').info(bindingLine(binding));
    const seconds = ((performance.now() - started) / 1000).toFixed(3);
    log.info(`Started ${name} in ${seconds} seconds (process running for ${process.uptime().toFixed(3)})`);
    return application;
  } catch (error) {
    // A start that fails or is stopped leaves nothing behind.
    await application?.stop();
    if (isStoppedWhileStarting(error)) throw markTold(error);
    throw tellStartFailure(error, log, debug);
  }
}

const isOptions = (at: ImportMeta | string | URL | RunOptions): at is RunOptions =>
  typeof at === 'object' && !(at instanceof URL) && !('url' in at);

async function findComponents(
  main: Class,
  location: Location,
  options: RunOptions,
  logging: Logging,
): Promise<Class[]> {
  const annotation = recordOf(main)?.annotations.find(({ kind }) => kind === 'BootApplication');
  if (!annotation) {
    throw new StreambindError('DECORATOR_MISUSE', `${main.name} is no application.`, {
      where: main.name,
      fix: 'Decorate it with @BootApplication().',
    });
  }
  const scanned =
    location.mainFile === undefined ? [] : await scanComponents(location.mainFile, logging.logger('scan'));
  const { components = [] } = annotation.value as BootApplicationOptions;
  return [...new Set([...scanned, main, ...components, ...(options.components ?? [])])];
}

function configureLogging(logging: Logging, environment: Environment, debug: boolean): void {
  const { level } = environment.options(LOGGING, KeyGroups.LOGGING);
  const { console: format } = environment.options(STRUCTURED_LOGGING, KeyGroups.STRUCTURED_LOGGING);
  const levels: Record<string, LogLevel> = debug ? { root: 'DEBUG' } : {};
  for (const [name, text] of Object.entries(level)) {
    const wanted = text.toUpperCase();
    if (/^(TRACE|DEBUG|INFO|WARN|ERROR|OFF)$/.test(wanted))
      levels[name.toLowerCase() === 'root' ? 'root' : name] = wanted as LogLevel;
    else
      logging
        .logger('config')
        .warn(`logging.level.${name} is "${text}"; allowed: TRACE, DEBUG, INFO, WARN, ERROR, OFF`);
  }
  const application = environment.get('spring.application.name');
  logging.configure({ levels, ...(format ? { format } : {}), ...(application === undefined ? {} : { application }) });
}

function printOrigins(environment: Environment, logging: Logging): void {
  const log = logging.logger('config');
  for (const { key, value, origin } of environment.properties()) log.debug(`${key} = ${value} [${origin.text}]`);
}

function profilesLine({ activeProfiles }: Environment): string {
  if (activeProfiles.length === 0) return 'No active profile set, falling back to 1 default profile: "default"';
  const quoted = activeProfiles.map((profile) => `"${profile}"`).join(', ');
  return activeProfiles.length === 1
    ? `The following 1 profile is active: ${quoted}`
    : `The following ${activeProfiles.length} profiles are active: ${quoted}`;
}

const bindingLine = ({
  name,
  direction,
  destination,
  group,
  binder,
}: ReturnType<Application['bindings']>[number]): string =>
  direction === 'input'
    ? `${name} ← ${destination} (${group === undefined ? 'anonymous group' : `group ${group}`}, binder ${binder})`
    : `${name} → ${destination} (binder ${binder})`;

/** What the configuration asks for and no installed module does, one line each. */
function tellAboutMissingModules(environment: Environment, modules: readonly Module[], logging: Logging): void {
  if (environment.names('eureka').length > 0 && !modules.some(({ name }) => name === 'eureka')) {
    logging
      .logger('application')
      .info('eureka.* is configured, and no Eureka client is installed: this service is not registered anywhere.');
  }
}

function printBanner(environment: Environment, logging: Logging): void {
  const { bannerMode } = environment.options(MAIN, KeyGroups.MAIN);
  if (bannerMode === 'off') return;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  logging.banner(bannerMode, [
    '     _                           _     _         _',
    ' ___| |_ _ __ ___  __ _ _ __ ___ | |__ (_)_ __   __| |',
    "/ __| __| '__/ _ \\/ _` | '_ ` _ \\| '_ \\| | '_ \\ / _` |",
    '\\__ \\ |_| | |  __/ (_| | | | | | | |_) | | | | | (_| |',
    '|___/\\__|_|  \\___|\\__,_|_| |_| |_|_.__/|_|_| |_|\\__,_|',
    ` :: streambind ::                              (v${version})`,
  ]);
}

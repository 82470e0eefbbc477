import type { Environment, Module, ModuleHost, RunningModule } from '@streambind/core/internal';
import { SERVER } from './options.js';
import { routesOf } from './routes.js';
import { WebServer } from './server.js';

const ports = new WeakMap<Environment, number>();

/**
 * The port at which the web server of an application really listens, of use with `server.port: 0`. Spring:
 * `local.server.port`. Undefined before the application has started.
 */
export const localServerPort = (application: { readonly environment: Environment }): number | undefined =>
  ports.get(application.environment);

/** Joins an application as soon as this package stands in its dependencies. */
export const streambindModule: Module = {
  name: 'web',
  keys: { server: SERVER },
  phase: 0,

  /** @throws PORT_IN_USE, WEB_ROUTE, DECORATOR_MISUSE, START_FAILED */
  async start(host: ModuleHost): Promise<RunningModule> {
    const log = host.log('web');
    const options = host.options('server', SERVER);
    const contextPath = options['servlet.contextPath'];
    const server = new WebServer(routesOf(host.components(), contextPath), options, log);
    const port = await server.listen();
    ports.set(host.environment, port);
    const below = contextPath === '' ? '' : ` with context path '${contextPath}'`;
    log.info(`Web server started on port ${port} (http)${below}`);
    return { stop: (deadlineMs) => server.stop(deadlineMs) };
  },
};

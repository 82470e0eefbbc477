/** Starts the module as an application would, on a free port, and keeps what it logs. */
import { Logging, loadEnvironment, type Class, type RunningModule } from '@streambind/core/internal';
import { localServerPort, streambindModule } from '../src/index.js';

export interface Served {
  readonly port: number;
  readonly url: string;
  readonly log: readonly string[];
  readonly running: RunningModule;
}

/** @param args `--server.…=…`, over `--server.port=0` and the loopback address */
export async function serve(types: readonly (new () => object)[], ...args: readonly string[]): Promise<Served> {
  const environment = loadEnvironment({
    directories: [],
    args: [...unless(args, '--server.port=', '0'), ...unless(args, '--server.address=', '127.0.0.1'), ...args],
    env: {},
  });
  const log: string[] = [];
  const logging = new Logging({ levels: { root: 'DEBUG' }, write: (line) => log.push(line), colour: false });
  const components = types.map((type) => ({ type: type as Class, name: type.name, instance: new type() }));
  const running = await streambindModule.start({
    environment,
    log: (name) => logging.logger(name),
    options: (prefix, schema) => environment.options(schema, prefix),
    components: () => components,
  });
  const port = localServerPort({ environment })!;
  return { port, url: `http://127.0.0.1:${port}`, log, running };
}

/** An argument given twice would be a list. */
const unless = (args: readonly string[], key: string, value: string): readonly string[] =>
  args.some((arg) => arg.startsWith(key)) ? [] : [key + value];

/** A broker in a container, where a Docker engine runs. The container keeps its data until it is removed. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const file = fileURLToPath(new URL('compose.yml', import.meta.url));

/** Whether a Docker engine with Compose answers. */
export function available() {
  const ask = (...args) => spawnSync('docker', args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return ask('info', '--format', '{{.ServerVersion}}') && ask('compose', 'version');
}

// a port is one broker's only, whichever home it is recorded in
const project = (record) => `streambind-${record.name}-${record.address.port}`;
const words = (record, verb) => ['docker', 'compose', '-p', project(record), '-f', file, ...verb];

async function compose(record, ...verb) {
  const [program, ...args] = words(record, verb);
  const { stdout } = await run(program, args, { env: environment(record), timeout: 300_000 });
  return stdout;
}

const environment = (record) => ({ ...process.env, PORT: String(record.address.port) });

export const start = (record) => compose(record, 'up', '-d', record.name);
export const stop = (record) => compose(record, 'stop', record.name);
export const kill = (record) => compose(record, 'kill', record.name);
export const pause = (record) => compose(record, 'pause', record.name);
export const unpause = (record) => compose(record, 'unpause', record.name);
export const remove = (record) => compose(record, 'down', '--volumes');
export const running = async (record) => (await compose(record, 'ps', '-q', record.name)).trim() !== '';

/** The command that runs `command` inside of the container. */
export const exec = (record, command) => words(record, ['exec', '-T', record.name, ...command]);

/** The last lines the broker wrote. */
export function logs(record) {
  const [program, ...args] = words(record, ['logs', '--tail', '20', record.name]);
  return spawnSync(program, args, { env: environment(record), encoding: 'utf8' }).stdout ?? '';
}

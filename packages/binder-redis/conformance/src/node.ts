/** The one Redis of a run. The process of the run starts it; those of the cases find it by the environment. */
import { startPrivate, started, type Broker, type RedisBroker } from '../../../../tools/brokers/index.mjs';

const DIRECTORY = 'STREAMBIND_CONFORMANCE_REDIS';

/** Each case has one for itself. */
export const DATABASES = 10_000;

/** For a whole run. @returns ends it */
export async function prepare(): Promise<() => Promise<void>> {
  const { directory } = await startPrivate('redis', { config: [`databases ${DATABASES}`] });
  process.env[DIRECTORY] = directory;
  return async () => {
    delete process.env[DIRECTORY];
    // as its last restart has left it
    await nodeIn(directory).remove();
  };
}

export function theNode(): RedisBroker {
  const directory = process.env[DIRECTORY];
  if (directory === undefined) throw new Error('no Redis was prepared for this run');
  return nodeIn(directory);
}

const isRedis = (one: Broker): one is RedisBroker => one.name === 'redis';

function nodeIn(directory: string): RedisBroker {
  const node = started().find((one) => one.directory === directory);
  if (!node || !isRedis(node)) throw new Error(`the Redis in ${directory} is gone`);
  return node;
}

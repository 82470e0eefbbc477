/** Where the demo is played: arguments that lead the three services to one broker of theirs, and how it is left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { running, startPrivate } from '../brokers/index.mjs';

/** The tutorial's binder; its application.yml stays as it is. */
const BINDER = '--spring.cloud.stream.binders.defaultRabbit';

export const places = {
  embedded() {
    const directory = mkdtempSync(join(tmpdir(), 'streambind-demo-'));
    return Promise.resolve({
      title: `the directory ${directory}`,
      args: ['--spring.profiles.active=embedded', `--spring.cloud.stream.embedded.binder.directory=${directory}`],
      leave: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
    });
  },

  /** A virtual host of its own on a RabbitMQ that is there, else on one that is started and ended for the demo. */
  async rabbit(tell) {
    tell('looking for RabbitMQ …');
    const found = await running('rabbit');
    // one that cannot be administered from here has no virtual host to give
    const inFound = await found?.virtualHost().catch(() => undefined);
    const broker = inFound ? found : await startPrivate('rabbit', { tell });
    const virtualHost = inFound ?? (await broker.virtualHost());
    const { address } = virtualHost;
    const key = `${BINDER}.environment.spring.rabbitmq`;
    return {
      title: `${await broker.probe()} on port ${address.port}, virtual host ${virtualHost.name}`,
      args: [
        `${key}.host=${address.host}`,
        `${key}.port=${address.port}`,
        `${key}.username=${address.username}`,
        `${key}.password=${address.password}`,
        `${key}.virtual-host=${virtualHost.name}`,
      ],
      leave: () => (inFound ? virtualHost.remove() : broker.remove()),
    };
  },

  /** Two of a group share a topic by its partitions, so the tutorial's topic is there with two of them. */
  async kafka(tell) {
    tell('looking for Kafka …');
    const topic = ['--topic', 'studyExchange'];
    const found = await running('kafka');
    // where somebody has such a topic already, it stays his
    const inFound = await found?.ctl('topics', '--list').then(
      (topics) => !topics.split('\n').includes('studyExchange'),
      () => false,
    );
    const broker = inFound ? found : await startPrivate('kafka', { tell });
    await broker.ctl('topics', '--create', ...topic, '--partitions', '2');
    return {
      title: `${await broker.probe()} on port ${broker.address.port}, where studyExchange has two partitions`,
      args: [
        `${BINDER}.type=kafka`,
        `${BINDER}.environment.spring.kafka.bootstrap-servers=${broker.address.bootstrapServers}`,
      ],
      leave: () => (inFound ? broker.ctl('topics', '--delete', ...topic) : broker.remove()),
    };
  },

  /** An empty database of a Redis that is there, else of one that is started and ended for the demo. */
  async redis(tell) {
    tell('looking for Redis …');
    const found = await running('redis');
    const database = found && (await emptyDatabase(found));
    const broker = database === undefined ? await startPrivate('redis', { tell }) : found;
    const { port, ...address } = broker.address;
    const key = `${BINDER}.environment.spring.data.redis`;
    return {
      title: `${await broker.probe()} on port ${port}, database ${database ?? 0}`,
      args: [
        `${BINDER}.type=redis`,
        ...Object.entries({ port, ...address, database: database ?? 0 }).map(
          ([name, value]) => `${key}.${name}=${value}`,
        ),
      ],
      leave: () => (database === undefined ? broker.remove() : broker.ctl('-n', String(database), 'flushdb')),
    };
  },
};

/** The last database of a Redis, unless somebody uses it, or there is no such number. */
async function emptyDatabase(redis) {
  const size = await redis.ctl('-n', '15', 'dbsize').catch(() => undefined);
  return size === '0\n' ? 15 : undefined;
}

/**
 * Where the tutorial is played: arguments that lead its three services to one broker of theirs, and how it is left. The
 * services' application.yml stays as it is; its binder gets another `type`, and the address.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { running, startPrivate } from '../brokers/index.mjs';

const BINDER = '--spring.cloud.stream.binders.defaultRabbit';

/** As the demo finds or starts them. */
export const places = {
  embedded() {
    const directory = mkdtempSync(join(tmpdir(), 'streambind-demo-'));
    return Promise.resolve({
      title: `the directory ${directory}`,
      args: [`${BINDER}.type=embedded`, `--spring.cloud.stream.embedded.binder.directory=${directory}`],
      leave: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
    });
  },
  rabbit: (tell) => foundOrOwn('rabbit', tell),
  kafka: (tell) => foundOrOwn('kafka', tell),
  redis: (tell) => foundOrOwn('redis', tell),
};

/** On a broker that is there, unless it has no room of the tutorial's own to give; else on one that is started and ended. */
async function foundOrOwn(name, tell) {
  tell(`looking for ${name} …`);
  const found = await running(name);
  const inFound = found && (await on[name](found).catch(() => undefined));
  if (inFound) return inFound;
  const own = await startPrivate(name, { tell });
  const place = await on[name](own);
  return { ...place, leave: () => own.remove() };
}

/** A room for the tutorial on a broker; fails where there is none that nobody else uses. */
export const on = {
  async rabbit(broker) {
    const virtualHost = await broker.virtualHost();
    const { host, port, username, password } = virtualHost.address;
    return {
      title: `${await broker.probe()} on port ${port}, virtual host ${virtualHost.name}`,
      args: [
        `${BINDER}.type=rabbit`,
        ...properties('rabbitmq', { host, port, username, password, 'virtual-host': virtualHost.name }),
      ],
      ctl: virtualHost.ctl,
      leave: () => virtualHost.remove(),
    };
  },

  /** Members of a group share a topic by its partitions, so the tutorial's topic is there with two of them. */
  async kafka(broker) {
    const topic = ['--topic', 'studyExchange'];
    await broker.ctl('topics', '--create', ...topic, '--partitions', '2');
    const { port, bootstrapServers } = broker.address;
    return {
      title: `${await broker.probe()} on port ${port}, where studyExchange has two partitions`,
      args: [`${BINDER}.type=kafka`, ...properties('kafka', { 'bootstrap-servers': bootstrapServers })],
      ctl: (...args) => broker.ctl(...args),
      leave: async () => void (await broker.ctl('topics', '--delete', ...topic)),
    };
  },

  /** The last of its databases. */
  async redis(broker) {
    const database = 15;
    const ctl = (...args) => broker.ctl('-n', String(database), ...args);
    if ((await ctl('dbsize')) !== '0\n') throw new Error(`database ${database} is not empty`);
    return {
      title: `${await broker.probe()} on port ${broker.address.port}, database ${database}`,
      args: [`${BINDER}.type=redis`, ...properties('data.redis', { ...broker.address, database })],
      ctl,
      leave: async () => void (await ctl('flushdb')),
    };
  },
};

const properties = (group, values) =>
  Object.entries(values).map(([name, value]) => `${BINDER}.environment.spring.${group}.${name}=${value}`);

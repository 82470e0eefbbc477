/** Where the demo is played: arguments that lead the three services to one broker of theirs, and how it is left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { running, startPrivate } from '../brokers/index.mjs';

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
    const key = '--spring.cloud.stream.binders.defaultRabbit.environment.spring.rabbitmq';
    return {
      title: `${await broker.probe()} on port ${address.port}, virtual host ${virtualHost.name}`,
      // the services' application.yml stays as it is
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
};

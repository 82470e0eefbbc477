/** RabbitMQ: as it is found at `spring.rabbitmq.*`, or a node of its own with a private epmd. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { handshake } from './amqp.mjs';
import { Broker } from './broker.mjs';
import { alive, refuses, start } from './process.mjs';

// the name is the same for each node: their epmds are not
const NODE = 'streambind@localhost';

export class Rabbit extends Broker {
  static title = 'RabbitMQ';
  static packages = ['rabbitmq-server'];
  static brew = 'rabbitmq';

  static extraPorts() {
    return ['dist', 'epmd'];
  }

  /** Spring's own defaults where the environment says nothing. */
  static configured(environment = process.env) {
    return {
      host: environment.SPRING_RABBITMQ_HOST ?? 'localhost',
      port: Number(environment.SPRING_RABBITMQ_PORT ?? 5672),
      username: environment.SPRING_RABBITMQ_USERNAME ?? 'guest',
      password: environment.SPRING_RABBITMQ_PASSWORD ?? 'guest',
      virtualHost: environment.SPRING_RABBITMQ_VIRTUAL_HOST ?? '/',
    };
  }

  static privateAddress(port) {
    return { host: '127.0.0.1', port, username: 'guest', password: 'guest', virtualHost: '/' };
  }

  static environment({ host, port, username, password, virtualHost }) {
    return {
      SPRING_RABBITMQ_HOST: host,
      SPRING_RABBITMQ_PORT: String(port),
      SPRING_RABBITMQ_USERNAME: username,
      SPRING_RABBITMQ_PASSWORD: password,
      ...(virtualHost === '/' ? {} : { SPRING_RABBITMQ_VIRTUAL_HOST: virtualHost }),
    };
  }

  static yml({ host, port, username, password, virtualHost }) {
    return [
      'spring:',
      '  rabbitmq:',
      `    host: ${host}`,
      `    port: ${port}`,
      `    username: ${JSON.stringify(username)}`,
      `    password: ${JSON.stringify(password)}`,
      ...(virtualHost === '/' ? [] : [`    virtual-host: ${JSON.stringify(virtualHost)}`]),
    ].join('\n');
  }

  static probe(address) {
    return handshake(address);
  }

  /** The folder of the node's own scripts: those in the path of Debian insist on the user rabbitmq. */
  static locate() {
    const debian = '/usr/lib/rabbitmq/lib';
    const folders = [
      ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'sbin')) : []),
      '/opt/homebrew/opt/rabbitmq/sbin',
      '/usr/local/opt/rabbitmq/sbin',
    ];
    return folders.find((folder) => existsSync(join(folder, 'rabbitmq-server')));
  }

  /** Starts what does not run yet, and tells each process as soon as it exists. */
  async *launch(processes) {
    const { directory, ports } = this;
    const environment = this.#environment();
    const files = { 'enabled-plugins': '[].', 'rabbitmq.conf': this.config.join('\n'), 'env.conf': '' };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), `${text}\n`);
    const output = join(directory, 'output');
    // started before the node, which would otherwise start one that nobody stops
    if (!alive(processes.epmd)) {
      const args = ['-port', String(ports.epmd), '-address', '127.0.0.1'];
      yield ['epmd', await start('epmd', args, { output, environment, directory })];
    }
    mkdirSync(join(directory, 'log'), { recursive: true });
    const program = join(Rabbit.locate(), 'rabbitmq-server');
    yield ['main', await start(program, [], { output, environment, directory })];
  }

  administration(...words) {
    const args = ['-q', ...words];
    if (this.origin === 'process') {
      return { program: join(Rabbit.locate(), 'rabbitmqctl'), args, environment: this.#environment() };
    }
    return { program: 'rabbitmqctl', args };
  }

  /** rabbitmqctl speaks to the node of this machine, whatever listens at the address. */
  async administered() {
    const epmd = Number(process.env.ERL_EPMD_PORT ?? 4369);
    if (await refuses('127.0.0.1', epmd)) throw new Error('there is no node on this machine for rabbitmqctl');
    const { listeners } = JSON.parse(await this.ctl('status', '--formatter', 'json'));
    const { host, port } = this.address;
    if (['localhost', '127.0.0.1', '::1'].includes(host) && listeners.some((one) => one.port === port)) return;
    throw new Error('rabbitmqctl administers another node');
  }

  /**
   * A fresh virtual host in which this address's user may do everything.
   * @param {string} [name] a new one when missing
   */
  async virtualHost(name = `streambind-${randomUUID().slice(0, 8)}`) {
    const permission = { user: this.address.username, vhost: name, configure: '.*', write: '.*', read: '.*' };
    await this.ctlWith(JSON.stringify({ vhosts: [{ name }], permissions: [permission] }), 'import_definitions');
    const address = { ...this.address, virtualHost: name };
    return {
      name,
      address,
      environment: Rabbit.environment(address),
      yml: Rabbit.yml(address),
      ctl: (command, ...args) => this.ctl(command, '-p', name, ...args),
      remove: async () => void (await this.ctl('delete_vhost', name)),
    };
  }

  #environment() {
    const { directory, ports } = this;
    return {
      HOME: directory,
      RABBITMQ_NODENAME: NODE,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(this.address.port),
      RABBITMQ_DIST_PORT: String(ports.dist),
      ERL_EPMD_PORT: String(ports.epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: join(directory, 'data'),
      RABBITMQ_LOG_BASE: join(directory, 'log'),
      RABBITMQ_PID_FILE: join(directory, 'pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled-plugins'),
      RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: join(directory, 'env.conf'),
      // makes the start script become the Erlang machine: the id we know is the broker's, and it obeys SIGTERM itself
      RUNNING_UNDER_SYSTEMD: 'true',
      NOTIFY_SOCKET: undefined,
    };
  }
}

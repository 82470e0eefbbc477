/** Kafka: as it is found at `spring.kafka.bootstrap-servers`, or a broker of its own that is its own controller (KRaft). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Broker } from './broker.mjs';
import { Distribution, java, listening } from './kafka/distribution.mjs';
import { metadata } from './kafka/metadata.mjs';
import { inPath, start } from './process.mjs';

/** Main classes of Kafka's tools by the names of its scripts. */
const TOOLS = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  configs: 'kafka.admin.ConfigCommand',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
  'verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
};
const LATEST_3 = { 'console-producer': 'kafka.tools.ConsoleProducer' };

export class Kafka extends Broker {
  static title = 'Kafka';
  static packages = ['default-jdk-headless', 'maven'];
  static brew = 'openjdk maven';
  static missing = 'Java and Maven, which gets its jars, are not installed';
  static container = false;
  static options = ['version', 'load', 'listeners'];

  static extraPorts({ listeners = {} }) {
    return ['controller', ...Object.keys(listeners)];
  }

  /** Spring's own default where the environment says nothing. Of several servers the first one is asked. */
  static configured(environment = process.env) {
    const bootstrapServers = environment.SPRING_KAFKA_BOOTSTRAP_SERVERS ?? 'localhost:9092';
    const [, host, port] = /^\[?([^,]*?)\]?(?::(\d+))?(?:,|$)/.exec(bootstrapServers.trim());
    return { host, port: Number(port ?? 9092), bootstrapServers };
  }

  static privateAddress(port) {
    return { host: '127.0.0.1', port, bootstrapServers: `127.0.0.1:${port}` };
  }

  static environment({ bootstrapServers }) {
    return { SPRING_KAFKA_BOOTSTRAP_SERVERS: bootstrapServers };
  }

  static yml({ bootstrapServers }) {
    return ['spring:', '  kafka:', `    bootstrap-servers: ${bootstrapServers}`].join('\n');
  }

  static locate() {
    return inPath('mvn') && java();
  }

  static async prepare({ version }, tell) {
    await new Distribution(version ?? '3.9').prepare(tell);
  }

  static async probe(address) {
    await metadata(address);
    return Kafka.title;
  }

  /** The protocol does not tell the version; that of the rig's own is known. */
  async probe() {
    const product = await super.probe();
    return this.origin === 'found' ? product : `${product} ${this.#distribution.release}`;
  }

  get #distribution() {
    return new Distribution(this.options.version ?? '3.9');
  }

  async *launch() {
    const { directory, address, ports, options, config } = this;
    const distribution = await this.#distribution.prepare();
    const others = Object.entries(options.listeners ?? {}).map(([name, given]) => {
      const { protocol, advertised = ports[name] } = typeof given === 'string' ? { protocol: given } : given;
      return { name, protocol, port: ports[name], advertised };
    });
    mkdirSync(directory, { recursive: true });
    distribution.furnish(directory, [
      ...listening({ port: address.port, controller: ports.controller, others }),
      ...config,
    ]);
    const args = [...distribution.command('kafka.Kafka', options), join(directory, 'server.properties')];
    yield ['main', await start(java(), args, { output: join(directory, 'output'), directory })];
  }

  /** The jars of the broker, its tools and clients, for `java -cp`. */
  async classpath() {
    return (await this.#distribution.prepare()).classpath;
  }

  /**
   * The command line of one of Kafka's tools, for who runs it by himself.
   * @param {string} tool as Kafka's script is named, without `kafka-` and `.sh`
   * @param {...string} args
   */
  async command(tool, ...args) {
    const distribution = await this.#distribution.prepare();
    const classes = distribution.version.startsWith('3') ? { ...TOOLS, ...LATEST_3 } : TOOLS;
    if (!Object.hasOwn(classes, tool)) {
      throw new Error(`there is no tool "${tool}" of Kafka in the rig; there are: ${Object.keys(TOOLS).join(', ')}`);
    }
    const { bootstrapServers } = this.address;
    const server =
      tool === 'producer-perf-test'
        ? ['--producer-props', `bootstrap.servers=${bootstrapServers}`]
        : ['--bootstrap-server', bootstrapServers];
    const elsewhere = args.includes('--bootstrap-server');
    const head = distribution.command(classes[tool], this.options);
    return { program: java(), args: [...head, ...(elsewhere ? [] : server), ...args] };
  }

  async administration(tool, ...args) {
    return this.command(tool, ...args);
  }

  async administered() {
    await this.ctl('topics', '--list');
  }
}

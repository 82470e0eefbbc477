/**
 * A Kafka as Maven's artifacts give it, made once for each user and version: the jars, a formatted data folder to copy, and
 * an archive of loaded classes, with which a broker starts in half the time.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Unavailable } from '../broker.mjs';
import { alive, end, freePort, inPath, start, until } from '../process.mjs';
import { cache, exclusively } from '../state.mjs';
import { metadata } from './metadata.mjs';

const run = promisify(execFile);
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

export const versions = ['3.9', '4.1'];

/** For functional tests: soon there and small. Without it the JVM is what Kafka's own scripts make of it. */
const SMALL = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xms64m', '-Xmx256m'];
const LARGE = ['-XX:+UseG1GC', '-Xms512m', '-Xmx1g'];

export const java = () => (process.env.JAVA_HOME ? inPath('java', join(process.env.JAVA_HOME, 'bin')) : inPath('java'));

export class Distribution {
  /** @param {string} version one of `versions` */
  constructor(version) {
    if (!versions.includes(version)) {
      throw new Error(`there is no Kafka ${version} in the rig; there are: ${versions.join(', ')}`);
    }
    const made = ['server.properties', `${version}.pom.xml`].map((file) => readFileSync(here(file)));
    const key = createHash('sha256').update(Buffer.concat(made)).digest('hex').slice(0, 10);
    this.version = version;
    this.#cache = join(cache(), 'kafka');
    this.#directory = join(this.#cache, `${version}-${key}`);
  }

  #cache;
  #directory;

  /**
   * Makes it when it is not there yet; processes that want it at once wait for the first.
   * @param {(line: string) => void} [tell] hears what takes long
   * @throws {Unavailable} when Maven cannot get the jars
   */
  async prepare(tell = () => {}) {
    const complete = () => existsSync(join(this.#directory, 'complete'));
    if (complete()) return this;
    mkdirSync(this.#cache, { recursive: true });
    await exclusively(this.version, async () => complete() || this.#make(tell), { directory: this.#cache });
    return this;
  }

  /** The full version that its jars have. */
  get release() {
    return this.#jars().flatMap((jar) => /^kafka-clients-(.+)\.jar$/.exec(jar)?.[1] ?? [])[0];
  }

  get classpath() {
    return this.#jars()
      .map((jar) => join(this.#directory, 'lib', jar))
      .join(':');
  }

  /** The arguments of `java` before those of the program: virtual machine, logging, class path, main class. */
  command(mainClass, { load = false } = {}) {
    // a refused archive (another Java since) is no word in what a tool prints
    const archive = [`-XX:SharedArchiveFile=${this.#archive}`, '-Xshare:auto', '-Xlog:disable'];
    return [...(load ? LARGE : SMALL), ...archive, ...this.#logging(), '-cp', this.classpath, mainClass];
  }

  /** Writes server.properties, and a formatted data folder where there is none. */
  furnish(directory, properties) {
    const data = join(directory, 'data');
    if (!existsSync(join(data, 'meta.properties')))
      cpSync(join(this.#directory, 'template'), data, { recursive: true });
    this.#configure(directory, properties);
  }

  get #archive() {
    return join(this.#directory, 'classes.jsa');
  }

  #jars() {
    return readdirSync(join(this.#directory, 'lib')).sort();
  }

  #logging() {
    const [option, file] = this.version.startsWith('3')
      ? ['log4j.configuration', 'log4j.properties']
      : ['log4j2.configurationFile', 'log4j2.xml'];
    return [`-D${option}=${new URL(file, import.meta.url)}`];
  }

  #configure(directory, properties) {
    const lines = [
      readFileSync(here('server.properties'), 'utf8'),
      `log.dirs=${join(directory, 'data')}`,
      ...properties,
    ];
    writeFileSync(join(directory, 'server.properties'), `${lines.join('\n')}\n`);
  }

  async #make(tell) {
    rmSync(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true });
    tell(`getting Kafka ${this.version} by Maven …`);
    await this.#download();
    tell(`preparing Kafka ${this.release} …`);
    const directory = mkdtempSync(join(tmpdir(), 'streambind-kafka-'));
    try {
      await this.#format(directory);
      await this.#archiveClasses(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    writeFileSync(join(this.#directory, 'complete'), '');
  }

  async #download() {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${this.#directory}/lib`];
    await run('mvn', ['-q', '-B', '-f', here(`${this.version}.pom.xml`), ...goal]).catch((error) => {
      const words = error.stdout?.split('\n').find((line) => line.startsWith('[ERROR]')) ?? error.message;
      throw new Unavailable(`Kafka ${this.version} is not to be had: Maven did not get its jars: ${words}`);
    });
  }

  /** Once, by Kafka's own tool: a hand-made folder would have none of the features a new cluster has. */
  async #format(directory) {
    const ports = await loneListeners();
    this.#configure(directory, ports.properties);
    const head = [...SMALL, ...this.#logging(), '-cp', this.classpath, 'kafka.tools.StorageTool'];
    const cluster = 'streambindBrokersRigQQ';
    await run(java(), [...head, 'format', '-t', cluster, '-c', join(directory, 'server.properties')]);
    cpSync(join(directory, 'data'), join(this.#directory, 'template'), { recursive: true });
  }

  /** Runs a broker for a moment; when it ends it writes the classes it loaded. */
  async #archiveClasses(directory) {
    const { port, properties } = await loneListeners();
    this.#configure(directory, properties);
    const head = [...SMALL, `-XX:ArchiveClassesAtExit=${this.#archive}`, '-Xlog:disable', ...this.#logging()];
    const output = join(directory, 'output');
    const args = [...head, '-cp', this.classpath, 'kafka.Kafka', join(directory, 'server.properties')];
    const broker = await start(java(), args, { output, directory });
    const answers = async () => {
      if (!alive(broker))
        throw new Error(`Kafka ${this.version} ended while it started:\n${readFileSync(output, 'utf8')}`);
      return metadata({ host: '127.0.0.1', port }).catch(() => undefined);
    };
    try {
      await until(answers, 120_000, `Kafka ${this.version} on port ${port}`);
    } finally {
      await end(broker, 60_000);
    }
  }
}

/**
 * The lines of server.properties that say where a broker listens.
 * @param {{ port: number, controller: number, others?: { name: string, port: number, advertised: number, protocol: string }[] }} ports
 */
export function listening({ port, controller, others = [] }) {
  const at = (name, where) => `${name}://127.0.0.1:${where}`;
  const listeners = [
    at('PLAINTEXT', port),
    at('CONTROLLER', controller),
    ...others.map((one) => at(one.name, one.port)),
  ];
  const advertised = [at('PLAINTEXT', port), ...others.map((one) => at(one.name, one.advertised))];
  const protocols = [
    'PLAINTEXT:PLAINTEXT',
    'CONTROLLER:PLAINTEXT',
    ...others.map((one) => `${one.name}:${one.protocol}`),
  ];
  return [
    `listeners=${listeners.join(',')}`,
    `advertised.listeners=${advertised.join(',')}`,
    `listener.security.protocol.map=${protocols.join(',')}`,
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
  ];
}

async function loneListeners() {
  const port = await freePort();
  return { port, properties: listening({ port, controller: await freePort() }) };
}

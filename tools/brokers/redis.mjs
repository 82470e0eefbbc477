/** Redis: as it is found at `spring.data.redis.*` (or the older `spring.redis.*`), or a server of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Broker } from './broker.mjs';
import { inPath, start } from './process.mjs';

export class Redis extends Broker {
  static title = 'Redis';
  static packages = ['redis-server'];
  static brew = 'redis';
  static options = ['password', 'tls', 'cluster', 'sentinel'];

  static extraPorts({ tls, cluster }) {
    return [...(tls ? ['tls'] : []), ...(cluster ? ['bus'] : [])];
  }

  /** Spring's own defaults where the environment says nothing. */
  static configured(environment = process.env) {
    const value = (name) => environment[`SPRING_DATA_REDIS_${name}`] ?? environment[`SPRING_REDIS_${name}`];
    return {
      host: value('HOST') ?? 'localhost',
      port: Number(value('PORT') ?? 6379),
      ...(value('USERNAME') === undefined ? {} : { username: value('USERNAME') }),
      ...(value('PASSWORD') === undefined ? {} : { password: value('PASSWORD') }),
    };
  }

  static privateAddress(port, { password }) {
    return { host: '127.0.0.1', port, ...(password === undefined ? {} : { password }) };
  }

  static environment({ host, port, username, password }) {
    return {
      SPRING_DATA_REDIS_HOST: host,
      SPRING_DATA_REDIS_PORT: String(port),
      ...(username === undefined ? {} : { SPRING_DATA_REDIS_USERNAME: username }),
      ...(password === undefined ? {} : { SPRING_DATA_REDIS_PASSWORD: password }),
    };
  }

  static yml({ host, port, username, password }) {
    return [
      'spring:',
      '  data:',
      '    redis:',
      `      host: ${host}`,
      `      port: ${port}`,
      ...(username === undefined ? [] : [`      username: ${JSON.stringify(username)}`]),
      ...(password === undefined ? [] : [`      password: ${JSON.stringify(password)}`]),
    ].join('\n');
  }

  static locate() {
    return inPath('redis-server');
  }

  /** PING, after AUTH where there is a password; a server that still loads its data is not ready. */
  static async probe({ host, port, username, password }, ms = 2000) {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`no Redis answer in ${ms} ms`)), ms);
    try {
      if (password !== undefined)
        socket.write(command('AUTH', ...(username === undefined ? [] : [username]), password));
      socket.write(command('PING') + command('INFO', 'server'));
      let answer = '';
      for await (const chunk of socket) {
        answer += chunk.toString('latin1');
        const refused = /^-(.*)\r\n/m.exec(answer);
        if (refused) throw new Error(refused[1]);
        const version = /^redis_version:(.*)\r\n/m.exec(answer);
        if (version && answer.includes('+PONG\r\n')) return `Redis ${version[1]}`;
        if (!/^[+$]/.test(answer)) throw new Error('what listens there does not speak RESP');
      }
      throw new Error('the connection was closed before it answered');
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  }

  async *launch() {
    const { directory, address, options, config } = this;
    mkdirSync(join(directory, 'data'), { recursive: true });
    const lines = [
      `port ${address.port}`,
      'bind 127.0.0.1',
      `dir "${directory}/data"`,
      ...(options.password === undefined ? [] : [`requirepass ${JSON.stringify(options.password)}`]),
      ...(options.sentinel ? watching(options.sentinel) : this.#storing()),
      ...config,
    ];
    writeFileSync(join(directory, 'redis.conf'), `${lines.join('\n')}\n`);
    const args = ['redis.conf', ...(options.sentinel ? ['--sentinel'] : [])];
    yield ['main', await start('redis-server', args, { output: join(directory, 'output'), directory })];
  }

  /**
   * Every write goes to the append-only file before it is answered, so that a kill loses nothing: `everysec` would put it off
   * while a slow disk takes the last second, and Redis stand still when that takes longer.
   */
  #storing() {
    const { tls, cluster } = this.options;
    return [
      'save ""',
      'appendonly yes',
      'appendfsync no',
      ...(tls ? [`tls-port ${this.ports.tls}`, `tls-cert-file ${tls.certificate}`, `tls-key-file ${tls.key}`] : []),
      ...(tls ? [`tls-ca-cert-file ${tls.authority}`] : []),
      ...(cluster ? ['cluster-enabled yes', `cluster-port ${this.ports.bus}`, 'cluster-node-timeout 3000'] : []),
    ];
  }

  administration(...words) {
    const { host, port, username, password } = this.address;
    const user = username === undefined ? [] : ['--user', username];
    const [at, of] = this.origin === 'compose' ? ['127.0.0.1', 6379] : [host, port];
    return {
      program: 'redis-cli',
      args: ['-e', '-h', at, '-p', String(of), ...user, ...words],
      environment: password === undefined ? {} : { REDISCLI_AUTH: password },
    };
  }
}

const watching = ({ name, port }) => [
  `sentinel monitor ${name} 127.0.0.1 ${port} 1`,
  `sentinel down-after-milliseconds ${name} 2000`,
  `sentinel failover-timeout ${name} 10000`,
];

const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

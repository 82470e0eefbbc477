/** `spring.data.redis.*`, and `spring.redis.*` of Spring Boot 2: the same keys, as Spring Boot's RedisProperties has them. */
import { schema, type Option, type Schema } from '@streambind/core/binder';

/** Nothing has a default here: two groups of keys are read, and what the second says wins. `targetOf` has them. */
export interface RedisConnectionOptions {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Milliseconds. */
  readonly connectTimeout?: number;
  readonly clientName?: string;
  readonly 'sentinel.master'?: string;
  readonly 'sentinel.nodes'?: readonly string[];
  readonly 'sentinel.username'?: string;
  readonly 'sentinel.password'?: string;
  readonly 'cluster.nodes'?: readonly string[];
  readonly 'cluster.maxRedirects'?: number;
  readonly 'ssl.enabled'?: boolean;
  readonly 'ssl.keyStore'?: string;
  readonly 'ssl.keyStorePassword'?: string;
  readonly 'ssl.trustStore'?: string;
  readonly 'ssl.verifyHostname'?: boolean;
}

const without = (reason: string, ...names: readonly string[]): Readonly<Record<never, Option>> =>
  Object.fromEntries(names.map((name) => [name, { type: 'map', unsupported: reason, doc: '' } satisfies Option]));

/** In the order in which they are read: the later one wins. */
export const PREFIXES = ['spring.redis', 'spring.data.redis'] as const;

const options = {
  url: {
    type: 'string',
    secret: true,
    doc: '`redis[s]://[user:password@]host[:port][/database]`; instead of host, port, username, password and ssl.enabled.',
  },
  host: { type: 'string', doc: 'Where Redis is. Default: localhost.' },
  port: { type: 'integer', min: 1, max: 65_535, doc: 'Default: 6379.' },
  username: { type: 'string', doc: "Who logs in. Default: Redis's own `default`." },
  password: { type: 'string', secret: true, doc: 'With what password.' },
  database: { type: 'integer', min: 0, max: 65_535, doc: 'The number of the database. Default: 0.' },
  timeout: {
    type: 'duration',
    min: 1,
    doc: 'How long Redis may be silent after a command before the connection is given up. Default: 5 s, where Spring has 60.',
  },
  connectTimeout: { type: 'duration', min: 1, doc: 'How long one try to connect takes at most. Default: 10 s.' },
  clientName: { type: 'string', doc: 'How connections are named in CLIENT LIST. Default: `streambind.<binder>`.' },
  'sentinel.master': { type: 'string', doc: 'The name of the server that the sentinels watch.' },
  'sentinel.nodes': { type: 'list', doc: 'The sentinels, each `host[:port]`; port 26379 where none is given.' },
  'sentinel.username': { type: 'string', doc: 'Who logs in at the sentinels.' },
  'sentinel.password': { type: 'string', secret: true, doc: 'With what password.' },
  'cluster.nodes': { type: 'list', doc: 'Some nodes of a cluster, each `host[:port]`.' },
  'cluster.maxRedirects': {
    type: 'integer',
    min: 1,
    max: 100,
    doc: 'How often a command follows a slot that has moved. Default: 5.',
  },
  'ssl.enabled': { type: 'boolean', doc: 'TLS. Default: where the url says `rediss:`.' },
  'ssl.keyStore': { type: 'string', doc: "The client's certificate and key: one file of PEM. Ours." },
  'ssl.keyStorePassword': { type: 'string', secret: true, doc: 'Opens its key. Ours.' },
  'ssl.trustStore': {
    type: 'string',
    doc: 'Certificates of authorities to trust: one file of PEM. Default: those of Node. Ours.',
  },
  'ssl.verifyHostname': {
    type: 'boolean',
    doc: "Whether the server's certificate must be made out to its name. Default: true. Ours.",
  },
} satisfies Schema<RedisConnectionOptions>['options'];

/** Read under each of `PREFIXES`. */
export const connectionSchema: Schema<RedisConnectionOptions> = schema<RedisConnectionOptions>({
  ...options,
  ...without('certificates are named by files of PEM: ssl.key-store, ssl.trust-store', 'ssl.bundle'),
  ...without('there is one client, ioredis', 'clientType'),
  ...without(
    'each reader has its own connection and everything else shares one, so there is no pool',
    'lettuce',
    'jedis',
  ),
  ...without('there are no repositories here', 'repositories'),
});

/** The names of the keys that a configuration can have twice. */
export const connectionNames: readonly string[] = Object.keys(options);

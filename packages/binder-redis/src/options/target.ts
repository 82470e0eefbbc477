/** Where Redis is, from `spring.data.redis.*` and `spring.redis.*`. Every mistake is told before the first connection. */
import { StreambindError, type BinderContext } from '@streambind/core/binder';
import type { Login, Node, Settings, Target } from '../client/target.js';
import { PREFIXES, connectionNames, type RedisConnectionOptions } from './connection.js';
import { tlsOptions } from './tls.js';

const PORT = 6379;
const SENTINEL_PORT = 26_379;

const OLD = PREFIXES[0];
const NEW = PREFIXES[1];

type Origin = BinderContext['origin'];

/**
 * @param origin where a key is written down, for errors
 * @throws CONFIG_VALUE for an address that is none, for keys that exclude each other, and for files of TLS that are of no use
 */
export function targetOf(options: RedisConnectionOptions, origin?: Origin): Target {
  const at = (name: string): string => written(name, origin);
  const url = options.url === undefined ? undefined : urlOf(options.url, at('url'));
  const nodes = kindOf(options, url, at);
  const username = url?.username ?? options.username;
  const password = url?.password ?? options.password;
  const database = url?.database ?? options.database ?? 0;
  if (nodes.kind === 'cluster' && database !== 0) {
    throw mistake('A cluster has only database 0.', at('database'), String(database), 'Take the database out.');
  }
  if (username !== undefined && password === undefined) {
    throw mistake('A user of Redis logs in with a password.', at('username'), username, 'Set the password as well.');
  }
  const tls = (url?.tls ?? options['ssl.enabled'] ?? false) ? tlsOptions(options, at) : undefined;
  return {
    ...nodes,
    ...loginOf(username, password),
    database,
    ...(tls ? { tls } : {}),
    connectTimeout: options.connectTimeout ?? 10_000,
    timeout: options.timeout ?? 5000,
    maxRedirects: options['cluster.maxRedirects'] ?? 5,
    settings: settingsOf(nodes.kind, url, at),
  };
}

/**
 * The keys that are written under both prefixes, of which the newer wins: one sentence for each.
 * @param origin where a key is written down
 */
export function doubled(origin: NonNullable<Origin>): string[] {
  return connectionNames.map(keyOf).flatMap((key) => {
    const [old, now] = [origin(`${OLD}.${key}`), origin(`${NEW}.${key}`)];
    if (old === undefined || now === undefined) return [];
    return [`${NEW}.${key} (${now}) is used, and ${OLD}.${key} (${old}) is not. Take one of them out.`];
  });
}

const keyOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A key with the place where it is written down. */
function written(name: string, origin: Origin): string {
  const key = keyOf(name);
  for (const prefix of [NEW, OLD]) {
    const place = origin?.(`${prefix}.${key}`);
    if (place !== undefined) return `${place} (${prefix}.${key})`;
  }
  return `${NEW}.${key}`;
}

interface Url extends Login, Node {
  readonly tls: boolean;
  readonly database?: number;
}

const URL_FORM = 'redis[s]://[user:password@]host[:port][/database]';

function urlOf(text: string, where: string): Url {
  const wrong = (): StreambindError =>
    new StreambindError('CONFIG_VALUE', 'The url of Redis cannot be read.', {
      where,
      given: text.replace(/\/\/.*@/, '//…@'),
      allowed: `${URL_FORM}; in user and password what is no letter or digit as %xx`,
    });
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw wrong();
  }
  const { protocol, hostname, port, pathname, search, hash } = url;
  const [, database] = /^\/?(\d{1,5})?$/.exec(pathname) ?? [undefined, null];
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '' || database === null || search || hash)
    throw wrong();
  const part = (encoded: string): string | undefined => {
    try {
      return encoded === '' ? undefined : decodeURIComponent(encoded);
    } catch {
      throw wrong();
    }
  };
  return {
    tls: protocol === 'rediss:',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? PORT : Number(port),
    ...loginOf(part(url.username), part(url.password)),
    ...(database === undefined ? {} : { database: Number(database) }),
  };
}

const loginOf = (username: string | undefined, password: string | undefined): Login => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
});

function kindOf(
  options: RedisConnectionOptions,
  url: Url | undefined,
  at: (name: string) => string,
): Pick<Target, 'kind' | 'nodes' | 'master' | 'sentinelLogin'> {
  const { host = 'localhost', port = PORT } = url ?? options;
  const sentinels = options['sentinel.nodes'] ?? [];
  const cluster = options['cluster.nodes'] ?? [];
  const master = options['sentinel.master'];
  const given = [
    ...(options.url === undefined ? [] : ['url']),
    ...(sentinels.length === 0 ? [] : ['sentinel.nodes']),
    ...(cluster.length === 0 ? [] : ['cluster.nodes']),
  ];
  if (given.length > 1) {
    const all = given.map(at);
    throw mistake('Redis is given in several ways.', all.join(', '), given.join(' and '), 'Keep one of them.');
  }
  if ((master === undefined) !== (sentinels.length === 0)) {
    const [missing, there] =
      master === undefined ? ['sentinel.master', 'sentinel.nodes'] : ['sentinel.nodes', 'sentinel.master'];
    throw mistake(
      'Sentinels need their addresses and the name of what they watch.',
      at(there),
      there,
      `Set ${missing}.`,
    );
  }
  if (cluster.length > 0)
    return { kind: 'cluster', nodes: cluster.map((each) => nodeOf(each, PORT, at('cluster.nodes'))) };
  if (master === undefined) return { kind: 'standalone', nodes: [{ host, port }] };
  return {
    kind: 'sentinel',
    nodes: sentinels.map((each) => nodeOf(each, SENTINEL_PORT, at('sentinel.nodes'))),
    master,
    sentinelLogin: loginOf(options['sentinel.username'], options['sentinel.password']),
  };
}

/** `host[:port]`, IPv6 in brackets. */
function nodeOf(text: string, defaultPort: number, where: string): Node {
  const [, host, port = String(defaultPort)] = /^(\[[^\]]+\]|[^:/@[\]]+)(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0) {
    throw new StreambindError('CONFIG_VALUE', 'The address of a node of Redis cannot be read.', {
      where,
      given: text.replace(/.*@/, '…@'),
      allowed: 'host[:port]',
    });
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function settingsOf(kind: Target['kind'], url: Url | undefined, at: (name: string) => string): Settings {
  const either = (inUrl: boolean, ...names: readonly string[]): string =>
    inUrl ? at('url') : names.map(at).join(' and ');
  const address = {
    standalone: ['host', 'port'],
    sentinel: ['sentinel.nodes', 'sentinel.master'],
    cluster: ['cluster.nodes'],
  };
  return {
    address: either(url !== undefined, ...address[kind]),
    login: either(url?.password !== undefined, 'username', 'password'),
    database: either(url?.database !== undefined, 'database'),
    tls: either(url?.tls === true, 'ssl.enabled'),
  };
}

const mistake = (what: string, where: string, given: string, fix: string): StreambindError =>
  new StreambindError('CONFIG_VALUE', what, { where, given, fix });
